/**
 * Time limits for many requests at the price of one timer: all of them last equally long, so they end in the order in
 * which they began, and only the oldest needs to be waited for. Runs on the monotonic clock.
 */

/** Something with a time limit; the links belong to the queue. */
export interface Timed {
  /** Called once, when the time is over and the limit was not lifted before. */
  timeIsOver(): void;
  endsAt: number;
  older: Timed | undefined;
  newer: Timed | undefined;
}

export class DeadlineQueue {
  readonly #millis: number;
  readonly #now: () => number;
  #oldest: Timed | undefined;
  #newest: Timed | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param now the monotonic clock, in milliseconds. */
  constructor(millis: number, now: () => number) {
    this.#millis = millis;
    this.#now = now;
  }

  /** Starts the limit of something that has none running. */
  add(timed: Timed): void {
    timed.endsAt = this.#now() + this.#millis;
    timed.older = this.#newest;
    timed.newer = undefined;
    if (this.#newest === undefined) this.#oldest = timed;
    else this.#newest.newer = timed;
    this.#newest = timed;
    if (this.#timer === undefined) this.#wait(this.#millis);
  }

  /** Lifts the limit; does nothing when none is running. The timer is left alone: it finds out by itself. */
  remove(timed: Timed): void {
    const { older, newer } = timed;
    if (older === undefined && newer === undefined && this.#oldest !== timed) return;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    timed.older = undefined;
    timed.newer = undefined;
  }

  #wait(millis: number): void {
    this.#timer = setTimeout(() => this.#look(), Math.max(1, Math.ceil(millis)));
    this.#timer.unref();
  }

  #look(): void {
    this.#timer = undefined;
    const now = this.#now();
    while (this.#oldest !== undefined && this.#oldest.endsAt <= now) {
      const over = this.#oldest;
      this.remove(over);
      over.timeIsOver();
    }
    if (this.#oldest !== undefined && this.#timer === undefined) this.#wait(this.#oldest.endsAt - now);
  }
}
