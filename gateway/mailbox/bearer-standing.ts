/**
 * Whether bearers are there, as far as their answers tell: one that failed several times running is asked once in a while, so
 * that what waits for it waits without being tried. That it fails is said once in the log, and once that it works again.
 */
import type { BearerOutcome } from '../mailbox-ports.ts';
import type { Clock, Log } from '../ports.ts';

interface Standing {
  /** Tries that failed, since one that did not. */
  failures: number;
  failure: string;
  pauseMillis: number;
  /** Of the monotonic clock: nobody asks before, where it counts as down. */
  notBefore: number;
  /** Somebody is asking whether it is back. */
  isAsked: boolean;
}

const FAILURES_OF_ONE_THAT_IS_DOWN = 3;
const FIRST_PAUSE_MILLIS = 1_000;
const LONGEST_PAUSE_MILLIS = 30_000;

/** What is not sent, and why. */
export type NotSent = Exclude<BearerOutcome, { readonly kind: 'sent' }>;

export class BearerStandings {
  readonly #clock: Clock;
  readonly #log: Log;
  /** Of those that fail. */
  readonly #failing = new Map<string, Standing>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Undefined: it may be tried, and `tried` follows; else why not, without a try. */
  unavailable(bearer: string): NotSent | undefined {
    const standing = this.#failing.get(bearer);
    if (standing === undefined || standing.failures < FAILURES_OF_ONE_THAT_IS_DOWN) return undefined;
    if (standing.isAsked || this.#clock.monotonic() < standing.notBefore) {
      return { kind: 'try-again', failure: standing.failure };
    }
    standing.isAsked = true;
    return undefined;
  }

  tried(bearer: string, outcome: BearerOutcome): void {
    const standing = this.#failing.get(bearer);
    if (outcome.kind === 'try-again') this.#failed(bearer, standing, outcome.failure);
    else if (standing !== undefined) {
      this.#failing.delete(bearer);
      this.#log.info('a bearer works again', { bearer });
    }
  }

  /** Nothing was asked of it after all. */
  untried(bearer: string): void {
    const standing = this.#failing.get(bearer);
    if (standing !== undefined) standing.isAsked = false;
  }

  #failed(bearer: string, standing: Standing | undefined, failure: string): void {
    if (standing === undefined) {
      this.#log.warn('a bearer fails, notifications are tried again', { bearer, reason: failure });
    }
    const before = standing?.pauseMillis ?? FIRST_PAUSE_MILLIS;
    // It grows with what was asked of one that is down, not with all that were on their way when it went down.
    const pauseMillis = standing?.isAsked === true ? Math.min(2 * before, LONGEST_PAUSE_MILLIS) : before;
    this.#failing.set(bearer, {
      failures: (standing?.failures ?? 0) + 1,
      failure,
      pauseMillis,
      notBefore: this.#clock.monotonic() + pauseMillis,
      isAsked: false,
    });
  }
}
