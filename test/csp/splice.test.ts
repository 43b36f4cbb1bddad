import { describe, expect, test } from '@jest/globals';
import { decodeDocument, decodeMessage, encodeMessage } from '../../gateway/csp/codec.ts';
import { child, type Element, element } from '../../gateway/csp/element.ts';
import { type ByteRange, scanEnvelope } from '../../gateway/csp/envelope.ts';
import { locateChild } from '../../gateway/csp/locate.ts';
import type { CspMessage } from '../../gateway/csp/message.ts';
import {
  elementEdit,
  removeRange,
  removeTransactions,
  replaceElement,
  replaceTransactionId,
  setPoll,
  splice,
  transactionIdEdit,
} from '../../gateway/csp/splice.ts';
import { CSP_VERSIONS, type CspVersion, type Encoding } from '../../gateway/csp/versions.ts';
import { hex, wbxml } from './envelope-samples.ts';

/** Primitives whose elements lie on several tag pages, so that pages change inside and between them. */
const PRIMITIVES: readonly Element[] = [
  element('SendMessage-Request', [
    element('DeliveryReport', 'F'),
    element('MessageInfo', [element('ContentType', 'text/plain'), element('ContentSize', 5)]),
    element('ContentData', 'hallo'),
  ]),
  element('Service-Request', [
    element('ClientID', [element('URL', 'http://client.example/1')]),
    element('Functions', [element('WVCSPFeat', [element('IMFeat'), element('PresenceFeat')])]),
    element('AllFunctionsRequest', 'T'),
  ]),
  element('GetPresence-Request', [element('User', [element('UserID', 'wv:a@b.c')])]),
  element('KeepAlive-Request', [element('TimeToLive', 60)]),
];

const message = (version: CspVersion, poll?: boolean): CspMessage => ({
  version,
  sessionType: 'Inband',
  sessionId: 's1',
  transactions: PRIMITIVES.map((primitive, index) => ({ mode: 'Request', id: `t${index}`, primitive })),
  ...(poll === undefined ? {} : { poll }),
});

const CASES = CSP_VERSIONS.flatMap((version) =>
  (['xml', 'wbxml'] as const).map((encoding): [CspVersion, Encoding] => [version, encoding]),
);

const contains = (whole: Buffer, part: Buffer): boolean => whole.includes(part);

