/** The short cuts of the scan: they change no result, and leave nothing of a message behind. */
import { describe, expect, test } from '@jest/globals';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { copyForScan } from '../../gateway/csp/envelope-bytes.ts';
import type { Encoding } from '../../gateway/csp/versions.ts';
import { codeOf, corpusMessages } from './seeds.ts';

/** The same message, none of its tags in the usual spelling: a blank at the end of each. */
function unusual(xml: Buffer): Buffer {
  return Buffer.from(
    xml
      .toString('latin1')
      .replace(/(<[A-Za-z][^<>]*?)(\/?>)/g, '$1 $2')
      .replace(/(<\/[^<>]*?)>/g, '$1 >'),
    'latin1',
  );
}

/** What an envelope says, with the bytes of its ranges instead of their places, blanks in tags left out. */
function told(xml: Buffer): string {
  const { transactions, poll, pollInsertAt, ...rest } = scanEnvelope(xml, 'xml');
  const bytes = (range: { start: number; end: number } | undefined): string | undefined =>
    range && xml.toString('latin1', range.start, range.end).replace(/ +(\/?>)/g, '$1');
  return JSON.stringify({
    rest,
    transactions: transactions.map(({ range, idRange, primitiveRange, ...transaction }) => ({
      ...transaction,
      ranges: [range, idRange, primitiveRange].map(bytes),
    })),
    poll: poll && [poll.value, bytes(poll.range)],
    behindPollInsertAt: bytes({ start: pollInsertAt.start, end: xml.length }),
  });
}

describe('the usual spelling of tags', () => {
  test('says what any other says', () => {
    const messages = corpusMessages('xml').map(({ bytes }) => bytes);
    expect(messages.length).toBeGreaterThan(80);
    const differing = messages.filter((bytes) => told(bytes) !== told(unusual(bytes)));
    expect(differing.map(String)).toEqual([]);
  });
});

describe.each(['xml', 'wbxml'] as const)('a scan of %s', (encoding: Encoding) => {
  const [whole] = corpusMessages(encoding).map(({ bytes }) => bytes) as [Buffer];

  test('leaves nothing of a message in memory that is kept, neither of one accepted nor of one refused', () => {
    const kept = copyForScan(Buffer.alloc(0)).bytes;
    for (const message of [whole, whole.subarray(0, -1)]) {
      codeOf(() => scanEnvelope(message, encoding));
      expect(kept.every((byte) => byte === 0)).toBe(true);
    }
  });

  test('reads a message that is larger than that memory, and one that fills it', () => {
    const { length } = copyForScan(Buffer.alloc(0)).bytes;
    const padded = (bytes: number): Buffer => Buffer.concat([whole, Buffer.alloc(bytes - whole.length, ' ')]);
    for (const size of [length - 9, length - 8, length - 7, length + 1000]) {
      const code = codeOf(() => scanEnvelope(padded(size), encoding));
      expect(code).toBe(encoding === 'xml' ? undefined : 'NOT_WELL_FORMED');
    }
  });
});
