/**
 * A store over the network may be away for a moment, or change its leader, while millions of rows are copied: what can be
 * done twice is tried again, for long enough that nobody has to start the command anew.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { StoreWriteError } from '../errors.ts';

const FIRST_PAUSE_MILLIS = 100;
const LONGEST_PAUSE_MILLIS = 2_000;
const PATIENCE_MILLIS = 60_000;
/** What does not pass by waiting: no room, no right. */
const LASTING: readonly string[] = [
  'ENOSPC',
  'EFBIG',
  'EROFS',
  'EACCES',
  'EPERM',
  'OOM',
  'NOAUTH',
  'WRONGPASS',
  'NOPERM',
];

export interface Pauses {
  /** Rising milliseconds. */
  now(): number;
  pause(millis: number): Promise<void>;
}

export const realPauses: Pauses = { now: () => performance.now(), pause: (millis) => delay(millis) };

/**
 * Does `work`, again and again while the store does not answer.
 *
 * @param onTrouble hears of every time that it failed
 * @throws what it failed with, when that lasts
 */
export async function patiently<T>(
  work: () => Promise<T>,
  onTrouble: (code: string) => void = () => {},
  { now, pause }: Pauses = realPauses,
): Promise<T> {
  const until = now() + PATIENCE_MILLIS;
  for (let millis = FIRST_PAUSE_MILLIS; ; millis = Math.min(2 * millis, LONGEST_PAUSE_MILLIS)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreWriteError) || LASTING.includes(error.code) || now() > until) throw error;
      onTrouble(error.code);
      await pause(millis);
    }
  }
}
