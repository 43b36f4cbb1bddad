/**
 * What a client polls in a conversation, and what it may fetch by its MessageID: the messages that wait, each again after a
 * while until the client says that it has it, and at last the end of the session [X21, P8.1].
 */

import { pagesOf } from '../../conversation/question-text.ts';
import { messageInfo, serviceContactFor, type TextMessage, withContent } from '../../conversation/text-messages.ts';
import { type Element, element } from '../../csp/element.ts';
import type { Transaction } from '../../csp/message.ts';
import { result, STATUS, status } from '../../csp/status.ts';
import { type AskingParts, markSent, shownQuestion, wordsOf } from './asking.ts';
import type { WaitingMessage, WaitingSession } from './waiting-sessions.ts';

/** How long a message waits for its MessageDelivered before it goes out again: some phones would show it twice [P1.3]. */
const SEND_AGAIN_MILLIS = 60_000;
const TRANSACTION_ID_BYTES = 6;

/** A session after a poll, and what the poll brought; undefined: nothing. */
export interface Polled {
  readonly session: WaitingSession;
  readonly answer?: Transaction;
}

/** What the next poll brings: the end of the session before anything else. */
export function nextToSend(parts: AskingParts, session: WaitingSession): WaitingMessage | 'disconnect' | undefined {
  if (session.ending !== undefined) return session.disconnectId === undefined ? 'disconnect' : undefined;
  const sentBefore = parts.clock.wall() - SEND_AGAIN_MILLIS;
  return session.waiting.find(({ sent }) => sent === undefined || sent.at <= sentBefore);
}

export function poll(parts: AskingParts, session: WaitingSession): Polled {
  const next = nextToSend(parts, session);
  if (next === undefined) return { session };
  const transactionId = Buffer.from(parts.secrets.randomBytes(TRANSACTION_ID_BYTES)).toString('base64url');
  if (next === 'disconnect') {
    const primitive = element('Disconnect', [result(STATUS.FORCED_LOGOUT, session.ending)]);
    return {
      session: { ...session, disconnectId: transactionId },
      answer: { mode: 'Request', id: transactionId, primitive },
    };
  }
  const texts = textsOf(parts, session, next);
  const after = markSent(parts, session, next, { ...texts, transactionId });
  const primitive = withContent('NewMessage', textMessage(parts, session, next, texts.text));
  return { session: after, answer: { mode: 'Request', id: transactionId, primitive } };
}

/** @returns the text of a waiting message, how many there are together, and their language. */
function textsOf(
  parts: AskingParts,
  session: WaitingSession,
  { about, page }: WaitingMessage,
): { readonly text: string; readonly pages: number; readonly language: string } {
  const shown = shownQuestion(parts, session);
  if (shown === undefined) return { text: wordsOf(session).questionIsGone, pages: 1, language: '' };
  const pages = pagesOf(about, shown.message, shown.words, session.contentBytes);
  return { text: pages[Math.min(page, pages.length - 1)] ?? '', pages: pages.length, language: shown.language };
}

function textMessage(
  parts: AskingParts,
  session: WaitingSession,
  { messageId, sent }: WaitingMessage,
  text: string,
): TextMessage {
  const from = serviceContactFor(parts.serviceContact, session.userId);
  return { messageId, from, to: session.userId, text, at: sent?.at ?? parts.clock.wall() };
}

export function messageList(parts: AskingParts, session: WaitingSession, isListOf13: boolean): Element {
  const infos = session.waiting.map((waiting) =>
    messageInfo(textMessage(parts, session, waiting, textsOf(parts, session, waiting).text)),
  );
  return element(
    'GetMessageList-Response',
    isListOf13 ? [element('MessageInfoList', infos), element('MessageTotalCount', infos.length)] : infos,
  );
}

export function messageOfId(parts: AskingParts, session: WaitingSession, messageId: string | undefined): Element {
  const waiting = session.waiting.find((message) => message.messageId === messageId);
  if (waiting === undefined) return status(STATUS.INVALID_MESSAGE_ID, 'There is no such message.');
  return withContent(
    'GetMessage-Response',
    textMessage(parts, session, waiting, textsOf(parts, session, waiting).text),
  );
}
