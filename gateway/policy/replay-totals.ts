/** Sums over replayed decisions: how many of each policy count, are asked again or are not asked, and in which ways. */
import type { Fate, LevelChanged, Reason, Replayed } from './replay.ts';

/** Decisions that fare alike. */
export interface ReplayGroup {
  readonly version: number;
  readonly option: string | undefined;
  readonly fate: Fate;
  readonly reason: Reason;
  readonly level: LevelChanged | undefined;
  readonly count: number;
}

export interface PolicyTotals {
  readonly policy: string;
  readonly records: number;
  readonly counts: number;
  readonly askedAgain: number;
  readonly notAsked: number;
  readonly levelChanges: number;
  /** How many are so only if the policy still concerns the user. */
  readonly dependOnTheUser: number;
  /** Keys of `applies` that make them depend on it. */
  readonly dependsOn: readonly string[];
  /** Most frequent first. */
  readonly groups: readonly ReplayGroup[];
}

/** Adds up; `of` gives the totals, policies in order of their ids. */
export class ReplayTotals {
  readonly #groups = new Map<string, { first: Replayed; count: number }>();

  add(replayed: Replayed): void {
    const { decision, fate, reason, level } = replayed;
    const key = JSON.stringify([decision.policy, decision.version, decision.option, fate, reason, level]);
    const group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, { first: replayed, count: 1 });
    else group.count++;
  }

  totals(): readonly PolicyTotals[] {
    const groups = [...this.#groups.values()].toSorted((a, b) => b.count - a.count);
    const policies = [...new Set(groups.map(({ first }) => first.decision.policy))].toSorted();
    return policies.map((policy) => {
      const own = groups.filter(({ first }) => first.decision.policy === policy);
      const sum = (counts: (replayed: Replayed) => boolean): number =>
        own.reduce((total, { first, count }) => total + (counts(first) ? count : 0), 0);
      return {
        policy,
        records: sum(() => true),
        counts: sum(({ fate }) => fate === 'counts'),
        askedAgain: sum(({ fate }) => fate === 'asked-again'),
        notAsked: sum(({ fate }) => fate === 'not-asked'),
        levelChanges: sum(({ level }) => level !== undefined),
        dependOnTheUser: sum(({ fate, dependsOn }) => fate !== 'not-asked' && dependsOn.length > 0),
        dependsOn: own[0]?.first.dependsOn ?? [],
        groups: own.map(({ first: { decision, fate, reason, level }, count }) => ({
          version: decision.version,
          option: decision.option,
          fate,
          reason,
          level,
          count,
        })),
      };
    });
  }
}
