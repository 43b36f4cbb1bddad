/**
 * How many users a sending may go on to now: a token bucket on the monotonic clock. It fills from the moment it is made and
 * holds little, so that what a stall kept back is not made up for by a burst.
 */

/** What it holds at most, as the time in which that fills: two slices of the sender's. */
const HOLDS_MILLIS = 100;

export class Rate {
  readonly #perMilli: number;
  readonly #most: number;
  #tokens = 0;
  #at: number;

  /** @param now monotonic milliseconds */
  constructor(perSecond: number, now: number) {
    this.#perMilli = perSecond / 1_000;
    this.#most = Math.max(1, this.#perMilli * HOLDS_MILLIS);
    this.#at = now;
  }

  /** Whole tokens that are there; they stay until they are spent. */
  available(now: number): number {
    this.#tokens = Math.min(this.#most, this.#tokens + Math.max(0, now - this.#at) * this.#perMilli);
    this.#at = now;
    // Sums of fractions may miss the whole number by their last digit.
    return Math.floor(this.#tokens + 1e-9);
  }

  spend(count: number): void {
    this.#tokens -= count;
  }
}
