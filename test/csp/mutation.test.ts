/**
 * B2 and B3 of the reliability figures: whatever damage is done to a message, nothing but a CspError comes out of the scan
 * and of the codec, and nothing takes long. What a test reports is the input in hexadecimal: it becomes a file of
 * `test/corpus/damaged`.
 */
import { describe, expect, test } from '@jest/globals';
import { decodeDocument, encodeDocument } from '../../gateway/csp/codec.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { CspError } from '../../gateway/csp/errors.ts';
import { locateChildren } from '../../gateway/csp/locate.ts';
import { CSP_VERSIONS, type CspVersion, type Encoding } from '../../gateway/csp/versions.ts';
import { isNightly, scaled } from '../scale.ts';
import { mutated, randomOf, SEED } from './envelope-samples.ts';
import { codeOf, corpusMessages, seedsOf } from './seeds.ts';

interface Run {
  readonly encoding: Encoding;
  readonly mutations: number;
  /** CPU time that a message may take, in milliseconds. */
  readonly mostMillis: number;
}

const RUNS: readonly Run[] = [
  { encoding: 'xml', mutations: scaled(100_000, 2_000_000), mostMillis: 50 },
  { encoding: 'wbxml', mutations: scaled(200_000, 5_000_000), mostMillis: 20 },
];

/** Scans; what is accepted goes through everything that reads it. Gives whether it was accepted, throws for a crash. */
function survives(bytes: Buffer, encoding: Encoding, tolerant: boolean): boolean {
  try {
    const { version, transactions } = scanEnvelope(bytes, encoding, { tolerant });
    for (const { primitiveRange } of transactions) locateChildren(bytes, encoding, version, primitiveRange);
    const tree = decodeDocument(bytes, encoding, version, { tolerant });
    encodeDocument(tree, 'xml', version);
    encodeDocument(tree, 'wbxml', version);
    return true;
  } catch (error) {
    if (error instanceof CspError) return false;
    throw error;
  }
}

/** The tree readers on their own, without the scan in front of them. */
function treeSurvives(bytes: Buffer, encoding: Encoding, version: CspVersion, tolerant: boolean): void {
  try {
    decodeDocument(bytes, encoding, version, { tolerant });
  } catch (error) {
    if (!(error instanceof CspError)) throw error;
  }
}

/** The least CPU time of a few goes, in milliseconds: what else the machine does is in most of them, not in all. */
function cpuMillis(work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

/** Gives each input to the work; tells those that crash, and those that take longer than they may. */
function harmOf(inputs: Iterable<Buffer>, mostMillis: number, work: (bytes: Buffer, index: number) => void): string[] {
  const harm: string[] = [];
  let index = 0;
  let before = performance.now();
  for (const bytes of inputs) {
    const at = index++;
    try {
      work(bytes, at);
    } catch (error) {
      harm.push(`crash (${String(error)}): ${bytes.toString('hex')}`);
    }
    const now = performance.now();
    if (now - before > mostMillis && cpuMillis(() => quietly(() => work(bytes, at))) > mostMillis) {
      harm.push(`slow: ${bytes.toString('hex')}`);
    }
    before = performance.now();
  }
  return harm;
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {}
}

describe.each(RUNS)('$encoding that is damaged', ({ encoding, mutations, mostMillis }) => {
  const seeds = seedsOf(encoding);

  test('the seeds themselves are read, but for text beside elements in content, which no tree holds', () => {
    const refusals = seeds.map((seed) => ({
      scan: codeOf(() => scanEnvelope(seed, encoding)),
      tree: codeOf(() => decodeDocument(seed, encoding, scanEnvelope(seed, encoding).version)),
    }));
    expect(refusals.filter(({ scan }) => scan !== undefined)).toEqual([]);
    const mixed = refusals.filter(({ tree }) => tree !== undefined);
    expect(new Set(mixed.map(({ tree }) => tree))).toEqual(new Set(['NOT_CSP']));
    expect(mixed.length).toBeLessThanOrEqual(2);
  });

  test('cut off at any byte, a message is refused', () => {
    const messages = corpusMessages(encoding).map(({ bytes }) => bytes);
    const accepted: string[] = [];
    function* cuts(): Generator<Buffer> {
      for (const message of messages) {
        const whole = encoding === 'xml' ? message.lastIndexOf('>') + 1 : message.length;
        const step = encoding === 'wbxml' || isNightly ? 1 : 7;
        for (let length = 0; length < whole; length += step) yield message.subarray(0, length);
      }
    }
    const harm = harmOf(cuts(), mostMillis, (bytes) => {
      if (survives(bytes, encoding, false)) accepted.push(bytes.toString('hex'));
    });
    expect({ harm, accepted }).toEqual({ harm: [], accepted: [] });
  });

  test(`${mutations} mutations: no crash, none slow (seed ${SEED})`, () => {
    const random = randomOf(SEED + (encoding === 'xml' ? 1 : 2));
    let accepted = 0;
    function* damaged(): Generator<Buffer> {
      for (let i = 0; i < mutations; i++) yield mutated(seeds[random(seeds.length)] as Buffer, random);
    }
    const harm = harmOf(damaged(), mostMillis, (bytes, index) => {
      const tolerant = index % 4 === 0;
      if (survives(bytes, encoding, tolerant)) accepted++;
      else if (encoding === 'wbxml' || index % 8 === 1)
        treeSurvives(bytes, encoding, CSP_VERSIONS[index % 3] as CspVersion, tolerant);
    });
    expect(harm).toEqual([]);
    expect(accepted).toBeGreaterThan(mutations / 100);
    expect(accepted).toBeLessThan((mutations * 9) / 10);
  });
});