describe.each(CASES)('splicing %s %s', (version, encoding) => {
  const bytes = encodeMessage(message(version), encoding);
  const envelope = scanEnvelope(bytes, encoding);
  const meaning = (spliced: Buffer): CspMessage => decodeMessage(spliced, encoding);
  const rangeIn = (index: number, name: string): ByteRange => {
    const primitive = envelope.transactions[index]?.primitiveRange as ByteRange;
    return locateChild(bytes, encoding, version, primitive, name) as ByteRange;
  };
  const head = (range: ByteRange) => bytes.subarray(0, range.start);

  test('no edits give the same bytes', () => {
    expect(splice(bytes, encoding, [])).toEqual(bytes);
  });

  test.each([
    [0, 'DeliveryReport'],
    [0, 'MessageInfo'],
    [0, 'ContentData'],
    [1, 'ClientID'],
    [1, 'Functions'],
    [1, 'AllFunctionsRequest'],
    [2, 'User'],
    [3, 'TimeToLive'],
  ])('takes an element out of primitive %i: %s', (index, name) => {
    const range = rangeIn(index, name);
    const result = removeRange(bytes, encoding, range);
    const wanted = message(version).transactions.map((transaction, i) => ({
      ...transaction,
      primitive:
        i === index
          ? { ...transaction.primitive, children: transaction.primitive.children.filter((c) => c.name !== name) }
          : transaction.primitive,
    }));
    expect(meaning(result).transactions).toEqual(wanted);
    // The writer puts a page switch only where a tag needs one, so what is left must be just what it would have written,
    // but for an element that became empty: that has its end tag still.
    const written = encodeMessage({ ...message(version), transactions: wanted }, encoding);
    if (wanted[index]?.primitive.children.length !== 0) expect(result).toEqual(written);
    else
      expect(result.length - written.length).toBe(
        encoding === 'xml' ? (wanted[index]?.primitive.name.length ?? 0) + 2 : 1,
      );
  });

  test('puts another element in the place of one', () => {
    const range = rangeIn(1, 'Functions');
    const replacement = element('Functions', [element('WVCSPFeat', [element('GroupFeat', [element('GroupUseFunc')])])]);
    const result = replaceElement(bytes, encoding, version, range, replacement);
    expect(child(meaning(result).transactions[1]?.primitive, 'Functions')).toEqual(replacement);
    expect(meaning(result).transactions[2]).toEqual(message(version).transactions[2]);
    expect(result.subarray(0, range.start)).toEqual(head(range));
  });

  test('replaces an element by one of another page', () => {
    const replacement = element('SearchLimit', 5);
    const result = replaceElement(bytes, encoding, version, rangeIn(0, 'DeliveryReport'), replacement);
    expect(meaning(result).transactions[0]?.primitive.children).toEqual([
      replacement,
      ...(PRIMITIVES[0]?.children.slice(1) ?? []),
    ]);
    expect(meaning(result).transactions.slice(1)).toEqual(message(version).transactions.slice(1));
  });

  test.each([[[0]], [[3]], [[1, 2]], [[0, 2]], [[0, 1, 2]], [[2, 3]]])('takes transactions %p out', (indexes) => {
    const result = removeTransactions(bytes, envelope, indexes);
    const left = message(version).transactions.filter((_transaction, index) => !indexes.includes(index));
    expect(result).toEqual(encodeMessage({ ...message(version), transactions: left }, encoding));
    for (const [index, { primitiveRange }] of envelope.transactions.entries()) {
      if (indexes.includes(index)) continue;
      const { start, end } = primitiveRange;
      expect(contains(result, bytes.subarray(start, end))).toBe(true);
    }
  });

  test('refuses to take out all transactions, or ones that are not there', () => {
    expect(() => removeTransactions(bytes, envelope, [0, 1, 2, 3])).toThrow(RangeError);
    expect(() => removeTransactions(bytes, envelope, [4])).toThrow(RangeError);
  });

  test.each(['g1', 'a&<b>ü', '', 'x'.repeat(300)])('gives a transaction the id %p', (id) => {
    const result = replaceTransactionId(bytes, envelope, 2, id);
    expect(meaning(result).transactions.map((transaction) => transaction.id)).toEqual(['t0', 't1', id, 't3']);
    const range = envelope.transactions[2]?.idRange as ByteRange;
    expect(result.subarray(0, range.start)).toEqual(head(range));
    expect(result.subarray(result.length - (bytes.length - range.end))).toEqual(bytes.subarray(range.end));
  });

  test.each([true, false])('puts Poll %p in where the version has it', (poll) => {
    const result = setPoll(bytes, envelope, poll);
    expect(decodeDocument(result, encoding, version)).toEqual(
      decodeDocument(encodeMessage(message(version, poll), encoding), encoding, version),
    );
    const { start } = envelope.pollInsertAt;
    expect(result.subarray(0, start)).toEqual(bytes.subarray(0, start));
    expect(result.subarray(result.length - (bytes.length - start))).toEqual(bytes.subarray(start));
  });

  test('changes a Poll that is there', () => {
    const withPoll = encodeMessage(message(version, false), encoding);
    const before = scanEnvelope(withPoll, encoding);
    const result = setPoll(withPoll, before, true);
    expect(result.length).toBe(withPoll.length);
    expect(meaning(result)).toEqual(message(version, true));
    expect(setPoll(withPoll, before, false)).toEqual(withPoll);
  });

  test('several edits in one pass, in any order', () => {
    const edits = [
      { range: rangeIn(1, 'ClientID') },
      elementEdit(encoding, version, envelope.pollInsertAt, element('Poll', true)),
      transactionIdEdit(bytes, envelope, 0, 'new'),
      { range: rangeIn(0, 'ContentData') },
      { range: (envelope.transactions[2] as { range: ByteRange }).range },
    ];
    const { poll, transactions } = meaning(splice(bytes, encoding, edits));
    expect(poll).toBe(true);
    expect(transactions.map(({ id }) => id)).toEqual(['new', 't1', 't3']);
    expect(transactions[0]?.primitive.children.map(({ name }) => name)).toEqual(['DeliveryReport', 'MessageInfo']);
    expect(transactions[1]?.primitive.children.map(({ name }) => name)).toEqual(['Functions', 'AllFunctionsRequest']);
    expect(transactions[2]?.primitive).toEqual(PRIMITIVES[3]);
  });

  test('an insertion right behind what is taken out', () => {
    const last = envelope.transactions[3]?.range as ByteRange;
    const behind = { start: last.end, end: last.end, pageAtStart: last.pageAtEnd, pageAtEnd: last.pageAtEnd };
    const result = splice(bytes, encoding, [
      { range: last },
      elementEdit(encoding, version, behind, element('Poll', true)),
    ]);
    expect(meaning(result)).toMatchObject({ poll: true, transactions: message(version).transactions.slice(0, 3) });
  });

  test('edits that overlap are refused', () => {
    const { range, primitiveRange } = envelope.transactions[0] as { range: ByteRange; primitiveRange: ByteRange };
    expect(() => splice(bytes, encoding, [{ range }, { range: primitiveRange }])).toThrow(RangeError);
  });
});

describe('page switches in WBXML', () => {
  const bare = wbxml({ transactionDescriptor: '76 80 20 01' });

  test('an id is put in where there was none', () => {
    const result = replaceTransactionId(bare, scanEnvelope(bare, 'wbxml'), 0, '9');
    expect(result).toEqual(wbxml({ transactionDescriptor: "76 80 20 01 75 03 '9' 00 01" }));
  });

  test('a switch is put in before a tag of another page, never before an END', () => {
    const envelope = scanEnvelope(bare, 'wbxml');
    const result = setPoll(bare, envelope, true);
    // The primitive left page 1 in force; Poll is of page 0, and nothing but ENDs follows.
    expect(result.toString('hex')).toContain(hex('01 01 01 00 00 61 80 2C 01 01 01').toString('hex'));
    expect(result.length).toBe(bare.length + 6);
  });

  test('the switches around an element go with it', () => {
    const bytes = wbxml({ content: '00 01 5B 00 00 0D 00 01 72 C3 01 3C 01 01' });
    const primitive = scanEnvelope(bytes, 'wbxml').transactions[0]?.primitiveRange as ByteRange;
    const content = locateChild(bytes, 'wbxml', '1.2', primitive, 'ContentData') as ByteRange;
    expect(removeRange(bytes, 'wbxml', content)).toEqual(wbxml({ content: '00 01 5B 72 C3 01 3C 01 01' }));
  });

  test('octets that only look like a switch stay', () => {
    // The end of a text and an END, behind which page 1 begins: 00 01 without being a switch.
    const bytes = wbxml({ content: "00 01 5B 70 03 'a' 00 01 72 C3 01 3C 01 01" });
    const primitive = scanEnvelope(bytes, 'wbxml').transactions[0]?.primitiveRange as ByteRange;
    const time = locateChild(bytes, 'wbxml', '1.2', primitive, 'TimeToLive') as ByteRange;
    expect(removeRange(bytes, 'wbxml', time)).toEqual(wbxml({ content: "00 01 5B 70 03 'a' 00 01 01" }));
  });
});
