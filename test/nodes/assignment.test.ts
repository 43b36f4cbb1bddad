/** Nodes that know of the same nodes agree who should hold what; each has its part, and little moves. */
import { describe, expect, test } from '@jest/globals';
import { assigned } from '../../gateway/nodes/assignment.ts';
import { ALL_SHARES, SHARES } from '../../gateway/shares.ts';

const named = (count: number): string[] => Array.from({ length: count }, (_, at) => `host-${at}-${at * 7919}`);

describe('shares are assigned', () => {
  test('to nobody where there is nobody', () => {
    expect(assigned([])).toEqual(ALL_SHARES.map(() => undefined));
  });

  test('alike by everybody, whatever the order in which nodes were heard of', () => {
    const nodes = named(5);
    expect(assigned(nodes.toReversed())).toEqual(assigned(nodes));
  });

  test.each([1, 2, 3, 5, 7, 16, 31, 32, 40])('about equally to %d nodes', (count) => {
    const holders = assigned(named(count));
    const parts = named(count).map((node) => holders.filter((holder) => holder === node).length);
    expect(Math.max(...parts)).toBeLessThanOrEqual(Math.ceil(SHARES / count));
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(SHARES);
  });

  test('so that few move when a node comes', () => {
    const moved = (count: number): number => {
      const before = assigned(named(count));
      return assigned(named(count + 1)).filter((holder, share) => holder !== before[share]).length;
    };
    // The newcomer's part has to move in any case.
    expect([1, 2, 3, 4].map((count) => moved(count) <= 2 * Math.ceil(SHARES / (count + 1)))).toEqual([
      ...[true, true, true, true],
    ]);
  });
});
