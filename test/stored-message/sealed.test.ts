/** What is sealed of a kept message comes back as it was, and nothing else comes back as something. */
import { describe, expect, test } from '@jest/globals';
import { element } from '../../gateway/csp/element.ts';
import {
  contentBytes,
  contentText,
  envelopeText,
  notificationText,
  readContent,
  readEnvelope,
  readNotification,
} from '../../gateway/stored-message/sealed.ts';
import { envelope, FULL_INFO, SENT_ID, TEXT, user } from './letters.ts';

describe('an envelope', () => {
  test.each([
    ['of a message', envelope()],
    ['of a report', { ...envelope(), outcome: { code: 542, description: 'Expired', at: 1_800_000_000_000 } }],
    ['with attributes', envelope({ ...FULL_INFO, attributes: { xmlns: 'x', 'a:b': '"' } })],
    ['of one who wants no report', { ...envelope(), wantsReport: false }],
  ])('%s comes back as it was', (_what, written) => {
    expect(readEnvelope(envelopeText(written))).toEqual(written);
  });

  test('takes little more than its texts', () => {
    const info = element('MessageInfo', [element('Sender', [user('wv:a@b')])]);
    expect(envelopeText(envelope(info))).toBe(
      `{"sentId":"${SENT_ID}","info":["MessageInfo",[["Sender",[["User",[["UserID","wv:a@b"]]]]]]],"wantsReport":true}`,
    );
  });

  const deep = '["a",['.repeat(40) + ']]'.repeat(40);
  test.each([
    'no JSON',
    'null',
    '[]',
    '{}',
    '{"sentId":"s","wantsReport":true}',
    '{"sentId":"s","wantsReport":true,"info":["MessageInfo",[]]}',
    '{"sentId":"s","wantsReport":true,"info":["ContentData",[["Sender",""]]]}',
    '{"sentId":1,"wantsReport":true,"info":["MessageInfo",[["Sender",""]]]}',
    '{"sentId":"s","wantsReport":1,"info":["MessageInfo",[["Sender",""]]]}',
    '{"sentId":"s","wantsReport":true,"info":["MessageInfo",[["Sender",1]]]}',
    '{"sentId":"s","wantsReport":true,"info":["MessageInfo",[["Sender","",{"xmlns":1}]]]}',
    `{"sentId":"s","wantsReport":true,"info":["MessageInfo",[["Sender",""],${deep}]]}`,
    '{"sentId":"s","wantsReport":true,"info":["MessageInfo",[["Sender",""]]],"outcome":{"code":"x"}}',
    '{"sentId":"s","wantsReport":true,"info":["MessageInfo",[["Sender",""]]],"outcome":7}',
  ])('%s is none', (text) => {
    expect(readEnvelope(text)).toBeUndefined();
  });
});

describe('a content', () => {
  test('comes back as it was', () => {
    expect(readContent(contentText(TEXT))).toEqual(TEXT);
  });

  test.each(['', '"x"', '["MessageInfo",""]', '["ContentData"]', '[["ContentData"],""]'])('%s is none', (text) => {
    expect(readContent(text)).toBeUndefined();
  });

  test('counts its bytes, not its characters', () => {
    expect(contentBytes(TEXT)).toBe(7);
    expect(contentBytes(undefined)).toBe(0);
  });
});

describe('whom to tell', () => {
  test('comes back as it was', () => {
    const content = { to: 'wv:carol@im.example', sender: 'wv:alice@im.example' };
    expect(readNotification(notificationText(content))).toEqual(content);
  });

  test.each(['', 'null', '{"to":"a"}', '{"to":"a","sender":1}'])('%s is nobody', (text) => {
    expect(readNotification(text)).toBeUndefined();
  });
});
