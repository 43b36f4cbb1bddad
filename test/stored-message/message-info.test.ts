/** What a recipient of each version is shown of a message, in both encodings. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeMessage, encodeMessage } from '../../gateway/csp/codec.ts';
import { type Element, element } from '../../gateway/csp/element.ts';
import { CSP_VERSIONS, type CspVersion, type Encoding } from '../../gateway/csp/versions.ts';
import { messageInfoFor } from '../../gateway/stored-message/message-info.ts';
import {
  deliveryReport,
  getMessageResponse,
  messageNotification,
  newMessage,
} from '../../gateway/stored-message/primitives.ts';
import { contentBytes } from '../../gateway/stored-message/sealed.ts';
import { lines, withoutAttributes } from '../csp/trees.ts';
import { scaled } from '../scale.ts';
import { envelope, FULL_INFO, ID, SENT_ID, TEXT, user } from './letters.ts';

const NOW = Date.UTC(2026, 10, 23, 12, 0, 0);
const KEPT = { id: ID, storedAt: NOW - 3_600_000, expiresAt: NOW + 90_400, bytes: contentBytes(TEXT) };

function infoFor(version: CspVersion, info: Element = FULL_INFO): Element {
  return messageInfoFor(envelope(info), KEPT, version, NOW);
}

/** What a client reads of a primitive. */
function read(primitive: Element, version: CspVersion, encoding: Encoding): Element {
  const bytes = written(primitive, version, encoding);
  const [transaction] = decodeMessage(bytes, encoding).transactions;
  if (transaction === undefined) throw new Error('nothing was read');
  return withoutAttributes(transaction.primitive);
}

function written(primitive: Element, version: CspVersion, encoding: Encoding): Buffer {
  const transactions = [{ mode: 'Request' as const, id: 'sb000001-x', primitive }];
  return encodeMessage({ version, sessionType: 'Inband', sessionId: 's1', transactions }, encoding);
}

describe('the MessageInfo of a kept message', () => {
  const until12 = [
    '/MessageInfo',
    `/MessageInfo/MessageID: sapgw.mail.${ID}`,
    '/MessageInfo/MessageURI: http://im.example/m/1',
    '/MessageInfo/ContentType: text/plain; charset=utf-8',
    '/MessageInfo/ContentEncoding: None',
    '/MessageInfo/ContentSize: 7',
    '/MessageInfo/Recipient',
    '/MessageInfo/Recipient/User',
    '/MessageInfo/Recipient/User/UserID: wv:carol@im.example',
    '/MessageInfo/Sender',
    '/MessageInfo/Sender/User',
    '/MessageInfo/Sender/User/UserID: wv:alice@im.example',
    '/MessageInfo/Sender/User/ClientID',
    '/MessageInfo/Sender/User/ClientID/URL: http://im.example/client',
    '/MessageInfo/DateTime: 20261120T101112Z',
    '/MessageInfo/Validity: 91',
  ];

  test.each(['1.1', '1.2'] as const)('for a recipient of %s has nothing of 1.3', (version) => {
    expect(lines(infoFor(version))).toEqual(until12);
  });

  test('for a recipient of 1.3 has everything, in the order of the model', () => {
    expect(lines(infoFor('1.3'))).toEqual([
      ...until12.slice(0, 6),
      '/MessageInfo/ContentName: greeting.txt',
      ...until12.slice(6, 9),
      '/MessageInfo/Recipient/User/FriendlyName: Carol',
      ...until12.slice(9, 12),
      '/MessageInfo/Sender/User/FriendlyName: Alice',
      ...until12.slice(12, 14),
      '/MessageInfo/Sender/User/ApplicationID: chess',
      '/MessageInfo/DateTime: 20261120T101112Z',
      '/MessageInfo/Font',
      '/MessageInfo/Font/Size: Big',
      '/MessageInfo/Font/Style: Bold',
      '/MessageInfo/Font/Style: Italic',
      '/MessageInfo/Font/Color: Navy',
      '/MessageInfo/Validity: 91',
      '/MessageInfo/ExtBlockETEM',
      '/MessageInfo/ExtBlockETEM/Vendor: x',
    ]);
  });

  test('says what its sender left out', () => {
    const bare = element('MessageInfo', [
      element('Sender', [user('wv:alice@im.example')]),
      element('Recipient', [user('wv:carol@im.example')]),
    ]);
    expect(lines(infoFor('1.1', bare))).toEqual([
      '/MessageInfo',
      `/MessageInfo/MessageID: sapgw.mail.${ID}`,
      '/MessageInfo/ContentType: text/plain',
      '/MessageInfo/ContentSize: 7',
      '/MessageInfo/Recipient',
      '/MessageInfo/Recipient/User',
      '/MessageInfo/Recipient/User/UserID: wv:carol@im.example',
      '/MessageInfo/Sender',
      '/MessageInfo/Sender/User',
      '/MessageInfo/Sender/User/UserID: wv:alice@im.example',
      '/MessageInfo/DateTime: 20261123T110000Z',
      '/MessageInfo/Validity: 91',
    ]);
  });

  test('takes no id, life or size from its sender', () => {
    const lying = element('MessageInfo', [
      element('MessageID', 'mine'),
      element('Validity', 4_000_000_000),
      element('ContentSize', 1),
      ...FULL_INFO.children.filter(({ name }) => name !== 'ContentSize'),
    ]);
    expect(lines(infoFor('1.3', lying))).toEqual(lines(infoFor('1.3')));
  });

  test.each([
    ['BASE64', '6', '6'],
    ['base64', '9', '8'],
    ['BASE64', 'many', '8'],
    ['None', '6', '8'],
  ])('of a content in %s that its sender counted as %s has the size %s', (encoding, said, size) => {
    const info = element('MessageInfo', [
      element('ContentEncoding', encoding),
      element('ContentSize', said),
      element('Sender', [user('wv:alice@im.example')]),
    ]);
    const shown = messageInfoFor(envelope(info), { ...KEPT, bytes: 8 }, '1.2', NOW);
    expect(lines(shown)).toContain(`/MessageInfo/ContentSize: ${size}`);
  });

  test('has no time left below zero', () => {
    const late = messageInfoFor(envelope(), { ...KEPT, expiresAt: NOW - 5_000 }, '1.1', NOW);
    expect(lines(late)).toContain('/MessageInfo/Validity: 0');
  });
});

