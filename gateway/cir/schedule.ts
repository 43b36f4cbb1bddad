/** Timers, as the parts of CIR take them: what repeats, pauses and gives up does so by these, and tests turn them by hand. */

export interface Timer {
  cancel(): void;
}

export interface Schedule {
  /** Runs once, after so many milliseconds; never at once. */
  after(millis: number, run: () => void): Timer;
}

/** Longer waits are cut: the machine's timers take no more. */
const LONGEST_MILLIS = 2 ** 31 - 1;

/** The machine's timers. None of them keeps the process alive. */
export const SYSTEM_SCHEDULE: Schedule = {
  after(millis, run) {
    const timer = setTimeout(run, Math.min(millis, LONGEST_MILLIS));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
