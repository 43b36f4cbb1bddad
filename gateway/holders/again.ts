/**
 * What a client has acknowledged and nobody could be told of, because a share was moving or the store was away: said again
 * until it is heard. Nobody waits for that, and everything said so may be said twice.
 */
import { isStoreLoss } from '../errors.ts';

/** What is said again at the same time; more is left to the client, who acknowledges again what comes again. */
const MOST = 10_000;
const FIRST_PAUSE_MILLIS = 100;
const LONGEST_PAUSE_MILLIS = 2_000;
/** A node that ends waits so often for what it still has to say. */
const LAST_TRIES = 5;
const TRIES = 60;

export class Again {
  readonly #pause: (millis: number) => Promise<unknown>;
  readonly #underWay = new Set<Promise<void>>();
  #isClosed = false;

  constructor(pause: (millis: number) => Promise<unknown>) {
    this.#pause = pause;
  }

  /** Says it; where that fails for want of the store or a holder, again later. Rejects with what the first time failed with. */
  async until<T>(say: () => Promise<T>): Promise<T> {
    try {
      return await say();
    } catch (error) {
      if (isStoreLoss(error) && this.#underWay.size < MOST) this.#begin(say);
      throw error;
    }
  }

  /** Resolves when everything was heard, or was tried some times more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#underWay);
  }

  #begin(say: () => Promise<unknown>): void {
    const underWay = this.#again(say).finally(() => this.#underWay.delete(underWay));
    this.#underWay.add(underWay);
  }

  async #again(say: () => Promise<unknown>): Promise<void> {
    let left = TRIES;
    for (let pause = FIRST_PAUSE_MILLIS; left > 0; pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS)) {
      if (this.#isClosed) left = Math.min(left, LAST_TRIES);
      await this.#pause(this.#isClosed ? FIRST_PAUSE_MILLIS : pause);
      left -= 1;
      try {
        await say();
        return;
      } catch {
        // Until it is heard.
      }
    }
  }
}
