/**
 * For which users the desk or the mailbox may have something, in the memory of one process: asked with every message of a
 * session, so it answers without asking anybody. Of whom nothing is known there may be something; the first question settles
 * it. Bounded: whoever is forgotten is asked about once more, and no list of all users is needed.
 */
import { LRUCache } from 'lru-cache';

interface Known {
  readonly waits: boolean;
  /** When it was last told how it stands, counted. */
  readonly told: number;
}

export class KnownUsers {
  readonly #users: LRUCache<string, Known>;
  #told = 0;

  /** @param users about 200 bytes each */
  constructor(users: number) {
    this.#users = new LRUCache({ max: users });
  }

  concerns(userKey: string): boolean {
    return this.#users.get(userKey)?.waits ?? true;
  }

  /** Something waits from now on, or nothing does any more. */
  tell(userKey: string, waits: boolean): void {
    this.#told += 1;
    this.#users.set(userKey, { waits, told: this.#told });
  }

  /** Asks how it stands, and remembers when nothing waits; what is told meanwhile is newer than the answer. */
  async learn<T extends { readonly isEmpty: boolean }>(userKey: string, answer: Promise<T>): Promise<T> {
    const told = this.#users.get(userKey)?.told ?? 0;
    const standing = await answer;
    if ((this.#users.get(userKey)?.told ?? 0) === told) this.#users.set(userKey, { waits: !standing.isEmpty, told });
    return standing;
  }

  /** What was told may have been missed: everybody is asked about anew. */
  forgetAll(): void {
    this.#told += 1;
    this.#users.clear();
  }
}
