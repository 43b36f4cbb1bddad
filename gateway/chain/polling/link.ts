/**
 * Hands a session's client what the gateway holds for it, in turns with what the VASP has, one message a poll, and makes
 * Poll say T in every answer while either waits [X42, P8.2]. What the gateway holds is its own messages, and what the
 * VASP sent when the client could not take it. A client's answers to the gateway's own messages end here.
 *
 * A session for which nothing is held passes through untouched.
 */
import type { Transaction } from '../../csp/message.ts';
import { removeTransactions, setPoll } from '../../csp/splice.ts';
import { answerAll } from '../../csp/status.ts';
import type { OwnMessages, SetAside } from '../../ports.ts';
import {
  answerMessage,
  type Exchange,
  emptyReply,
  type Handler,
  isPoll,
  type Link,
  messageOf,
  onlyAnswers,
  type Reply,
  replyWith,
  scannedReply,
  withBody,
} from '../exchange.ts';
import { endOfSession } from '../session-link.ts';
import type { Session } from '../sessions.ts';
import { Turns } from './turns.ts';

/** @param own undefined while no feature has messages of the gateway's own. */
export function pollingLink(setAside: SetAside, own: OwnMessages | undefined): Link {
  const turns = new Turns();

  return (exchange, next) => {
    const { session } = exchange;
    if (session === undefined || !(holds(session) || answersOwn(exchange))) return next(exchange);
    return serve(exchange, session, next);
  };

  function holds({ key }: Session): boolean {
    return setAside.isWaiting(key) || own?.isWaiting(key) === true;
  }

  function answersOwn({ envelope }: Exchange): boolean {
    return own !== undefined && envelope.transactions.some(({ mode, id }) => mode === 'Response' && own.owns(id));
  }

  async function serve(exchange: Exchange, session: Session, next: Handler): Promise<Reply> {
    const { rest, answers } = await withoutOwn(exchange, session);
    let reply: Reply | undefined;
    if (rest !== undefined) {
      reply = isPoll(rest) ? await takeTurn(rest, session, next) : heard(rest, session, await next(rest));
    }
    if (answers.length > 0) reply = together(exchange, answers, reply);
    // An answer without a body has no place for Poll: the message itself takes that place.
    if (reply === undefined || (reply.body.length === 0 && onlyAnswers(exchange))) {
      reply = (await heldFirst(exchange, session)) ?? reply ?? emptyReply(exchange, 'answered');
    }
    return finished(exchange, session, reply);
  }

  /** The exchange without the answers to the gateway's own messages, and what answers these. */
  async function withoutOwn(
    exchange: Exchange,
    session: Session,
  ): Promise<{ readonly rest: Exchange | undefined; readonly answers: readonly Transaction[] }> {
    if (own === undefined || !answersOwn(exchange)) return { rest: exchange, answers: [] };
    const answers: Transaction[] = [];
    const taken: number[] = [];
    for (const [index, { mode, id, primitive }] of messageOf(exchange).transactions.entries()) {
      if (mode !== 'Response' || !own.owns(id)) continue;
      taken.push(index);
      const answer = await own.answered(session.key, id, primitive);
      if (answer !== undefined) answers.push({ mode: 'Response', id, primitive: answer });
    }
    const isAll = taken.length === exchange.envelope.transactions.length;
    const rest = isAll ? undefined : withBody(exchange, removeTransactions(exchange.body, exchange.envelope, taken));
    return { rest, answers };
  }

  /** One poll: the side whose turn it is, or the other when that has nothing. */
  async function takeTurn(exchange: Exchange, session: Session, next: Handler): Promise<Reply> {
    if (turns.next(session.key) === 'own') {
      const handed = await ownNext(exchange, session);
      if (handed !== undefined) return handed;
    }
    const reply = (await setAsideNext(exchange, session)) ?? heard(exchange, session, await next(exchange));
    if (reply.body.length > 0) {
      turns.served(session.key, 'vasp');
      return reply;
    }
    return (await ownNext(exchange, session)) ?? reply;
  }

  /** What the gateway holds, without asking the VASP. */
  async function heldFirst(exchange: Exchange, session: Session): Promise<Reply | undefined> {
    const ownFirst = turns.next(session.key) === 'own' ? await ownNext(exchange, session) : undefined;
    if (ownFirst !== undefined) return ownFirst;
    const reply = await setAsideNext(exchange, session);
    if (reply === undefined) return ownNext(exchange, session);
    turns.served(session.key, 'vasp');
    return reply;
  }

  async function ownNext(exchange: Exchange, session: Session): Promise<Reply | undefined> {
    const message = await own?.take(session.key);
    if (message === undefined) return undefined;
    turns.served(session.key, 'own');
    const { version, sessionType, sessionId } = exchange.envelope;
    const { transactionId: id, primitive } = message;
    return replyWith(
      exchange,
      {
        version,
        sessionType,
        ...(sessionId === undefined ? {} : { sessionId }),
        transactions: [{ mode: 'Request', id, primitive }],
      },
      'answered',
    );
  }

  async function setAsideNext(exchange: Exchange, session: Session): Promise<Reply | undefined> {
    const kept = await setAside.take(session.key);
    if (kept === undefined) return undefined;
    const reply = scannedReply(exchange, { ...emptyReply(exchange, 'forwarded'), origin: 'vasp' }, kept.message);
    if (!turns.hasHeard(session.key)) heard(exchange, session, reply);
    return reply;
  }

  /** An answer without a body says that nothing waits when it answers a poll, and else nothing. */
  function heard(exchange: Exchange, session: Session, reply: Reply): Reply {
    const says = reply.origin === 'vasp' && (reply.envelope !== undefined || isPoll(exchange));
    if (says) turns.heard(session.key, reply.envelope?.poll?.value === true);
    return reply;
  }

  /** The reply with Poll as both sides have it. */
  async function finished(exchange: Exchange, session: Session, reply: Reply): Promise<Reply> {
    if (endOfSession(exchange, reply)) {
      turns.over(session.key);
      await setAside.drop(session.key);
      return reply;
    }
    const isHeld = holds(session);
    const poll = isHeld || turns.vaspPolls(session.key);
    if (!isHeld) turns.over(session.key);
    const { envelope } = reply;
    if (envelope?.kind !== 'message' || (envelope.poll?.value ?? false) === poll) return reply;
    return scannedReply(exchange, reply, setPoll(reply.body, envelope, poll));
  }

  function together(exchange: Exchange, answers: readonly Transaction[], reply: Reply | undefined): Reply {
    const others = reply?.envelope === undefined ? undefined : answerMessage(exchange, reply);
    const message = answerAll(exchange.envelope, [...answers, ...(others?.transactions ?? [])]);
    return replyWith(exchange, message, 'answered');
  }
}
