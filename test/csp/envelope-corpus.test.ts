import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { SaxesParser } from 'saxes';
import { decodeDocument } from '../../gateway/csp/codec.ts';
import { child, childText, type Element } from '../../gateway/csp/element.ts';
import { type Envelope, scanEnvelope } from '../../gateway/csp/envelope.ts';
import { CspError } from '../../gateway/csp/errors.ts';
import type { Encoding } from '../../gateway/csp/versions.ts';
import { mutated, randomOf, SEED, xml } from './envelope-samples.ts';

const CORPUS = join(import.meta.dirname, '../../../shared/corpus/csp-1.1');
const files = existsSync(CORPUS) ? readdirSync(CORPUS).sort() : [];

/** What the scan must find, from a tree and with no regard to speed. */
function naive(root: Element): Partial<Record<keyof Envelope, unknown>> {
  const session = child(root, 'Session');
  const descriptor = child(session, 'SessionDescriptor');
  const transactions = (session?.children ?? []).filter(({ name }) => name === 'Transaction');
  const polls = [session, ...transactions.map((candidate) => child(candidate, 'TransactionDescriptor'))]
    .map((candidate) => childText(candidate, 'Poll'))
    .filter((poll) => poll !== undefined);
  return {
    sessionType: childText(descriptor, 'SessionType'),
    sessionId: childText(descriptor, 'SessionID'),
    poll: polls.at(-1) === undefined ? undefined : { value: polls.at(-1) === 'T' },
    transactions: transactions.map((candidate) => {
      const primitive = child(candidate, 'TransactionContent')?.children[0];
      const code = childText(child(primitive, 'Result'), 'Code');
      return {
        mode: childText(child(candidate, 'TransactionDescriptor'), 'TransactionMode'),
        id: childText(child(candidate, 'TransactionDescriptor'), 'TransactionID') ?? '',
        primitive: primitive?.name,
        resultCode: code === undefined ? undefined : Number(code),
      };
    }),
  };
}

describe('the corpus', () => {
  if (files.length === 0) {
    test('is not here, so nothing is compared with it', () => expect(existsSync(CORPUS)).toBe(false));
    return;
  }
  test.each(files)('%s: the scan finds what a walk over the tree finds', (file) => {
    const encoding: Encoding = file.endsWith('.wbxml') ? 'wbxml' : 'xml';
    const bytes = readFileSync(join(CORPUS, file));
    const envelope = scanEnvelope(bytes, encoding);
    expect(envelope.version).toBe('1.1');
    expect(envelope).toMatchObject(naive(decodeDocument(bytes, encoding, '1.1')));
  });
});

/** Whether saxes takes the bytes for a well-formed document. */
function saxesAccepts(bytes: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const parser = new SaxesParser();
    parser.on('error', (error) => {
      throw error;
    });
    parser.write(text).close();
    return true;
  } catch {
    return false;
  }
}

/** The refusals that are the profile's own, by code: they may fall on what saxes accepts. */
const DELIBERATE: ReadonlySet<string> = new Set([
  // Internal subset, late instructions, XML 1.1, markup in the envelope's values.
  'NOT_ALLOWED',
  'OVER_LIMIT',
  // Another root, or an envelope that is incomplete or could be read in two ways.
  'NOT_CSP',
  'UNKNOWN_VERSION',
  // An encoding declared other than UTF-8: saxes is given text and does not look.
  'NOT_UTF8',
]);
/** The one place where the scan reads more closely than saxes, which skips over a DOCTYPE and a public id as it comes. */
const DOCTYPE_FAULT = /DOCTYPE/;

describe('agreement with saxes', () => {
  const samples = [
    xml(),
    xml({ before: '<!--c--><!DOCTYPE WV-CSP-Message PUBLIC "-//OMA//DTD WV-CSP 1.2//EN" "http://x/y.dtd">\n' }),
    xml({
      content:
        '<SendMessage-Request a="1" b="&lt;2"><ContentData><![CDATA[a<b]]>&amp;ü</ContentData><E/></SendMessage-Request>',
    }),
    ...files.filter((file) => file.endsWith('.xml')).map((file) => readFileSync(join(CORPUS, file), 'utf8')),
  ].map((text) => Buffer.from(text));

  function compare(bytes: Buffer): 'both accept' | 'both refuse' | 'profile' | 'too lax' | 'too strict' {
    let fault: CspError | undefined;
    try {
      scanEnvelope(bytes, 'xml');
    } catch (error) {
      if (!(error instanceof CspError)) throw error;
      fault = error;
    }
    if (saxesAccepts(bytes)) {
      if (fault === undefined) return 'both accept';
      return DELIBERATE.has(fault.code) || DOCTYPE_FAULT.test(fault.message) ? 'profile' : 'too strict';
    }
    return fault === undefined ? 'too lax' : 'both refuse';
  }

  test('on the samples', () => {
    for (const sample of samples) expect(compare(sample)).toBe('both accept');
  });

  test(`on 5,000 mutated messages (seed ${SEED})`, () => {
    const random = randomOf(SEED);
    const counts: Record<string, number> = {};
    const wrong: string[] = [];
    for (let i = 0; i < 5000; i++) {
      const sample = samples[random(samples.length)] as Buffer;
      const bytes = mutated(sample, random);
      const verdict = compare(bytes);
      counts[verdict] = (counts[verdict] ?? 0) + 1;
      if (verdict.startsWith('too')) wrong.push(`${verdict}: ${bytes.toString('latin1')}`);
    }
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(counts['both accept']).toBeGreaterThan(100);
    expect(counts['both refuse']).toBeGreaterThan(1000);
  });
});
