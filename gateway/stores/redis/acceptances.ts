/**
 * What users have accepted, in Redis: for each user a hash in the user's share, with a field for each policy, so that two logins
 * of one user change each its own. It lives until it is forgotten: there is one for each user and policy.
 *
 * A login's records go to the chain first and its acceptances second, because a Cluster keeps them on two machines. When the
 * second fails, the login fails: the chain has the truth, the user is asked again, and the same login tried again does both.
 */
import type { Acceptance, AcceptanceStore, Accepted } from '../../ports.ts';
import { readAcceptances, writeAcceptances } from '../records.ts';
import type { RedisLink } from './connection.ts';
import type { KeySpace } from './keys.ts';
import type { LedgerAppends } from './ledger-append.ts';
import { bytesListOf, numberOf } from './replies.ts';
import { script } from './script.ts';

/** Replies how many there were. */
const FORGET = script(`
local known = redis.call('HLEN', KEYS[1])
redis.call('UNLINK', KEYS[1])
return known
`);

export class RedisAcceptances implements AcceptanceStore {
  readonly #link: RedisLink;
  readonly #keys: KeySpace;
  readonly #appends: LedgerAppends;

  constructor(link: RedisLink, keys: KeySpace, appends: LedgerAppends) {
    this.#link = link;
    this.#keys = keys;
    this.#appends = appends;
  }

  async of(userKey: string): Promise<readonly Acceptance[]> {
    const rows = bytesListOf(await this.#link.command('HVALS', this.#keyOf(userKey)));
    const all = rows.flatMap((bytes) => (bytes === undefined ? [] : readAcceptances(bytes)));
    // Redis has no order of its own.
    return all.sort((a, b) => a.acceptedAt - b.acceptedAt || (a.policy < b.policy ? -1 : 1));
  }

  async accept(userKey: string, { remember, records, texts }: Accepted): Promise<void> {
    if (records.length > 0) await this.#appends.append(records, texts);
    if (remember.length === 0) return;
    const fields = remember.flatMap((acceptance) => [acceptance.policy, writeAcceptances([acceptance])]);
    await this.#link.command('HSET', this.#keyOf(userKey), ...fields);
  }

  forget(userKey: string): Promise<number> {
    return this.forgetPolicies(userKey, undefined);
  }

  async forgetPolicies(userKey: string, policy: string | undefined): Promise<number> {
    const key = this.#keyOf(userKey);
    if (policy !== undefined) return numberOf(await this.#link.command('HDEL', key, policy));
    return numberOf(await this.#link.run(FORGET, [key], []));
  }

  #keyOf(userKey: string): string {
    return this.#keys.of(userKey, 'acceptances', userKey);
  }
}
