/**
 * A kept message sent on by its recipient [X63]: the VASP, which does not have it, gets it as a new message of this user's,
 * and what it says of that becomes the answer to the ForwardMessage-Request [P4.4].
 */
import { child, childText, type Element, element, withChildren } from '../csp/element.ts';
import { result, STATUS, status } from '../csp/status.ts';
import { type CspVersion, isAtLeast } from '../csp/versions.ts';
import type { KeptMessage } from '../mailbox-ports.ts';

/** What belongs to the message as it was sent before, not to the one that is sent now. */
const OF_THE_OLD_ONE: ReadonlySet<string> = new Set(['MessageID', 'DateTime', 'Validity']);

/**
 * The SendMessage-Request to whom the client named. The Sender is whom the client says it is, which 1.3 lets it do, else the
 * one to whom the kept message was sent; the content keeps its encoding.
 * @returns undefined: the client named nobody
 */
export function forwardedMessage(request: Element, { info, content }: KeptMessage): Element | undefined {
  const recipient = child(request, 'Recipient');
  if (recipient === undefined || recipient.children.length === 0) return undefined;
  const sender = child(request, 'Sender') ?? asSender(child(info, 'Recipient'));
  const parts = info.children.flatMap((part): readonly (Element | undefined)[] => {
    if (OF_THE_OLD_ONE.has(part.name)) return [];
    if (part.name === 'Recipient') return [recipient];
    return [part.name === 'Sender' ? sender : part];
  });
  return element('SendMessage-Request', [element('DeliveryReport', false), element('MessageInfo', parts), content]);
}

function asSender(recipient: Element | undefined): Element | undefined {
  const user = child(recipient, 'User');
  return user === undefined ? undefined : element('Sender', [withChildren(user, user.children.filter(isUserId))]);
}

function isUserId({ name }: Element): boolean {
  return name === 'UserID';
}

/**
 * What tells the client. 1.3 has an answer of its own, which has no place for a Result.
 * @param answer the VASP's; undefined: it gave none
 */
export function forwardAnswer(answer: Element | undefined, code: number, version: CspVersion): Element {
  const messageId = childText(answer, 'MessageID') ?? '';
  if (code === STATUS.OK) {
    const hasOwnAnswer = isAtLeast(version, '1.3') && messageId !== '';
    return hasOwnAnswer ? element('ForwardMessage-Response', [element('MessageID', messageId)]) : status(STATUS.OK);
  }
  const said = child(answer, 'Result');
  const details = said?.children.filter(({ name }) => name === 'DetailedResult') ?? [];
  return element('Status', [result(code, childText(said, 'Description'), ...details)]);
}
