/**
 * What goes wrong with work that is done again and again, in the log: a trouble is told when it begins, with the code of what it
 * failed with, not every second that it lasts. Where the same work is done for several shares, one of them tells for all.
 */
import { errorCode } from '../error-code.ts';
import type { Log } from '../ports.ts';

/** Runs work; what it fails with is a trouble of that name. Never rejects. */
export type Reporting = (trouble: string, work: () => Promise<unknown>) => Promise<void>;

export class TroublesOfShares {
  readonly #log: Log;
  /** The shares that have a trouble. */
  readonly #lasting = new Map<string, Set<number>>();

  constructor(log: Log) {
    this.#log = log;
  }

  of(share: number): Reporting {
    return async (trouble, work) => {
      try {
        await work();
        this.#over(trouble, share);
      } catch (error) {
        const shares = this.#lasting.get(trouble) ?? new Set();
        if (shares.size === 0) this.#log.error(trouble, { code: errorCode(error) });
        this.#lasting.set(trouble, shares.add(share));
      }
    };
  }

  /** Nothing is done for this share any more. */
  end(share: number): void {
    for (const trouble of [...this.#lasting.keys()]) this.#over(trouble, share);
  }

  #over(trouble: string, share: number): void {
    const shares = this.#lasting.get(trouble);
    if (shares?.delete(share) && shares.size === 0) this.#lasting.delete(trouble);
  }
}

export function reportedOnce(log: Log): Reporting {
  return new TroublesOfShares(log).of(0);
}
