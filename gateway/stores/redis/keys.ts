/**
 * The names of keys in Redis. What has to be changed together stands in one share, and its tag in braces makes a Redis Cluster
 * keep it on one machine: no script ever touches two shares. Whatever belongs to no share is in a place of its own.
 */
import { shareOf } from '../../shares.ts';

/** Keys that belong to no share: the audit chain, and small things that all nodes know. */
export type Place = 'ledger' | 'common';

export class KeySpace {
  readonly #prefix: string;

  /** @param prefix what all keys of one gateway begin with: several can use one Redis */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** A key of a share, by number. */
  inShare(share: number, ...parts: readonly string[]): string {
    return `${this.#prefix}:{${this.#prefix}-${share}}:${parts.join(':')}`;
  }

  /** A key in the share that `owner`, a keyed hash, belongs to. */
  of(owner: string, ...parts: readonly string[]): string {
    return this.inShare(shareOf(owner), ...parts);
  }

  /** A glob of the keys that stand in any share; other places have keys of these names too where parts are the same. */
  anyShare(...parts: readonly string[]): string {
    return `${this.#prefix}:{${this.#prefix}-*}:${parts.join(':')}`;
  }

  /** A key that belongs to no share. */
  at(place: Place, ...parts: readonly string[]): string {
    return `${this.#prefix}:{${this.#prefix}-${place}}:${parts.join(':')}`;
  }

  /** Who holds a share: the node's token, for as long as it says so. */
  lease(share: number): string {
    return this.inShare(share, 'lease');
  }

  /** What nodes tell one node, or all. Nothing is kept under it. */
  channel(name: string): string {
    return `${this.#prefix}:nodes:${name}`;
  }
}
