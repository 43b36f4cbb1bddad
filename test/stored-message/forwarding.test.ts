/** A kept message that its recipient sends on, as the VASP gets it, and what the client hears. */
import { describe, expect, test } from '@jest/globals';
import { element } from '../../gateway/csp/element.ts';
import { result, status } from '../../gateway/csp/status.ts';
import { CSP_VERSIONS } from '../../gateway/csp/versions.ts';
import { forwardAnswer, forwardedMessage } from '../../gateway/stored-message/forwarding.ts';
import { messageInfoFor } from '../../gateway/stored-message/message-info.ts';
import { lines } from '../csp/trees.ts';
import { envelope, ID, TEXT, user } from './letters.ts';

const KEPT = { id: ID, storedAt: 0, expiresAt: 1_000, bytes: 7 };
const kept = { id: ID, info: messageInfoFor(envelope(), KEPT, '1.1', 0), content: TEXT };
const TO_DAVE = element('Recipient', [user('wv:dave@im.example')]);

describe('the message', () => {
  test('goes to whom the client names, from the one who had it', () => {
    const request = element('ForwardMessage-Request', [element('MessageID', 'x'), TO_DAVE]);
    const message = forwardedMessage(request, kept);
    expect(message === undefined ? [] : lines(message).map((line) => line.replace('/SendMessage-Request', ''))).toEqual(
      [
        '',
        '/DeliveryReport: F',
        '/MessageInfo',
        '/MessageInfo/MessageURI: http://im.example/m/1',
        '/MessageInfo/ContentType: text/plain; charset=utf-8',
        '/MessageInfo/ContentEncoding: None',
        '/MessageInfo/ContentSize: 7',
        '/MessageInfo/Recipient',
        '/MessageInfo/Recipient/User',
        '/MessageInfo/Recipient/User/UserID: wv:dave@im.example',
        '/MessageInfo/Sender',
        '/MessageInfo/Sender/User',
        '/MessageInfo/Sender/User/UserID: wv:carol@im.example',
        '/ContentData: Grüße',
      ],
    );
  });

  test('is from whom a client of 1.3 says', () => {
    const sender = element('Sender', [user('wv:carol@im.example', element('FriendlyName', 'C'))]);
    const request = element('ForwardMessage-Request', [element('MessageID', 'x'), sender, TO_DAVE]);
    const message = forwardedMessage(request, kept);
    expect(message?.children[1]?.children).toContainEqual(sender);
  });

  test.each([[[]], [[element('Recipient')]]])('is none when it goes to nobody', (more) => {
    expect(
      forwardedMessage(element('ForwardMessage-Request', [element('MessageID', 'x'), ...more]), kept),
    ).toBeUndefined();
  });
});

describe('the client', () => {
  const sent = element('SendMessage-Response', [result(200), element('MessageID', 'v9')]);

  test.each(CSP_VERSIONS)('of %s hears of success in the words of its version', (version) => {
    expect(forwardAnswer(sent, 200, version)).toEqual(
      version === '1.3' ? element('ForwardMessage-Response', [element('MessageID', 'v9')]) : status(200),
    );
    expect(forwardAnswer(element('SendMessage-Response', [result(200)]), 200, version)).toEqual(status(200));
  });

  test.each(CSP_VERSIONS)('of %s hears in full that some did not get it', (version) => {
    const detail = element('DetailedResult', [element('Code', 531), element('UserID', 'wv:nobody')]);
    const partly = element('SendMessage-Response', [result(201, 'Partly', detail), element('MessageID', 'v9')]);
    expect(forwardAnswer(partly, 201, version)).toEqual(element('Status', [result(201, 'Partly', detail)]));
  });

  test('hears why nobody got it', () => {
    expect(forwardAnswer(status(532, 'Blocked'), 532, '1.3')).toEqual(status(532, 'Blocked'));
    expect(forwardAnswer(undefined, 503, '1.1')).toEqual(status(503));
  });
});
