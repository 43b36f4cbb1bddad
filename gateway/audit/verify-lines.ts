/**
 * Verifies an export in JSON lines, by itself and in constant memory: each entry's hash, and that each follows the one
 * before. What an export alone cannot prove is said: what came before its first entry and after its last.
 */
import type { AuditProblem } from '../audit-ports.ts';
import { GENESIS } from './chain.ts';
import { readLine } from './line.ts';
import type { NotedHead } from './noted-head.ts';
import { ChainCheck } from './verify.ts';

export interface LinesReport {
  readonly entries: number;
  readonly erased: number;
  readonly first: number | undefined;
  readonly last: NotedHead | undefined;
  /** Whether numbers are missing between the first and the last entry. */
  readonly hasGaps: boolean;
  /** The hash at the sequence number that was asked for. */
  readonly hashAtWatched: string | undefined;
}

/** Takes one line after the other. */
export class LinesCheck {
  readonly #found: (problem: AuditProblem) => void;
  readonly #watched: number | undefined;
  #chain: ChainCheck | undefined;
  #lines = 0;
  #entries = 0;
  #erased = 0;
  #first: number | undefined;
  #last: NotedHead | undefined;
  #hasGaps = false;
  #hashAtWatched: string | undefined;

  /** @param watched a sequence number whose hash the report is to tell. */
  constructor(found: (problem: AuditProblem) => void, watched?: number) {
    this.#watched = watched;
    this.#found = (problem) => {
      if (problem.code === 'missing') this.#hasGaps = true;
      found(problem);
    };
  }

  /** An empty line is nothing. */
  check(line: string): void {
    this.#lines++;
    if (line.trim() === '') return;
    const read = readLine(line);
    if (read.kind === 'wrong') {
      this.#found({ sequence: undefined, code: 'damaged', message: `line ${this.#lines} ${read.message}` });
      return;
    }
    const { entry } = read;
    const { sequence, hash } = entry;
    this.#entries++;
    if (entry.kind === 'erased') this.#erased++;
    this.#first ??= sequence;
    this.#chain ??= new ChainCheck(sequence, sequence === 1 ? GENESIS : undefined, this.#found);
    this.#chain.check(entry);
    if (sequence === this.#watched) this.#hashAtWatched = hash;
    if (this.#last === undefined || sequence > this.#last.sequence) this.#last = { sequence, hash };
    // What stands before the first entry has a hash too.
    if (sequence - 1 === this.#watched) this.#hashAtWatched ??= entry.previous;
  }

  /** After the last line. */
  end(): LinesReport {
    this.#chain?.end(undefined);
    return {
      entries: this.#entries,
      erased: this.#erased,
      first: this.#first,
      last: this.#last,
      hasGaps: this.#hasGaps,
      hashAtWatched: this.#hashAtWatched,
    };
  }
}
