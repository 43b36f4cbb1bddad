/** Proves the laws of sets of services, and that a tree that was written is read as the set that it was written from. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { child, type Element } from '../../gateway/csp/element.ts';
import {
  codesOfTree,
  codesOfVersion,
  collapsedTree,
  functionOfCode,
  SERVICE_NAMES,
  ServiceSet,
  serviceSetOf,
  spelledOutTree,
} from '../../gateway/csp/service-tree.ts';
import { CSP_VERSIONS } from '../../gateway/csp/versions.ts';

const RUNS = { seed: 20_261_202, numRuns: 500 };
const CODES = ServiceSet.ALL.codes();
const MANDATORY = ServiceSet.ofCodes(['MF', 'MP', 'MM', 'MG']);
const sets = fc.subarray(CODES).map((codes) => ServiceSet.ofCodes(codes));
const versions = fc.constantFrom(...CSP_VERSIONS);

describe('sets of services', () => {
  test('meet, join and minus are those of sets', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const has = (set: ServiceSet) => (code: string) => set.has(code);
        const both = CODES.filter((code) => a.has(code) && b.has(code));
        const either = CODES.filter((code) => a.has(code) || b.has(code));
        expect(a.meet(b).codes()).toEqual(both);
        expect(a.join(b).codes()).toEqual(either);
        expect(a.minus(b).codes()).toEqual(CODES.filter(has(a)).filter((code) => !b.has(code)));
        expect(a.meet(b).equals(b.meet(a))).toBe(true);
        expect(a.meet(a).equals(a) && a.minus(a).isEmpty && a.meet(ServiceSet.ALL).equals(a)).toBe(true);
      }),
      RUNS,
    );
  });

  test('a set is kept in two numbers and comes back', () => {
    fc.assert(
      fc.property(sets, (set) => new ServiceSet(set.low, set.high).equals(set)),
      RUNS,
    );
  });

  test('only the whole is all, only the empty is empty', () => {
    fc.assert(
      fc.property(sets, (set) => {
        expect(set.isAll).toBe(set.codes().length === CODES.length);
        expect(set.isEmpty).toBe(set.codes().length === 0);
      }),
      RUNS,
    );
  });

  test('a name that is no code is in no set, and none can be made of it', () => {
    expect(ServiceSet.ALL.has('IMFeat')).toBe(false);
    expect(() => ServiceSet.ofCodes(['IMFeat'])).toThrow(RangeError);
    expect(serviceSetOf('Nothing')).toBeUndefined();
  });

  test('every code belongs to its function, and every name stands for something', () => {
    for (const code of CODES) expect(serviceSetOf(functionOfCode(code))?.has(code)).toBe(true);
    for (const name of SERVICE_NAMES) expect(serviceSetOf(name)?.isEmpty).toBe(false);
  });
});

describe('trees', () => {
  test('one that is spelled out means its set, but for the mandatory parts', () => {
    fc.assert(
      fc.property(sets, versions, (set, version) => {
        const expected = set.meet(codesOfVersion(version)).minus(MANDATORY);
        const tree = spelledOutTree(expected, version);
        expect(tree === undefined ? [] : codesOfTree(tree, version).codes()).toEqual(expected.codes());
      }),
      RUNS,
    );
  });

  test('one that is collapsed means, of what was wanted, its set and no more, but for the mandatory parts', () => {
    fc.assert(
      fc.property(sets, sets, versions, (part, more, version) => {
        const within = part.join(more).meet(codesOfVersion(version));
        const set = part.meet(codesOfVersion(version));
        const tree = collapsedTree(set, within, version);
        const meant = tree === undefined ? ServiceSet.NONE : codesOfTree(tree, version).meet(within);
        expect(meant.minus(MANDATORY).codes()).toEqual(set.minus(MANDATORY).codes());
      }),
      RUNS,
    );
  });

  test.each(CSP_VERSIONS)('all of CSP %s collapses into the root', (version) => {
    const all = codesOfVersion(version);
    expect(collapsedTree(all, all, version)).toEqual({ name: 'WVCSPFeat', children: [], text: '' });
  });

  test('nodes stand in the order of the tree', () => {
    const tree = spelledOutTree(ServiceSet.ALL, '1.2');
    const names = (node: Element | undefined): readonly string[] => node?.children.map(({ name }) => name) ?? [];
    expect(names(tree)).toEqual(['FundamentalFeat', 'PresenceFeat', 'IMFeat', 'GroupFeat']);
    expect(names(child(tree, 'PresenceFeat'))).toEqual([
      'ContListFunc',
      'PresenceAuthFunc',
      'PresenceDeliverFunc',
      'AttListFunc',
    ]);
    expect(names(child(tree, 'GroupFeat'))).toEqual(['GroupMgmtFunc', 'GroupUseFunc', 'GroupAuthFunc']);
  });
});
