/**
 * The policy sets that logins may be under: the one in force, and those before it for as long as a negotiation that began
 * under them can still run [policy-files §6]. Holds sets, reads no clock: whoever replaces one says when.
 */
import { type PolicySet, questionsOf } from './model.ts';

/** What deciding about logins needs of the sets. */
export interface PolicySets {
  /** The set in force: what a new negotiation begins under. */
  current(): PolicySet;
  /** The set in force first, then the earlier ones, newest first. */
  live(): readonly PolicySet[];
}

interface EarlierSet {
  readonly set: PolicySet;
  /** When the last negotiation under it has ended, in wall-clock milliseconds. */
  readonly until: number;
}

/** Earlier sets that are kept at most: who rolls out more within a time-out loses the oldest negotiations. */
const MOST_EARLIER_SETS = 64;

export class LivePolicySets implements PolicySets {
  #current: PolicySet;
  #earlier: readonly EarlierSet[] = [];

  constructor(first: PolicySet) {
    this.#current = first;
  }

  current(): PolicySet {
    return this.#current;
  }

  live(): readonly PolicySet[] {
    return [this.#current, ...this.#earlier.map(({ set }) => set)];
  }

  /** Puts a set in force; false when it is the one in force already. `now` in wall-clock milliseconds. */
  replace(set: PolicySet, now: number): boolean {
    if (set.hash === this.#current.hash) return false;
    const replaced = { set: this.#current, until: now + longestNegotiationMillis(this.#current) };
    this.#earlier = [replaced, ...this.#earlier.filter((earlier) => earlier.set.hash !== set.hash)];
    this.#current = set;
    this.sweep(now);
    return true;
  }

  /** Lets go of the sets that no negotiation can be under any more. */
  sweep(now: number): void {
    this.#earlier = this.#earlier.filter(({ until }) => until > now).slice(0, MOST_EARLIER_SETS);
  }
}

/**
 * A message goes out again until the time-out's end, its answer may take as long once more, and the second phase of a
 * four-way login as much again [X14, X17, X18].
 */
export function longestNegotiationMillis(set: PolicySet): number {
  return 3 * Math.max(0, ...questionsOf(set).map(({ timeoutMillis }) => timeoutMillis));
}