describe('the primitives of a kept message', () => {
  const report = { ...envelope(), outcome: { code: 538, description: 'Rejected', at: NOW } };
  const namespaced = { ...TEXT, attributes: { xmlns: 'http://www.openmobilealliance.org/DTD/IMPS-TRC1.3' } };

  test.each(CSP_VERSIONS.flatMap((version) => [[version, 'xml'] as const, [version, 'wbxml'] as const]))(
    'are read as they are by a client of %s in %s',
    (version, encoding) => {
      const info = infoFor(version);
      for (const primitive of [
        newMessage(info, TEXT),
        newMessage(info, undefined),
        messageNotification(info),
        getMessageResponse(info, TEXT),
        deliveryReport(report, version),
      ]) {
        expect(lines(read(primitive, version, encoding))).toEqual(lines(primitive));
      }
    },
  );

  test('declare no namespace of their sender', () => {
    expect(written(newMessage(infoFor('1.1'), namespaced), '1.1', 'wbxml')).toEqual(
      written(newMessage(infoFor('1.1'), TEXT), '1.1', 'wbxml'),
    );
  });

  test('report on a message under the id that its sender was told, in the direction that it went', () => {
    const told = lines(deliveryReport(report, '1.2'));
    expect(told.slice(0, 6)).toEqual([
      '/DeliveryReport-Request',
      '/DeliveryReport-Request/Result',
      '/DeliveryReport-Request/Result/Code: 538',
      '/DeliveryReport-Request/Result/Description: Rejected',
      '/DeliveryReport-Request/DeliveryTime: 20261123T120000Z',
      '/DeliveryReport-Request/MessageInfo',
    ]);
    expect(told).toContain(`/DeliveryReport-Request/MessageInfo/MessageID: ${SENT_ID}`);
    expect(told).toContain('/DeliveryReport-Request/MessageInfo/Recipient/User/UserID: wv:carol@im.example');
    expect(told).toContain('/DeliveryReport-Request/MessageInfo/Sender/User/UserID: wv:alice@im.example');
    expect(told.join()).not.toContain('Validity');
    expect(lines(deliveryReport(report, '1.1')).join()).not.toContain('DeliveryTime');
  });
});

/** MessageInfos as odd senders write them: any order, things left out, things twice, things that no model has. */
const anyText = fc.string({ unit: fc.constantFrom('a', 'Z', '0', ' ', '<', '&', 'é', '😀', ']', '\n'), maxLength: 12 });
const names = fc.constantFrom(
  ...['MessageID', 'MessageURI', 'ContentType', 'ContentEncoding', 'ContentSize', 'ContentName', 'Recipient', 'Sender'],
  ...['DateTime', 'Font', 'Validity', 'ExtBlockETEM', 'User', 'UserID', 'FriendlyName', 'ClientID', 'ApplicationID'],
  ...[
    'URL',
    'MSISDN',
    'Group',
    'GroupID',
    'ScreenName',
    'SName',
    'ContactList',
    'Size',
    'Style',
    'Color',
    'Vendor-Thing',
  ],
);
const { tree } = fc.letrec<{ tree: Element }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.tuple(names, anyText).map(([name, text]) => element(name, text)),
    fc.tuple(names, fc.array(tie('tree'), { minLength: 1, maxLength: 6 })).map(([name, parts]) => element(name, parts)),
  ),
}));
const anyInfo = fc
  .array(tree, { maxLength: 14 })
  .map((parts) => element('MessageInfo', [...parts, ...FULL_INFO.children]));

/** Names that stand nowhere in a MessageInfo before 1.3. */
const ONLY_1_3 = /\/(ContentName|Font|ExtBlockETEM|FriendlyName|ApplicationID|Vendor-Thing)\b/;

test('whatever a sender of 1.3 wrote, clients of every version read it in both encodings', () => {
  const seed = 20261123;
  fc.assert(
    fc.property(anyInfo, anyText, (info, text) => {
      for (const version of CSP_VERSIONS) {
        const shown = infoFor(version, info);
        const primitive = newMessage(shown, element('ContentData', text));
        expect(shown.children.filter(({ name }) => name === 'MessageID').map((id) => id.text)).toEqual([
          `sapgw.mail.${ID}`,
        ]);
        expect(shown.children.some(({ name }) => name === 'Sender')).toBe(true);
        if (version !== '1.3') {
          expect(lines(shown).filter((line) => ONLY_1_3.test(line.split(':', 1)[0] ?? ''))).toEqual([]);
          // The fourth octet is the length of the string table, which holds what has no token.
          expect(written(primitive, version, 'wbxml')[3]).toBe(0);
        }
        for (const encoding of ['xml', 'wbxml'] as const) {
          expect(lines(read(primitive, version, encoding))).toEqual(lines(withoutAttributes(primitive)));
        }
      }
    }),
    { numRuns: scaled(300, 20_000), seed },
  );
});
