/** The text messages of a conversation as they stand in the protocol [P4.4]: to the user, and from the user. */
import { dateTime } from '../csp/date-time.ts';
import { child, children, childText, type Element, element } from '../csp/element.ts';
import { readUserId } from '../policy/user-id.ts';

export interface TextMessage {
  readonly messageId: string;
  /** User ids. */
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** Wall-clock milliseconds. */
  readonly at: number;
}

export function messageInfo({ messageId, from, to, text, at }: TextMessage): Element {
  return element('MessageInfo', [
    element('MessageID', messageId),
    element('ContentType', 'text/plain'),
    element('ContentEncoding', 'None'),
    element('ContentSize', Buffer.byteLength(text)),
    element('Recipient', [userElement(to)]),
    element('Sender', [userElement(from)]),
    element('DateTime', dateTime(at)),
  ]);
}

/** `name` is NewMessage or GetMessage-Response: they hold the same. */
export function withContent(name: 'NewMessage' | 'GetMessage-Response', message: TextMessage): Element {
  return element(name, [messageInfo(message), element('ContentData', message.text)]);
}

function userElement(userId: string): Element {
  return element('User', [element('UserID', userId)]);
}

/** The text of a SendMessage-Request. */
export function sentText(request: Element): string {
  const text = child(request, 'ContentData')?.text ?? '';
  const encoding = childText(child(request, 'MessageInfo'), 'ContentEncoding')?.toUpperCase();
  return encoding === 'BASE64' ? Buffer.from(text, 'base64').toString('utf8') : text;
}

/** The gateway's own address in a conversation: the configured one, else one of the user's own domain. */
export function serviceContactFor(configured: string | undefined, userId: string): string {
  if (configured !== undefined) return configured;
  const { domain } = readUserId(userId);
  return domain === '' ? 'wv:service' : `wv:service@${domain}`;
}

/** Whether a SendMessage-Request goes to the service contact and to nobody else. */
export function goesOnlyTo(serviceContact: string, request: Element): boolean {
  return goesTo(serviceContact, request) === 'contact';
}

/** Whom a SendMessage-Request goes to. */
export function goesTo(serviceContact: string, request: Element): 'contact' | 'contact-and-others' | 'others' {
  const own = readUserId(serviceContact);
  const recipients = child(child(request, 'MessageInfo'), 'Recipient')?.children ?? [];
  const toContact = recipients.filter((recipient) => {
    const ids = recipient.name === 'User' ? children(recipient, 'UserID') : [];
    return ids.some(({ text }) => {
      const named = readUserId(text);
      return named.bare === own.bare || (named.domain === '' && named.name === own.name);
    });
  });
  if (toContact.length === 0) return 'others';
  return toContact.length === recipients.length ? 'contact' : 'contact-and-others';
}
