import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { decodeDocument, encodeDocument } from '../../gateway/csp/codec.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { CspError } from '../../gateway/csp/errors.ts';
import { locateChildren } from '../../gateway/csp/locate.ts';
import type { Encoding } from '../../gateway/csp/versions.ts';
import { hex, mutated, randomOf, SEED, wbxml, xml } from './envelope-samples.ts';

const CORPUS = join(import.meta.dirname, '../../../shared/corpus/csp-1.1');
const corpus = (suffix: string): Buffer[] =>
  existsSync(CORPUS)
    ? readdirSync(CORPUS)
        .filter((file) => file.endsWith(suffix))
        .slice(0, 25)
        .map((file) => readFileSync(join(CORPUS, file)))
    : [];

const SAMPLES: Readonly<Record<Encoding, readonly Buffer[]>> = {
  xml: [
    Buffer.from(xml()),
    Buffer.from(
      xml({ before: '<!DOCTYPE a SYSTEM "b"><!--c-->', content: '<A b="1"><T><![CDATA[x]]>&lt;ü</T><c/></A>' }),
    ),
    ...corpus('.xml'),
  ],
  wbxml: [
    wbxml(),
    wbxml({
      header: "03 11 6A 08 'X-Req' 00 'q' 00",
      content: "44 00 4D 83 06 02 41 01 4F C3 01 0B 01 C9 0A 03 '1.2' 00 01 03 'z' 00 80 2C 01 04 06 01",
    }),
    hex(
      "03 12 6A 00 C9 0B 03 '1.3' 00 01 6D 6E 70 80 19 01 01 72 74 76 80 20 01 75 03 'a' 00 01 01 73 00 0A 55 00 09 6B 69 6A 03 'x' 00 01 01 01 01 01 01 01 01",
    ),
    ...corpus('.wbxml'),
  ],
};

/** Scans; what is accepted goes through everything that reads it. Gives whether it was accepted, throws for a crash. */
function survives(bytes: Buffer, encoding: Encoding, tolerant: boolean): boolean {
  try {
    const { version, transactions } = scanEnvelope(bytes, encoding, { tolerant });
    for (const { primitiveRange } of transactions) locateChildren(bytes, encoding, version, primitiveRange);
    const tree = decodeDocument(bytes, encoding, version);
    encodeDocument(tree, 'xml', version);
    encodeDocument(tree, 'wbxml', version);
    return true;
  } catch (error) {
    if (error instanceof CspError) return false;
    throw error;
  }
}

describe.each(['xml', 'wbxml'] as const)('%s that is damaged', (encoding) => {
  const samples = SAMPLES[encoding];

  test('the samples themselves are read', () => {
    for (const sample of samples) expect(survives(sample, encoding, false)).toBe(true);
  });

  test('every truncation is refused', () => {
    const accepted: number[] = [];
    for (const sample of samples) {
      const whole = encoding === 'xml' ? sample.lastIndexOf('>') + 1 : sample.length;
      for (let length = 0; length < whole; length++) {
        if (survives(sample.subarray(0, length), encoding, false)) accepted.push(length);
      }
    }
    expect(accepted).toEqual([]);
  });

  test(`20,000 mutations: nothing but a CspError escapes (seed ${SEED})`, () => {
    const random = randomOf(SEED + (encoding === 'xml' ? 1 : 2));
    let accepted = 0;
    for (let i = 0; i < 20_000; i++) {
      const bytes = mutated(samples[random(samples.length)] as Buffer, random);
      try {
        if (survives(bytes, encoding, random(4) === 0)) accepted++;
      } catch (error) {
        throw new Error(`mutation ${i} of ${encoding}: ${bytes.toString('hex')}`, { cause: error });
      }
    }
    expect(accepted).toBeGreaterThan(200);
    expect(accepted).toBeLessThan(18_000);
  });
});
