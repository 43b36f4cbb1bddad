/**
 * Finds what is wrong with a chain, entry by entry, in constant memory. An entry is judged by its own hash and by what
 * the entry after it names: the last one is anchored in the sealed head, so an entry that somebody wrote anew, its hash
 * recomputed, is told from its honest neighbours.
 */
import type { AuditEntry, AuditProblem } from '../audit-ports.ts';
import { isConsistent } from './chain.ts';

const OWN_HASH = 'has been changed, or moved here from another place: its content does not give its hash';

/** An entry that is right in itself and does not fit the one after it, which may be the wrong one of the two. */
interface Suspect {
  readonly sequence: number;
  readonly follower: 'entry' | 'head';
}

/** Checks entries in their order. `found` is called in the order of the entries. */
export class ChainCheck {
  readonly #found: (problem: AuditProblem) => void;
  #expected: number;
  /** What the first entry has to name; undefined when nobody knows. */
  readonly #before: string | undefined;
  #last: { readonly sequence: number; readonly hash: string; readonly isRight: boolean } | undefined;
  #suspects: Suspect[] = [];
  #seen = false;

  /** @param before the hash before the entry `first`; undefined when any will do. */
  constructor(first: number, before: string | undefined, found: (problem: AuditProblem) => void) {
    this.#expected = first;
    this.#before = before;
    this.#found = found;
  }

  /** The next entry; its number is not smaller than `first`. Answers whether its content is what was hashed. */
  check(entry: AuditEntry): boolean {
    const { sequence } = entry;
    if (sequence < this.#expected) {
      this.#settle();
      this.#found({ sequence, code: 'not-linked', message: 'stands here a second time, or out of order' });
      return false;
    }
    if (sequence > this.#expected) this.#gap(sequence);
    this.#expected = sequence + 1;
    const isFirst = !this.#seen;
    this.#seen = true;
    if (entry.kind === 'damaged') {
      this.#settle();
      this.#found({ sequence, code: 'damaged', message: 'cannot be read: it has been changed or damaged' });
      return false;
    }
    const isRight = isConsistent(entry);
    this.#follow(entry.previous, isRight, 'entry');
    if (!isRight) this.#found({ sequence, code: 'changed', message: OWN_HASH });
    else if (isFirst && this.#before !== undefined && entry.previous !== this.#before) {
      this.#found({ sequence, code: 'not-linked', message: 'does not follow what the sealed head says is before it' });
    }
    this.#last = { sequence, hash: entry.hash, isRight };
    return isRight;
  }

  /** After the last entry: what the sealed head says comes next, and the last hash; undefined when there is no such head. */
  end(head: { readonly next: number; readonly hash: string } | undefined): void {
    if (head !== undefined && head.next > this.#expected) this.#gap(head.next);
    else if (head !== undefined) this.#follow(head.hash, true, 'head');
    this.#settle();
  }

  #gap(until: number): void {
    this.#settle();
    this.#seen = true;
    const sequence = this.#expected;
    const message = until - 1 === sequence ? 'is missing' : `is missing, and all up to ${until - 1}`;
    this.#found({ sequence, code: 'missing', message });
  }

  /** Judges the last entry by what comes after it. */
  #follow(previous: string, followerIsRight: boolean, follower: Suspect['follower']): void {
    const last = this.#last;
    const fits = last === undefined || !last.isRight || last.hash === previous;
    if (!fits) this.#suspects.push({ sequence: last.sequence, follower });
    // Whoever follows and fits itself is known only with the next entry: suspicion waits as long as it goes on.
    if (fits) this.#judge(last?.isRight ?? true);
    this.#last = undefined;
    if (!followerIsRight) this.#judge(false);
  }

  /** Nothing after the last entry speaks against it. */
  #settle(): void {
    this.#judge(this.#last?.isRight ?? true);
    this.#last = undefined;
  }

  /** Suspects one after the other: beside a wrong entry the one before is excused, beside a right one it is wrong. */
  #judge(followerIsRight: boolean): void {
    let rightAfter = followerIsRight;
    const wrong: Suspect[] = [];
    for (const suspect of this.#suspects.toReversed()) {
      if (rightAfter) wrong.unshift(suspect);
      rightAfter = !rightAfter;
    }
    this.#suspects = [];
    for (const { sequence, follower } of wrong) {
      const by = follower === 'head' ? 'the sealed head' : 'the entry after it';
      this.#found({
        sequence,
        code: 'changed',
        message: `has been written anew: its hash is not the one that ${by} names`,
      });
    }
  }
}
