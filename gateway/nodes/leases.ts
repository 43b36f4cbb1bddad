/**
 * Who holds a share, as Redis keeps it: the holder's token under a key that goes by itself some seconds after it was renewed
 * for the last time. Every step looks at the token first, so that it does the same when it is run once more, and nothing when
 * somebody else holds the share.
 */
import type { RedisLink } from '../stores/redis/connection.ts';
import type { KeySpace } from '../stores/redis/keys.ts';
import { script } from '../stores/redis/script.ts';

export const LEASE_MILLIS = 4_000;

const TAKE = script(`local holder = redis.call('GET', KEYS[1])
if not holder or holder == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return ARGV[1]
end
return holder`);
const RENEW = script(`if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`);
const RELEASE = script(`if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`);

export class Leases {
  readonly #link: RedisLink;
  readonly #keys: KeySpace;

  constructor(link: RedisLink, keys: KeySpace) {
    this.#link = link;
    this.#keys = keys;
  }

  /** The token of whoever holds the share now: the one given when it was free. @throws StoreWriteError */
  async take(share: number, token: string): Promise<string> {
    return String(await this.#link.run(TAKE, [this.#keys.lease(share)], [token, LEASE_MILLIS]));
  }

  /** False when the token holds it no longer. @throws StoreWriteError */
  async renew(share: number, token: string): Promise<boolean> {
    return (await this.#link.run(RENEW, [this.#keys.lease(share)], [token, LEASE_MILLIS])) === 1;
  }

  /** @throws StoreWriteError */
  async release(share: number, token: string): Promise<void> {
    await this.#link.run(RELEASE, [this.#keys.lease(share)], [token]);
  }

  /** The token; undefined when the share is free. @throws StoreWriteError */
  async holder(share: number): Promise<string | undefined> {
    const token = await this.#link.command('GET', this.#keys.lease(share));
    return token === null ? undefined : String(token);
  }
}

/** @param count rises with each taking of a node */
export function tokenOf(node: string, count: number): string {
  return `${node}:${count}`;
}

/** The node of a token. */
export function nodeOf(token: string): string {
  return token.slice(0, token.lastIndexOf(':'));
}
