/**
 * Serves the sessions that the gateway itself holds [X21]: everything in them is answered here, and nothing of it goes to
 * the VASP, to the session store or to another link. What lies between the question and its answer is polled, as from any
 * server; all else is answered as to a user who has nothing.
 */

import { goesOnlyTo, sentText, serviceContactFor } from '../../conversation/text-messages.ts';
import { child, childInteger, childText, childTexts, type Element, element } from '../../csp/element.ts';
import type { Transaction } from '../../csp/message.ts';
import { result, STATUS, status } from '../../csp/status.ts';
import { type AnswersHere, answerHere, respond } from '../answered-here.ts';
import { type Exchange, type Link, messageOf, type Reply } from '../exchange.ts';
import { clientKeyOf } from '../identity.ts';
import type { LoginParts } from '../login.ts';
import { NO_SUCH_SESSION, refuseSession } from '../session-refusal.ts';
import { type AskingParts, endIfTooLate, freshMessageId, takeDelivery, takeText, wordsOf } from './asking.ts';
import { capabilityAnswer, serviceAnswer } from './negotiation.ts';
import { answerOfNobody, keepAliveAnswer, logoutAnswer } from './nobody.ts';
import { messageList, messageOfId, nextToSend, poll } from './polling.ts';
import { type Changed, isWaitingSessionId, toldLanguage, type WaitingSession } from './waiting-sessions.ts';

export type ConversationParts = AskingParts & Pick<LoginParts, 'waiting'>;

/** A session after one transaction, and what answers it. */
interface Step {
  readonly session: WaitingSession | undefined;
  readonly answer?: Transaction | undefined;
}

export function conversationLink(parts: ConversationParts): Link {
  return (exchange, next) => {
    const { sessionType, sessionId } = exchange.envelope;
    if (sessionType !== 'Inband' || sessionId === undefined || !isWaitingSessionId(sessionId)) return next(exchange);
    return parts.waiting.inTurn(sessionId, (session) => take(parts, exchange, session));
  };
}

async function take(
  parts: ConversationParts,
  exchange: Exchange,
  found: WaitingSession | undefined,
): Promise<Changed<Reply>> {
  if (found === undefined || found.asked.vasp !== exchange.vasp.name) {
    return { session: found, result: refuseSession(parts, exchange, 'unknown') };
  }
  const { transactions } = messageOf(exchange);
  if (transactions.some(({ primitive }) => isOtherClient(parts, found, primitive))) {
    return { session: found, result: refuseSession(parts, exchange, 'other-client') };
  }
  let session: WaitingSession | undefined = endIfTooLate(parts, heard(parts, found));
  if (session.disconnectId !== undefined && !transactions.every(({ mode }) => mode === 'Response')) {
    return { session: undefined, result: refuseSession(parts, exchange, 'unknown') };
  }
  const answers = new Map<number, Transaction | undefined>();
  for (const [index, transaction] of transactions.entries()) {
    const step: Step =
      session === undefined
        ? { session, answer: respond(transaction, GONE) }
        : await one(parts, session, transaction, exchange);
    session = step.session;
    answers.set(index, step.answer);
  }
  return { session, result: replied(parts, exchange, session, answers) };
}

function replied(
  parts: ConversationParts,
  exchange: Exchange,
  session: WaitingSession | undefined,
  answers: AnswersHere,
): Reply {
  const isOver = session === undefined || session.disconnectId !== undefined;
  return answerHere(exchange, answers, isOver ? {} : { poll: nextToSend(parts, session) !== undefined });
}

const GONE = status(STATUS.INVALID_SESSION, NO_SUCH_SESSION);

function isOtherClient({ secrets }: ConversationParts, { asked }: WaitingSession, primitive: Element): boolean {
  const clientId = child(primitive, 'ClientID');
  return clientId !== undefined && clientKeyOf(secrets, clientId) !== asked.clientKey;
}

/** The session after its client was heard of: it lives on for what it was told at least, unless it has ended. */
function heard({ clock }: ConversationParts, session: WaitingSession): WaitingSession {
  if (session.ending !== undefined) return session;
  const expiresAt = Math.max(session.expiresAt, clock.wall() + session.keepAliveSeconds * 1000);
  return { ...session, expiresAt };
}

async function one(
  parts: ConversationParts,
  session: WaitingSession,
  transaction: Transaction,
  exchange: Exchange,
): Promise<Step> {
  const { primitive, mode, id } = transaction;
  const { version } = exchange.envelope;
  const answered = (answer: Element, after: WaitingSession | undefined = session): Step => ({
    session: after,
    answer: respond(transaction, answer),
  });
  switch (primitive.name) {
    case 'Polling-Request':
      return poll(parts, session);
    case 'Status':
      if (session.disconnectId !== undefined) return { session: undefined };
      return {
        session: await takeDelivery(parts, session, ({ sent }) => mode === 'Response' && sent?.transactionId === id),
      };
    case 'MessageDelivered': {
      const delivered = childText(primitive, 'MessageID');
      const after = await takeDelivery(parts, session, ({ messageId }) => messageId === delivered);
      return answered(status(STATUS.OK), after);
    }
    case 'SendMessage-Request':
      return sendMessage(parts, session, transaction);
    case 'RejectMessage-Request': {
      const rejected = new Set(childTexts(primitive, 'MessageID'));
      return answered(
        status(STATUS.OK),
        await takeDelivery(parts, session, ({ messageId }) => rejected.has(messageId)),
      );
    }
    case 'GetMessageList-Request':
      return answered(messageList(parts, session, version === '1.3'));
    case 'GetMessage-Request':
      return answered(messageOfId(parts, session, childText(primitive, 'MessageID')));
    case 'ClientCapability-Request':
      return answered(
        capabilityAnswer(primitive, version),
        withCapabilities(session, child(primitive, 'CapabilityList')),
      );
    case 'Service-Request':
      return answered(serviceAnswer(primitive, version));
    case 'KeepAlive-Request':
      return answered(keepAliveAnswer(primitive, session.keepAliveSeconds));
    case 'Logout-Request':
      return { session: undefined, answer: respond(transaction, logoutAnswer(version)) };
    case 'Login-Request':
      return answered(
        status(STATUS.BAD_REQUEST, 'A Login-Request stands alone in an Outband message, in mode Request.'),
      );
    default:
      return answered(answerOfNobody(primitive, version));
  }
}

/** What the client says of itself, as far as questions are made after it. */
function withCapabilities(session: WaitingSession, list: Element | undefined): WaitingSession {
  const languageTold = toldLanguage(childText(list, 'DefaultLanguage')) ?? session.languageTold;
  const contentBytes = childInteger(list, 'AcceptedContentLength') ?? session.contentBytes;
  return { ...session, contentBytes, languageTold };
}

async function sendMessage(parts: ConversationParts, session: WaitingSession, transaction: Transaction): Promise<Step> {
  const { primitive } = transaction;
  const contact = serviceContactFor(parts.serviceContact, session.userId);
  if (!goesOnlyTo(contact, primitive)) {
    const words = wordsOf(session);
    return { session, answer: respond(transaction, status(STATUS.FORBIDDEN, words.onlyTo(contact))) };
  }
  const after = await takeText(parts, session, sentText(primitive));
  const messageId = element('MessageID', freshMessageId(parts));
  return {
    session: after,
    answer: respond(transaction, element('SendMessage-Response', [result(STATUS.OK), messageId])),
  };
}
