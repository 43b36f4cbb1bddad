/**
 * The audit chain of all nodes in Redis, its texts, and the acceptances that go with it. Users' logins append over the
 * connection for requests; whatever goes through the chain has the one for background work. Who appends at the same moment
 * follows one after the other, each the head of the one before: see `ledger-append.ts`.
 */
import { randomUUID } from 'node:crypto';
import type { AuditEntry, AuditHead, AuditReport, AuditStore, TextStore } from '../../audit-ports.ts';
import type { AcceptanceStore } from '../../ports.ts';
import { readHead } from '../audit-records.ts';
import { checkLedger } from '../ledger-check.ts';
import type { Seal, SealedHead } from '../ledger-tables.ts';
import { plainHead } from '../rules.ts';
import { RedisAcceptances } from './acceptances.ts';
import type { RedisConnection, RedisLink } from './connection.ts';
import type { KeySpace } from './keys.ts';
import { LedgerAppends, readEnds } from './ledger-append.ts';
import { LedgerErasing } from './ledger-erase.ts';
import { ledgerKey, numbersFrom, readEntries, readText, readUsersRow, usersRange } from './ledger-rows.ts';
import { RedisLedgerView } from './ledger-view.ts';
import { bytesListOf, bytesOf } from './replies.ts';

/** Entries that are read at once. */
const MOST_ENTRIES = 1000;
/** Tries to verify the chain when something is erased or dropped meanwhile; the last leaves out what it cannot be sure of. */
const VERIFY_TRIES = 3;

export interface RedisLedger {
  readonly audit: AuditStore;
  readonly texts: TextStore;
  readonly acceptances: AcceptanceStore;
}

/** @param seal of the chain's head: the same in all nodes */
export function openRedisLedger(by: {
  readonly connection: Pick<RedisConnection, 'requests' | 'background'>;
  readonly keys: KeySpace;
  readonly seal: Seal;
}): RedisLedger {
  const { keys, seal } = by;
  const { requests, background } = by.connection;
  const caller = randomUUID();
  const appends = new LedgerAppends(requests, keys, seal, caller);
  return {
    audit: new RedisAudit(background, keys, seal, new LedgerErasing(background, keys, seal, `${caller} erasing`)),
    texts: {
      async get(hash) {
        const text = readText(bytesOf(await requests.command('HGET', ledgerKey(keys, 'texts'), hash)));
        return text === 'damaged' ? undefined : text;
      },
    },
    acceptances: new RedisAcceptances(requests, keys, appends),
  };
}

class RedisAudit implements AuditStore {
  readonly #link: RedisLink;
  readonly #keys: KeySpace;
  readonly #seal: Seal;
  readonly #erasing: LedgerErasing;

  constructor(link: RedisLink, keys: KeySpace, seal: Seal, erasing: LedgerErasing) {
    this.#link = link;
    this.#keys = keys;
    this.#seal = seal;
    this.#erasing = erasing;
  }

  async read(from: number, limit: number): Promise<readonly AuditEntry[]> {
    const { first, last } = await this.#range();
    const found: AuditEntry[] = [];
    let next = Math.max(from, first);
    do {
      const numbers = numbersFrom(next, Math.min(MOST_ENTRIES, limit - found.length));
      found.push(...(await this.#entries(numbers)));
      next += numbers.length;
    } while (found.length < limit && next <= last);
    return found;
  }

  async head(): Promise<AuditHead | undefined> {
    return plainHead(await this.#head());
  }

  async verify(progress: (checked: number, of: number) => void = () => {}): Promise<AuditReport> {
    for (let tries = 1; ; tries++) {
      const view = new RedisLedgerView(this.#link, this.#keys, this.#seal);
      const report = await checkLedger(view, this.#seal, progress);
      if (tries === VERIFY_TRIES || (await view.isSteady())) return report;
    }
  }

  async recordsOf(userKey: string): Promise<readonly AuditEntry[]> {
    const sequences = await this.#sequencesOf(userKey);
    const found: AuditEntry[] = [];
    for (let at = 0; at < sequences.length; at += MOST_ENTRIES) {
      found.push(...(await this.#entries(sequences.slice(at, at + MOST_ENTRIES))));
    }
    return found;
  }

  async erase(userKey: string): Promise<number> {
    return this.#erasing.erase(userKey, await this.#sequencesOf(userKey));
  }

  async dropBefore(decidedAt: number): Promise<number> {
    let dropped = 0;
    for (;;) {
      const slice = await this.#erasing.drop(decidedAt);
      if (slice === 0) return dropped;
      dropped += slice;
    }
  }

  async #head(): Promise<SealedHead | 'damaged' | undefined> {
    const bytes = bytesOf(await this.#link.command('GET', ledgerKey(this.#keys, 'head')));
    return bytes === undefined ? undefined : readHead(bytes);
  }

  /** Which numbers there are. */
  async #range(): Promise<{ readonly first: number; readonly last: number }> {
    const head = await this.#head();
    if (head !== undefined && head !== 'damaged') return { first: head.first, last: head.next - 1 };
    const { first, last } = await readEnds(this.#link, ledgerKey(this.#keys, 'entries'), []);
    return { first: first?.sequence ?? 1, last: last?.sequence ?? 0 };
  }

  async #entries(sequences: readonly number[]): Promise<readonly AuditEntry[]> {
    if (sequences.length === 0) return [];
    const key = ledgerKey(this.#keys, 'entries');
    return readEntries(sequences, bytesListOf(await this.#link.command('HMGET', key, ...sequences)));
  }

  async #sequencesOf(userKey: string): Promise<readonly number[]> {
    const key = ledgerKey(this.#keys, 'users');
    const rows = bytesListOf(await this.#link.command('ZRANGEBYLEX', key, ...usersRange(userKey)));
    return rows.flatMap((bytes) => {
      const row = bytes === undefined ? undefined : readUsersRow(bytes);
      return row === undefined ? [] : [row.sequence];
    });
  }
}
