/** The primitives in which kept messages, and word of what became of them, go to clients [P4.4]. */
import { dateTime } from '../csp/date-time.ts';
import { type Element, element } from '../csp/element.ts';
import { result } from '../csp/status.ts';
import { type CspVersion, isAtLeast } from '../csp/versions.ts';
import type { MessageEnvelope } from '../mailbox-ports.ts';
import { reportedInfo } from './message-info.ts';

/** @param info as `messageInfoFor` makes it */
export function newMessage(info: Element, content: Element | undefined): Element {
  return element('NewMessage', [info, plain(content)]);
}

/** Tells of a message that the client may get. */
export function messageNotification(info: Element): Element {
  return element('MessageNotification', [info]);
}

export function getMessageResponse(info: Element, content: Element | undefined): Element {
  return element('GetMessage-Response', [info, plain(content)]);
}

/** Tells a sender what became of a message: 200 taken, 538 rejected or blocked, 541 forwarded, 542 expired [P6]. */
export function deliveryReport(envelope: MessageEnvelope, version: CspVersion): Element {
  const { outcome } = envelope;
  if (outcome === undefined) throw new TypeError('a delivery report without an outcome is to be sent');
  return element('DeliveryReport-Request', [
    result(outcome.code, outcome.description),
    // 1.1 has no place for it.
    isAtLeast(version, '1.2') ? element('DeliveryTime', dateTime(outcome.at)) : undefined,
    reportedInfo(envelope, version),
  ]);
}

/** Without attributes: a namespace that the sender declared may be none that the recipient's version has. */
function plain(content: Element | undefined): Element | undefined {
  return content === undefined ? undefined : { name: content.name, children: content.children, text: content.text };
}
