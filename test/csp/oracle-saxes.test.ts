/**
 * The scan beside saxes, a strict and conformant XML parser: on every document both accept or both refuse, but for what the
 * profile objects to, which is a list; and then the scan refuses with the code that the objection has.
 */
import { describe, expect, test } from '@jest/globals';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import type { Encoding } from '../../gateway/csp/versions.ts';
import { scaled } from '../scale.ts';
import { ACCEPTED, REFUSED } from './cases-xml.ts';
import { mutated, randomOf, SEED } from './envelope-samples.ts';
import { OBJECTIONS, objections, readWithSaxes } from './saxes-reading.ts';
import { codeOf, corpusMessages, seedsOf } from './seeds.ts';

const ENCODING: Encoding = 'xml';
const MUTATIONS = scaled(100_000, 500_000);

/** References to blanks between elements of the envelope: saxes gives them as blanks. */
const BLANK_REFERENCE = /&#(?:x0*(?:20|9|[aAdD])|0*(?:32|9|10|13));/;
/** The name of an instruction that holds a question mark: no name of XML, which saxes lets pass. */
const ODD_INSTRUCTION = /<\?[^\s?]+\?(?!>)/;
/** A declaration longer than any that is meant well. */
const LONG_DECLARATION = /^(?:\xef\xbb\xbf)?<\?xml[^>]{250}/;

type Verdict = 'both accept' | 'both refuse' | 'too lax' | 'too strict' | `profile: ${string}`;

function compare(bytes: Buffer): Verdict {
  const code = codeOf(() => scanEnvelope(bytes, ENCODING));
  const reading = readWithSaxes(bytes);
  if (reading === undefined) return code === undefined ? 'too lax' : 'both refuse';
  const reasons = objections(reading);
  if (code === undefined) return reasons.length === 0 ? 'both accept' : 'too lax';
  const reason = reasons.find((candidate) => candidate[0] === code);
  if (reason !== undefined) return `profile: ${reason[1]}`;
  const raw = bytes.toString('latin1');
  if (code === 'NOT_CSP' && BLANK_REFERENCE.test(raw)) return 'profile: a reference between the elements';
  if (code === 'NOT_WELL_FORMED' && LONG_DECLARATION.test(raw)) return 'profile: a declaration beyond measure';
  if (code === 'NOT_WELL_FORMED' && ODD_INSTRUCTION.test(raw)) return 'profile: an instruction with ? in its name';
  return 'too strict';
}

/** Cases whose size is what is odd about them: the reading counts no bytes of text. */
const isLarge = (bytes: Buffer): boolean => bytes.length > 200_000;

describe('the scan and saxes', () => {
  const wrongOf = (documents: readonly Buffer[]): string[] =>
    documents
      .filter((bytes) => compare(bytes).startsWith('too'))
      .map((bytes) => `${compare(bytes)}: ${bytes.toString('latin1')}`);

  test('agree on the corpus, where both accept everything', () => {
    const verdicts = corpusMessages(ENCODING).map(({ bytes }) => compare(bytes));
    expect(verdicts.length).toBeGreaterThan(80);
    expect(new Set(verdicts)).toEqual(new Set(['both accept']));
  });

  test('agree on the cases of the profile', () => {
    const cases = [...ACCEPTED, ...REFUSED].map(([, message]) => Buffer.from(message as string));
    expect(wrongOf(cases.filter((bytes) => !isLarge(bytes)))).toEqual([]);
  });

  test(`agree on ${MUTATIONS} mutations (seed ${SEED})`, () => {
    const random = randomOf(SEED);
    const seeds = seedsOf(ENCODING).filter(({ length }) => length < 1200);
    const counts = new Map<Verdict, number>();
    const wrong: string[] = [];
    for (let i = 0; i < MUTATIONS; i++) {
      const bytes = mutated(seeds[random(seeds.length)] as Buffer, random);
      const verdict = compare(bytes);
      counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
      if (verdict.startsWith('too') && wrong.length < 3) wrong.push(`${verdict}: ${bytes.toString('latin1')}`);
    }
    expect(wrong).toEqual([]);
    expect(counts.get('both accept')).toBeGreaterThan(MUTATIONS / 50);
    expect(counts.get('both refuse')).toBeGreaterThan(MUTATIONS / 5);
  });

  test('every objection is one that the cases know', () => {
    const met = new Set([...REFUSED].map(([, message]) => compare(Buffer.from(message as string))));
    const unmet = OBJECTIONS.filter(([, reason]) => !met.has(`profile: ${reason}`));
    expect(unmet.map(([, reason]) => reason)).toEqual([]);
  });
});
