/** How far a migration is: rows of all, how many a second, and how long it will take still. */
import type { CopyTable } from '../copy-ports.ts';

export interface Progress {
  readonly step: 'copying' | 'comparing' | 'verifying';
  /** Undefined while the audit chain is verified. */
  readonly table: CopyTable | undefined;
  readonly done: number;
  readonly of: number;
  /** Of this run; undefined until there is something to tell by. */
  readonly rowsPerSecond: number | undefined;
  readonly secondsLeft: number | undefined;
}

/** A rate by the first moments would be none. */
const LEAST_MILLIS = 500;

/** One step of a migration: counts its rows. */
export class Meter {
  readonly #step: Progress['step'];
  readonly #of: number;
  readonly #begunWith: number;
  readonly #begunAt: number;
  readonly #now: () => number;
  #done: number;

  /** @param done what was done in earlier runs @param now rising milliseconds */
  constructor(step: Progress['step'], of: number, done: number, now: () => number) {
    this.#step = step;
    this.#of = of;
    this.#begunWith = done;
    this.#done = done;
    this.#now = now;
    this.#begunAt = now();
  }

  add(rows: number): void {
    this.#done += rows;
  }

  at(table: CopyTable | undefined): Progress {
    const millis = this.#now() - this.#begunAt;
    const rows = this.#done - this.#begunWith;
    const rate = millis < LEAST_MILLIS || rows === 0 ? undefined : (1000 * rows) / millis;
    // What has come since the beginning makes it more than all.
    const of = Math.max(this.#of, this.#done);
    return {
      step: this.#step,
      table,
      done: this.#done,
      of,
      rowsPerSecond: rate,
      secondsLeft: rate === undefined ? undefined : (of - this.#done) / rate,
    };
  }
}
