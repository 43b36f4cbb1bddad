/**
 * How many entries a share may have of what all nodes keep for a while: each stands in an index of the share by the time at
 * which it ends, and above the quota those that would end first give way. A node makes room in a share once at a time; two at
 * the same time find the same entries, of which each goes once.
 */
import type { RedisLink } from './connection.ts';
import { textsOf } from './replies.ts';
import { script } from './script.ts';

/** Key: the index. Arguments: the quota, how many names are wanted at most. Gives the first names of what is too much. */
const SURPLUS = script(`
local surplus = redis.call('ZCARD', KEYS[1]) - ARGV[1]
if surplus <= 0 then return {} end
return redis.call('ZRANGE', KEYS[1], 0, math.min(surplus, ARGV[2]) - 1)`);

/** Entries that are ended together. */
const AT_ONCE = 50;

export interface ShareQuotaParts {
  readonly link: RedisLink;
  /** Entries of one share. */
  readonly most: number;
  readonly index: (share: number) => string;
  /** Ends entries, which takes them out of the index. May reject: the next entry that is too much begins anew. */
  readonly end: (share: number, names: readonly string[]) => Promise<void>;
}

export class ShareQuota {
  readonly #parts: ShareQuotaParts;
  /** Shares that had too much when they were counted last. */
  readonly #full = new Set<number>();
  /** Shares in which this node makes room. */
  readonly #making = new Set<number>();

  constructor(parts: ShareQuotaParts) {
    this.#parts = parts;
  }

  /** Entries of the share are now so many. Nobody waits for what gives way. */
  counted(share: number, entries: number): void {
    if (entries <= this.#parts.most) return;
    this.#full.add(share);
    if (this.#making.has(share)) return;
    this.#making.add(share);
    void this.#makeRoom(share)
      .catch(() => undefined)
      .finally(() => this.#making.delete(share));
  }

  async #makeRoom(share: number): Promise<void> {
    const { link, most, index, end } = this.#parts;
    while (this.#full.delete(share)) {
      const names = textsOf(await link.run(SURPLUS, [index(share)], [most, AT_ONCE]));
      if (names.length === 0) continue;
      await end(share, names);
      this.#full.add(share);
    }
  }
}
