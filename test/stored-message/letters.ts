/** Messages for the tests of kept messages, as a sender of 1.3 writes them. */
import { type Element, element } from '../../gateway/csp/element.ts';
import type { MessageEnvelope } from '../../gateway/mailbox-ports.ts';

export const ID = 'AAAAAAAAAAAAAAAAAAAAAA';
export const SENT_ID = 'sapgw.mail.SSSSSSSSSSSSSSSSSSSSSS';

export function user(userId: string, ...more: readonly Element[]): Element {
  return element('User', [element('UserID', userId), ...more]);
}

/** With everything that the content model of 1.3 has. */
export const FULL_INFO = element('MessageInfo', [
  element('MessageURI', 'http://im.example/m/1'),
  element('ContentType', 'text/plain; charset=utf-8'),
  element('ContentEncoding', 'None'),
  element('ContentSize', 5),
  element('ContentName', 'greeting.txt'),
  element('Recipient', [user('wv:carol@im.example', element('FriendlyName', 'Carol'))]),
  element('Sender', [
    user(
      'wv:alice@im.example',
      element('FriendlyName', 'Alice'),
      element('ClientID', [element('URL', 'http://im.example/client')]),
      element('ApplicationID', 'chess'),
    ),
  ]),
  element('DateTime', '20261120T101112Z'),
  element('Font', [
    element('Size', 'Big'),
    element('Style', 'Bold'),
    element('Style', 'Italic'),
    element('Color', 'Navy'),
  ]),
  element('ExtBlockETEM', [element('Vendor', 'x')]),
]);

export function envelope(info: Element = FULL_INFO): MessageEnvelope {
  return { sentId: SENT_ID, info, wantsReport: true };
}

export const TEXT = element('ContentData', 'Grüße');
