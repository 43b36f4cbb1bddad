/**
 * One message in, one message or nothing out: finds the session, takes the transactions in order, and puts the answers
 * together with the Poll flag. Requests are answered in place, acknowledgements with nothing [P8].
 */
import { child, type Element } from '../csp/element.ts';
import type { CspMessage, Transaction } from '../csp/message.ts';
import { answerAll, STATUS, status } from '../csp/status.ts';
import { clientKey } from './call.ts';
import { HANDLERS, OUTBAND_HANDLERS } from './handlers.ts';
import { acknowledge, nextForClient, somethingWaits } from './polling.ts';
import { heard, sweep } from './sessions.ts';
import type { SandboxSession, SandboxState } from './state.ts';

/** The answer to a client's message; undefined when there is nothing to say. */
export function answerMessage(state: SandboxState, message: CspMessage): CspMessage | undefined {
  sweep(state);
  const session = message.sessionType === 'Inband' ? heard(state, message.sessionId) : undefined;
  const answers = message.transactions.flatMap(
    (transaction) => answerTransaction(state, message, transaction, session) ?? [],
  );
  if (answers.length === 0) return undefined;
  const answer = answerAll(message, answers);
  const alive = session !== undefined && 'user' in session && state.sessions.has(session.id);
  return alive ? { ...answer, poll: somethingWaits(state, session) } : answer;
}

/** `session` is the live session, the Status that says why there is none, or undefined in an outband message. */
function answerTransaction(
  state: SandboxState,
  message: CspMessage,
  transaction: Transaction,
  session: SandboxSession | Element | undefined,
): Transaction | undefined {
  const { primitive, id } = transaction;
  const respond = (answer: Element): Transaction => ({ mode: 'Response', id, primitive: answer });
  const { version } = message;
  if (session === undefined) {
    const handler = OUTBAND_HANDLERS.get(primitive.name);
    if (handler !== undefined) return respond(handler({ state, version, request: primitive }));
    return respond(status(STATUS.INVALID_SESSION, 'Please log in first.'));
  }
  if (primitive.name === 'Login-Request') return respond(status(STATUS.BAD_REQUEST, 'Login-Request is outband.'));
  if (!('user' in session)) return respond(session);
  if (!state.sessions.has(session.id))
    return respond(status(STATUS.INVALID_SESSION, 'The session ended in this message.'));
  const clientId = child(primitive, 'ClientID');
  if (clientId !== undefined && clientKey(clientId) !== clientKey(session.clientId)) {
    return respond(status(STATUS.CLIENT_MISMATCH, 'The session belongs to another ClientID.'));
  }
  if (primitive.name === 'Polling-Request') return nextForClient(state, session, version);
  const acknowledged = transaction.mode === 'Response' && acknowledge(session, id);
  if (primitive.name === 'Status') return undefined;
  const handler = HANDLERS.get(primitive.name);
  if (handler === undefined) {
    return respond(status(STATUS.NOT_IMPLEMENTED, `${primitive.name} is not implemented here.`));
  }
  const answer = respond(handler({ state, session, version, request: primitive }));
  return acknowledged ? undefined : answer;
}
