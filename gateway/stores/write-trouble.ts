/**
 * Whether the store can be had, as far as it was tried: a write that failed says no, and as long as it does, whoever asks
 * tries one of its own. So a gateway that nobody sends anything to, because it cannot keep it, finds out when it can again.
 */
import { StoreWriteError } from '../errors.ts';
import type { Store } from '../ports.ts';
import type { RedisConnection } from './redis/connection.ts';

/** A note that nobody reads, and a user whom nobody is. */
const NAME = 'readiness';

type RemoteStore = Pick<RedisConnection, 'lastFailure'> & {
  readonly standing: Pick<RedisConnection['standing'], 'isAway' | 'look'>;
};

export class WriteTrouble {
  readonly #remote: RemoteStore | undefined;
  #isThere = false;

  /** @param remote a store on other machines: it is asked there, and answers in time */
  constructor(remote?: RemoteStore) {
    this.#remote = remote;
  }

  /** What an operation of the store failed with. */
  failed(error: unknown): void {
    if (error instanceof StoreWriteError) this.#isThere = true;
  }

  /** A sentence; undefined when nothing is known against it. Within a second. */
  async told({ acceptances, notes }: Pick<Store, 'acceptances' | 'notes'>): Promise<string | undefined> {
    if (this.#remote?.standing.isAway() || (await this.#remote?.standing.look()) === false) {
      const code = this.#remote?.lastFailure();
      return `the store does not answer${code === undefined ? '' : ` (${code})`}`;
    }
    try {
      await acceptances.of(NAME);
    } catch {
      return 'the store cannot be read';
    }
    if (!this.#isThere) return undefined;
    try {
      await notes.put(NAME, '');
      this.#isThere = false;
      return undefined;
    } catch {
      return 'the store cannot be written';
    }
  }
}
