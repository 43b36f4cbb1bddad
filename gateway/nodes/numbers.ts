/**
 * The numbers of frames, by which a receiver knows that one was lost or comes a second time. They are remembered beyond a
 * node's absence, so that nothing said to it or by it before can be said again.
 */
import { LRUCache } from 'lru-cache';

/** Nodes and their restarts for as long as one process lives; about 100 bytes each. */
const REMEMBERED = 1_000;

export class SentNumbers {
  readonly #last = new LRUCache<string, number>({ max: REMEMBERED });

  /** The next number to this receiver. */
  next(to: string): number {
    const number = this.last(to) + 1;
    this.#last.set(to, number);
    return number;
  }

  /** 0 when nothing was sent. */
  last(to: string): number {
    return this.#last.get(to) ?? 0;
  }
}

export class HeardNumbers {
  readonly #last = new LRUCache<string, number>({ max: REMEMBERED });

  /**
   * @param stream the sender, and to whom it speaks
   * @param first what is not known to be missing when nothing was heard of the stream so far
   */
  hear(stream: string, number: number, first: number): 'next' | 'missed' | 'repeated' {
    const last = this.#last.get(stream) ?? first - 1;
    if (number <= last) return 'repeated';
    this.#last.set(stream, number);
    return number === last + 1 ? 'next' : 'missed';
  }

  /** The sender says how far it has come: whether that is further than what was heard, which then counts as heard. */
  isBehind(stream: string, number: number): boolean {
    if (number <= (this.#last.get(stream) ?? 0)) return false;
    this.#last.set(stream, number);
    return true;
  }
}
