import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { decodeDocument } from '../../gateway/csp/codec.ts';
import { child, childText, type Element } from '../../gateway/csp/element.ts';
import { type Envelope, scanEnvelope } from '../../gateway/csp/envelope.ts';
import type { Encoding } from '../../gateway/csp/versions.ts';

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
