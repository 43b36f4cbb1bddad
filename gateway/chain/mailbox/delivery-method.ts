/**
 * Remembers how a session's client wants messages handed over [P4.3, P4.4], as the VASP agreed to it: pushed or announced.
 * Durable before the client hears that it was agreed; one that cannot be stored changes nothing, and every client can be
 * pushed to.
 */
import { answerTo, type Transaction } from '../../csp/message.ts';
import { STATUS } from '../../csp/status.ts';
import type { DeliveryMethod } from '../../mailbox-ports.ts';
import type { LiveSession } from '../../ports.ts';
import { isSameDelivery, wishedDelivery } from '../../stored-message/delivery.ts';
import type { Exchange, Reply } from '../exchange.ts';
import type { MailboxParts } from './parts.ts';
import { visitorOf } from './visitor.ts';

/** @param asked the client's transactions, which `reply` answers */
export async function noticeDelivery(
  { sessions, log }: Pick<MailboxParts, 'sessions' | 'log'>,
  exchange: Exchange,
  session: LiveSession,
  asked: readonly Transaction[],
  reply: Reply,
): Promise<void> {
  const agreed = asked.flatMap((transaction) => agreedIn(transaction, reply) ?? []).at(-1);
  if (agreed === undefined || isSameDelivery(agreed, visitorOf(session).delivery)) return;
  const { vasp, envelope } = exchange;
  try {
    await sessions.setDelivery(vasp.name, envelope.sessionId ?? '', session, agreed);
  } catch {
    log.error('the session cannot be stored', { vasp: vasp.name, session: session.key });
  }
}

function agreedIn({ primitive, id }: Transaction, { envelope }: Reply): DeliveryMethod | undefined {
  const isMethod = primitive.name === 'SetDeliveryMethod-Request';
  if (!isMethod && primitive.name !== 'ClientCapability-Request') return undefined;
  const answer = answerTo(id, envelope?.transactions ?? []);
  const isAgreed = isMethod ? answer?.resultCode === STATUS.OK : answer?.primitive === 'ClientCapability-Response';
  return isAgreed ? wishedDelivery(primitive) : undefined;
}
