/**
 * What the server has for a client: one primitive a poll, under a TransactionID of the server's, until nothing waits
 * [P8.1]. A NewMessage that is not acknowledged is sent again under a new id; everything else is sent once.
 */
import { type Element, element } from '../csp/element.ts';
import type { Transaction } from '../csp/message.ts';
import type { CspVersion } from '../csp/versions.ts';
import { findMessage, messageInfo } from './messages.ts';
import { presenceOf } from './presence.ts';
import type { SandboxSession, SandboxState, Waiting } from './state.ts';

/** The next primitive for the client, as a Request of the server; undefined when nothing waits. */
export function nextForClient(
  state: SandboxState,
  session: SandboxSession,
  version: CspVersion,
): Transaction | undefined {
  sendAgain(state, session);
  for (let waiting = session.waiting.shift(); waiting !== undefined; waiting = session.waiting.shift()) {
    const primitive = build(state, session, waiting, version);
    if (primitive === undefined) continue;
    const id = state.nextTransactionId();
    session.outstanding.set(id, { waiting, sentAt: state.now() });
    return { mode: 'Request', id, primitive };
  }
  return undefined;
}

/** Whether the Poll flag is T: something can be polled now. */
export function somethingWaits(state: SandboxState, session: SandboxSession): boolean {
  sendAgain(state, session);
  return session.waiting.some(
    (waiting) => waiting.kind !== 'message' || findMessage(state, session.user, waiting.messageId) !== undefined,
  );
}

/** The client's acknowledgement of a primitive; true when one was waiting for it. */
export function acknowledge(session: SandboxSession, transactionId: string): boolean {
  return session.outstanding.delete(transactionId);
}

function build(
  state: SandboxState,
  session: SandboxSession,
  waiting: Waiting,
  version: CspVersion,
): Element | undefined {
  switch (waiting.kind) {
    case 'primitive':
      return waiting.build(version);
    case 'presence': {
      const presence = presenceOf(waiting.of, session.user, waiting.attributes, version);
      return element('PresenceNotification-Request', [presence]);
    }
    case 'message': {
      const message = findMessage(state, session.user, waiting.messageId);
      if (message === undefined) return undefined;
      const info = messageInfo(message, state.now());
      const push = session.deliveryMethod === 'P' && message.contentBytes <= session.pushLimitBytes;
      return push ? element('NewMessage', [info, message.content]) : element('MessageNotification', [info]);
    }
  }
}

/** Puts messages that were sent long ago and never acknowledged back to the head of the queue. */
function sendAgain(state: SandboxState, session: SandboxSession): void {
  const late: Waiting[] = [];
  const sentBefore = state.now() - state.settings.redeliverAfterMillis;
  for (const [id, { waiting, sentAt }] of session.outstanding) {
    if (sentAt > sentBefore) break;
    session.outstanding.delete(id);
    if (waiting.kind === 'message') late.push(waiting);
  }
  if (late.length > 0) session.waiting.unshift(...late);
}
