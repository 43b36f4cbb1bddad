/** What telling users who are away stands on, and how long is waited before another try. */
import type { Bearer, MailboxStore } from '../mailbox-ports.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import type { Clock, Log, Secrets } from '../ports.ts';

export interface NotifyingParts {
  readonly store: Pick<MailboxStore, 'counts' | 'notifications'>;
  /** How many go to one bearer at the same time; 8 when absent. */
  readonly atOnce?: number | undefined;
  /** By the names that policies use. */
  readonly bearers: ReadonlyMap<string, Bearer>;
  readonly policies: PolicySets;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: NotifyingMetrics;
  /** Of a user of a VASP, in digits with a plus; undefined where nobody knows. */
  readonly numberOf: (vasp: string, userId: string) => string | undefined;
  /** Of a VASP's users. */
  readonly languageOf: (vasp: string) => string | undefined;
}

/**
 * `failed`: a try that failed, and that another one follows, or that was the last. `refused`: of no use to try again.
 * `dropped`: there was nothing to tell any more.
 */
export type NotificationResult = 'sent' | 'failed' | 'refused' | 'dropped';

export interface NotifyingMetrics {
  notification(bearer: string, result: NotificationResult): void;
}

const PAUSES_MILLIS = [5_000, 30_000, 2 * 60_000, 10 * 60_000] as const;
const LAST_PAUSE_MILLIS = 3_600_000;
const GIVEN_UP_AFTER_MILLIS = 86_400_000;

/** Before the next try, after so many. */
export function pauseAfter(tries: number): number {
  return PAUSES_MILLIS[tries - 1] ?? LAST_PAUSE_MILLIS;
}

/** Whether the next try would be more than a day after the first. */
export function isGivenUpAfter(tries: number): boolean {
  const pauses = PAUSES_MILLIS.slice(0, tries).reduce((sum, pause) => sum + pause, 0);
  return pauses + Math.max(0, tries - PAUSES_MILLIS.length) * LAST_PAUSE_MILLIS > GIVEN_UP_AFTER_MILLIS;
}
