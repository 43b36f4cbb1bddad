/** The chain's arithmetic: what is hashed, in which spelling, and which wrong entries are named. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalRecord, contentHash, EMPTY_HEAD, entryHash, GENESIS, nextEntry } from '../../gateway/audit/chain.ts';
import { entryLine, readLine } from '../../gateway/audit/line.ts';
import { contradiction, formatHead, parseHead } from '../../gateway/audit/noted-head.ts';
import { ChainCheck } from '../../gateway/audit/verify.ts';
import type { AuditEntry, AuditHead } from '../../gateway/audit-ports.ts';
import { record } from '../stores/records-of-tests.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
type Sound = Exclude<AuditEntry, { kind: 'damaged' }>;

function chainOf(length: number): { entries: Sound[]; head: AuditHead } {
  let head = EMPTY_HEAD;
  const entries: Sound[] = [];
  for (let number = 1; number <= length; number++) {
    const entry = nextEntry(head, record(number));
    entries.push(entry);
    head = { ...head, next: head.next + 1, hash: entry.hash };
  }
  return { entries, head };
}

function problemsOf(entries: readonly AuditEntry[], head: AuditHead): string[] {
  const found: string[] = [];
  const check = new ChainCheck(head.first, head.before, ({ sequence, code }) => found.push(`${sequence} ${code}`));
  for (const entry of entries) check.check(entry);
  check.end(head);
  return found;
}

describe('hashes', () => {
  test('a record is hashed in one spelling, which anybody can make', () => {
    const spelling =
      '["sapgw audit record 1","' +
      `${record(1).id}","AAAAAAAAAAAAAAAAAAAAAA","friendly-im","advice-of-charge",3,"accepted","accept","${record(1).text}",` +
      '"en",1700000000001,1700000020001,1,"system-message","full",["full"],"1.2",["0.10","EUR","message",false]]';
    expect(canonicalRecord(record(1))).toBe(spelling);
    expect(contentHash(record(1))).toBe(sha256(spelling));
    expect(entryHash(GENESIS, 1, sha256(spelling))).toBe(sha256(`${GENESIS} 1 ${sha256(spelling)}`));
  });

  test('what is absent is null', () => {
    const bare = record(1, { option: undefined, level: undefined, charge: undefined });
    expect(canonicalRecord(bare)).toContain(',"accepted",null,');
    expect(canonicalRecord(bare)).toMatch(/,null,\["full"\],"1\.2",null\]$/);
  });
});

describe('ChainCheck', () => {
  test('names exactly the entries that were changed, taken out or damaged', () => {
    const length = 12;
    const { entries, head } = chainOf(length);
    const kinds = ['right', 'right', 'right', 'changed', 'anew', 'missing', 'damaged'] as const;
    const property = fc.property(
      fc.array(fc.constantFrom(...kinds), { minLength: length, maxLength: length }),
      (what) => {
        // Two written anew side by side are one finding: the first of them is vouched for by nothing but the second.
        fc.pre(!what.some((one, index) => one === 'anew' && what[index + 1] !== 'right' && index + 1 < length));
        const tampered = entries.flatMap((entry, index): AuditEntry[] => {
          const { sequence, previous } = entry;
          const other = record(sequence, { option: 'another' });
          switch (what[index]) {
            case 'missing':
              return [];
            case 'damaged':
              return [{ kind: 'damaged', sequence }];
            case 'changed':
              return [{ ...entry, kind: 'record', record: other }];
            case 'anew':
              return [nextEntry({ ...EMPTY_HEAD, next: sequence, hash: previous }, other)];
            default:
              return [entry];
          }
        });
        const named = new Set(problemsOf(tampered, head).map((one) => one.split(' ')[0]));
        const expected = what.flatMap((one, index) => {
          // Those missing side by side are told with the first of them.
          const isTold = one === 'missing' && what[index - 1] === 'missing';
          return one === 'right' || isTold ? [] : [`${index + 1}`];
        });
        expect([...named]).toEqual(expected);
      },
    );
    fc.assert(property, { seed: 20_260_101, numRuns: 2000 });
  });

  test('a chain that is right in itself has to fit the sealed head on both ends', () => {
    const { entries, head } = chainOf(4);
    expect(problemsOf(entries, head)).toEqual([]);
    expect(problemsOf(entries.slice(1), { ...head, first: 2, before: entries[0]?.hash ?? '' })).toEqual([]);
    expect(problemsOf(entries.slice(1), { ...head, first: 2, before: GENESIS })).toEqual(['2 not-linked']);
    expect(problemsOf(entries, { ...head, hash: GENESIS })).toEqual(['4 changed']);
    expect(problemsOf(entries, { ...head, next: 9 })).toEqual(['5 missing']);
    expect(problemsOf([], { ...EMPTY_HEAD, next: 3, hash: 'x' })).toEqual(['1 missing']);
  });
});

describe('lines', () => {
  test('any record comes back from its line, with the same hash', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    const any = fc.record({
      policy: text,
      option: fc.option(text, { nil: undefined }),
      level: fc.option(text, { nil: undefined }),
      granted: fc.array(text, { maxLength: 4 }),
      tries: fc.nat(),
      decidedAt: fc.nat({ max: 4_000_000_000_000 }),
    });
    const property = fc.property(any, (change) => {
      const entry = nextEntry(EMPTY_HEAD, record(1, change));
      expect(readLine(entryLine(entry))).toEqual({ kind: 'entry', entry });
    });
    fc.assert(property, { seed: 20_260_102, numRuns: 500 });
  });

  test.each([
    ['[]', 'is no JSON object'],
    ['{}', 'lacks the key sequence'],
    ['{"erased":false,"sequence":1,"content":"","previous":"","hash":""}', 'has a value that no entry has: previous'],
  ])('%s is told to be wrong', (line, message) => {
    expect(readLine(line)).toEqual({ kind: 'wrong', message });
  });
});

describe('a noted head', () => {
  const chain = {
    first: 3,
    last: 9,
    hashAt: (sequence: number) => (sequence >= 2 ? `${sequence}`.repeat(64) : undefined),
  };

  test.each([
    [9, '9', undefined],
    [2, '2', undefined],
    [5, '6', 'has another hash at 5'],
    [10, '1', 'ends with 9, before the noted head 10'],
    [1, '1', 'begins with 3, after the noted head 1, which can no longer be compared'],
  ])('%d', (sequence, digit, message) => {
    const noted = parseHead(formatHead({ sequence, hash: digit.repeat(64) }));
    if (noted === undefined) throw new Error('no head');
    const told = contradiction(noted, chain);
    expect(told).toEqual(message === undefined ? undefined : expect.stringContaining(message));
  });
});
