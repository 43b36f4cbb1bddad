/**
 * The operator's wishes that users be asked again, in memory for every login: read at the start, after each change at
 * once, and looked for in the store about every second, because another process may have added one.
 */
import type { AskAgain } from '../policy/ask-again.ts';
import { compileGlob } from '../policy/glob.ts';
import type { AskAgainStore, StoredAskAgain } from '../ports.ts';

export class AskedAgain {
  readonly #store: AskAgainStore;
  #current: readonly AskAgain[] = [];

  constructor(store: AskAgainStore) {
    this.#store = store;
  }

  /** What holds now; as many as the operator has made. */
  current(): readonly AskAgain[] {
    return this.#current;
  }

  /** Durable, and in force in this process, when resolved. */
  async add(wish: StoredAskAgain): Promise<void> {
    await this.#store.add(wish);
    await this.follow();
  }

  /** Reads what is stored; when that fails, what was known goes on to hold and the promise rejects. */
  async follow(): Promise<void> {
    const wishes = await this.#store.list();
    const known = new Map(this.#current.map((wish) => [nameOf({ ...wish, users: wish.users.source }), wish]));
    this.#current = wishes.map((wish) => known.get(nameOf(wish)) ?? { ...wish, users: compileGlob(wish.users) });
  }
}

const nameOf = ({ policy, vasp, users, at }: StoredAskAgain): string => JSON.stringify([policy, vasp, users, at]);
