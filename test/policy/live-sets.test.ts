/** Proves that a policy set is kept for as long as a negotiation may be under it, and no longer. */
import { describe, expect, test } from '@jest/globals';
import { LivePolicySets } from '../../gateway/policy/live-sets.ts';
import type { PolicySet } from '../../gateway/policy/model.ts';
import { parsePolicySet } from '../../gateway/policy/parse.ts';

function set(version: number, timeout = '2m'): PolicySet {
  const text = `kind: off-line-service
id: notice
version: ${version}
purpose: notice
message: { en: "Version ${version}" }
timeout: ${timeout}
`;
  const parsed = parsePolicySet([{ path: 'a.yaml', text }], { hash: (content) => content });
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  return parsed.set;
}

const MINUTE = 60_000;
const versionsOf = (sets: LivePolicySets): number[] => sets.live().map(({ policies }) => policies[0]?.version ?? 0);

describe('live policy sets', () => {
  test('the set in force comes first, then the earlier ones, newest first', () => {
    const sets = new LivePolicySets(set(1));
    expect(sets.replace(set(2), 0)).toBe(true);
    expect(sets.replace(set(3), 1)).toBe(true);
    expect(versionsOf(sets)).toEqual([3, 2, 1]);
    expect(sets.current().policies[0]?.version).toBe(3);
  });

  test('an earlier set stays through resending, the last answer and a second phase', () => {
    const sets = new LivePolicySets(set(1));
    sets.replace(set(2), 0);
    sets.sweep(6 * MINUTE - 1);
    expect(versionsOf(sets)).toEqual([2, 1]);
    sets.sweep(6 * MINUTE);
    expect(versionsOf(sets)).toEqual([2]);
  });

  test('the longest time-out of its own policies counts, not that of the set in force', () => {
    const sets = new LivePolicySets(set(1, '1h'));
    sets.replace(set(2, '1s'), 0);
    sets.replace(set(3, '1s'), 1);
    sets.sweep(60 * MINUTE);
    expect(versionsOf(sets)).toEqual([3, 1]);
  });

  test('the same set is no change, and a set that comes back is live once', () => {
    const sets = new LivePolicySets(set(1));
    expect(sets.replace(set(1), 0)).toBe(false);
    sets.replace(set(2), 0);
    sets.replace(set(1), 1);
    expect(versionsOf(sets)).toEqual([1, 2]);
  });

  test('a set without policies goes at once, and there is an end to how many are kept', () => {
    const empty = parsePolicySet([], { hash: (content) => content });
    const sets = new LivePolicySets(empty.kind === 'valid' ? empty.set : set(0));
    sets.replace(set(1), 0);
    expect(versionsOf(sets)).toEqual([1]);
    for (let version = 2; version < 200; version++) sets.replace(set(version), 0);
    expect(versionsOf(sets)).toHaveLength(65);
  });
});
