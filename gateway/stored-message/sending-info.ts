/**
 * A sender's MessageInfo on its way into a mailbox [P4.4, X60]: with a Sender that is known to be true, for one recipient
 * alone, and without what is the gateway's to say, MessageID and Validity.
 */
import { dateTime } from '../csp/date-time.ts';
import { child, childText, type Element, element, withChildren } from '../csp/element.ts';

/** In the order of the content model of 1.3, which is that of 1.1 and 1.2 with more in between. */
const ORDER = [
  'MessageID',
  'MessageURI',
  'ContentType',
  'ContentEncoding',
  'ContentSize',
  'ContentName',
  'Recipient',
  'Sender',
  'DateTime',
  'Font',
  'Validity',
  'ExtBlockETEM',
];

const GATEWAYS: ReadonlySet<string> = new Set(['MessageID', 'Validity']);

/** The user id in the Sender; undefined where there is none. `group`: the message is from somebody by a screen name. */
export function writtenSender(info: Element | undefined): string | undefined | 'group' {
  const sender = child(info, 'Sender');
  if (child(sender, 'Group') !== undefined) return 'group';
  return childText(child(sender, 'User'), 'UserID') || undefined;
}

/** With this user as Sender, what else the client said of itself kept, and without recipients. */
export function infoFrom(info: Element, userId: string): Element {
  const others = child(child(info, 'Sender'), 'User')?.children.filter(({ name }) => name !== 'UserID') ?? [];
  const sender = element('Sender', [element('User', [element('UserID', userId), ...others])]);
  return inOrder(info, [...info.children.filter(({ name }) => name !== 'Sender' && name !== 'Recipient'), sender]);
}

/** As one recipient is to get it. @param now when it was sent, where the sender does not say it: wall-clock milliseconds */
export function infoTo(info: Element, userId: string, now: number): Element {
  const recipient = element('Recipient', [element('User', [element('UserID', userId)])]);
  const sentAt = childText(info, 'DateTime') ? [] : [element('DateTime', dateTime(now))];
  const replaced = new Set(['Recipient', ...sentAt.map(({ name }) => name)]);
  const kept = info.children.filter(({ name }) => !GATEWAYS.has(name) && !replaced.has(name));
  return inOrder(info, [...kept, recipient, ...sentAt]);
}

function inOrder(info: Element, parts: readonly Element[]): Element {
  const place = ({ name }: Element): number => {
    const at = ORDER.indexOf(name);
    return at === -1 ? ORDER.length : at;
  };
  return withChildren(
    info,
    parts.toSorted((one, other) => place(one) - place(other)),
  );
}
