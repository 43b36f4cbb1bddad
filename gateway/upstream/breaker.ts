/**
 * Whether a VASP is spoken to at all. A breaker opens when a VASP fails again and again, stays open for a pause, lets one
 * request try, and closes when that one is answered; a pause after a failed trial is twice as long. It is our own and not
 * cockatiel's, whose policy makes three promises for each message, lets requests wait for the trial's end instead of
 * failing at once, and runs on the wall clock. A success costs two numbers; only failures ask for the time.
 */

export interface BreakerSettings {
  /** Failures without a success between them that open it. */
  readonly inARow: number;
  /** It opens too when this part of all requests failed or brought nonsense, from 0 to 1, … */
  readonly share: number;
  /** … of so many at least … */
  readonly least: number;
  /** … within this time from the first of the failures. */
  readonly windowMillis: number;
  /** From opening to the first trial. */
  readonly pauseMillis: number;
  /** No pause is longer. */
  readonly longestPauseMillis: number;
}

export const DEFAULT_BREAKER: BreakerSettings = {
  inARow: 5,
  share: 0.5,
  least: 20,
  windowMillis: 10_000,
  pauseMillis: 5_000,
  longestPauseMillis: 30_000,
};

/** `half-open`: one request tries. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Times are monotonic milliseconds. */
export class Breaker {
  readonly #settings: BreakerSettings;
  #state: BreakerState = 'closed';
  #failuresInARow = 0;
  #windowSince = Number.NEGATIVE_INFINITY;
  #successes = 0;
  #failures = 0;
  #pauseMillis: number;
  #tryAt = 0;
  #isHeld = false;

  constructor(settings: BreakerSettings = DEFAULT_BREAKER) {
    this.#settings = settings;
    this.#pauseMillis = settings.pauseMillis;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** A request was answered. */
  success(): void {
    this.#failuresInARow = 0;
    this.#successes++;
  }

  /** A request got no answer. What was sent before it opened no longer counts. True when it opens now. */
  failure(now: number): boolean {
    if (this.#state !== 'closed') return false;
    this.#failuresInARow++;
    return this.#bad(now, this.#failuresInARow >= this.#settings.inARow);
  }

  /**
   * An answer came that is of no use. Whoever finds a message that a VASP stumbles over must not close it to all others:
   * this counts only where it is much of all. True when it opens now.
   * @param wasSuccess whether it was counted as a success before.
   */
  nonsense(now: number, wasSuccess: boolean): boolean {
    if (this.#state !== 'closed') return false;
    if (wasSuccess) this.#successes = Math.max(0, this.#successes - 1);
    return this.#bad(now, false);
  }

  /** Whether one request may try now. To be asked while it is open. */
  mayTry(now: number): boolean {
    return this.#state === 'open' && !this.#isHeld && now >= this.#tryAt;
  }

  beginTrial(): void {
    this.#state = 'half-open';
  }

  endTrial(hasWorked: boolean, now: number): void {
    if (this.#state !== 'half-open') return;
    if (hasWorked) {
      this.reset();
      return;
    }
    this.#pauseMillis = Math.min(this.#pauseMillis * 2, this.#settings.longestPauseMillis);
    this.#state = 'open';
    this.#tryAt = now + this.#pauseMillis;
  }

  /** A probe found the VASP gone, or back: no request tries one that is gone, and one that is back is tried at once. */
  probed(isReachable: boolean, now: number): void {
    if (isReachable && this.#isHeld) this.#tryAt = now;
    this.#isHeld = !isReachable;
  }

  /** Closed, with nothing counted; what a probe found stays. */
  reset(): void {
    this.#state = 'closed';
    this.#pauseMillis = this.#settings.pauseMillis;
    this.#failuresInARow = 0;
    this.#windowSince = Number.NEGATIVE_INFINITY;
  }

  #bad(now: number, opens: boolean): boolean {
    const { windowMillis, least, share } = this.#settings;
    if (now - this.#windowSince > windowMillis) {
      this.#windowSince = now;
      this.#successes = 0;
      this.#failures = 0;
    }
    this.#failures++;
    const all = this.#failures + this.#successes;
    if (!opens && (all < least || this.#failures < share * all)) return false;
    this.#state = 'open';
    this.#tryAt = now + this.#pauseMillis;
    return true;
  }
}
