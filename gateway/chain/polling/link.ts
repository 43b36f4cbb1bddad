/**
 * Hands a session's client what the gateway holds for it, in turns with what the VASP has, one message a poll, and makes
 * Poll say T in every answer while either waits [X42, P8.2]. What the gateway holds is its own messages, from as many sources
 * as have some, and what the VASP sent when the client could not take it.
 *
 * A session for which nothing is held passes through untouched.
 */
import { setPoll } from '../../csp/splice.ts';
import type { Log, OwnMessages, SetAside } from '../../ports.ts';
import {
  type Exchange,
  emptyReply,
  type Handler,
  isPoll,
  type Link,
  type Reply,
  replyWith,
  scannedReply,
} from '../exchange.ts';
import type { BesideVasp } from '../session-link.ts';
import type { Session } from '../sessions.ts';
import { ownSources } from './own-sources.ts';
import { Turns } from './turns.ts';

export interface Polling extends BesideVasp {
  readonly link: Link;
}

/** @param sources of the gateway's own messages, in the order in which they come to their turn */
export function createPolling(setAside: SetAside, sources: readonly OwnMessages[], log: Log): Polling {
  const turns = new Turns();
  const own = ownSources(sources, log);

  return {
    link: (exchange, next) => {
      const { session } = exchange;
      return session === undefined || !(own.concerns(session) || setAside.isWaiting(session.key))
        ? next(exchange)
        : serve(exchange, session, next);
    },
    // Messages may have come to wait while the VASP was asked, by this exchange or another one.
    finished: (exchange, session, reply) =>
      turns.isUnderWay(session.key) || own.concerns(session) ? finished(exchange, session, reply) : reply,
    async ended(session) {
      turns.over(session.key);
      if (setAside.isWaiting(session.key)) await setAside.drop(session.key);
      await own.ended(session);
    },
  };

  async function serve(exchange: Exchange, session: Session, next: Handler): Promise<Reply> {
    turns.begin(session.key);
    if (isPoll(exchange)) return takeTurn(exchange, session, next);
    return heard(exchange, session, await next(exchange));
  }

  /** One poll: the side whose turn it is, or the other when that has nothing. */
  async function takeTurn(exchange: Exchange, session: Session, next: Handler): Promise<Reply> {
    if (turns.next(session.key) === 'own' || (await own.waits(session)) === 'first') {
      const handed = await ownNext(exchange, session);
      if (handed !== undefined) return handed;
    }
    const reply = (await setAsideNext(exchange, session)) ?? heard(exchange, session, await next(exchange));
    if (reply.body.length > 0) turns.served(session.key, 'vasp');
    return reply;
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
    const message = await own.take(session);
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

  /** The reply with Poll as both sides have it. An empty one has no place for Poll: what waits takes that place itself. */
  async function finished(exchange: Exchange, session: Session, reply: Reply): Promise<Reply> {
    const isEmpty = reply.body.length === 0 && mayBringMessages(exchange);
    const filled = isEmpty ? ((await heldFirst(exchange, session)) ?? reply) : reply;
    const { envelope } = filled;
    const isHeld = setAside.isWaiting(session.key) || (await own.waits(session)) !== 'nothing';
    const said = envelope?.poll?.value ?? false;
    const poll = isHeld || (turns.isUnderWay(session.key) ? turns.vaspPolls(session.key) : said);
    if (!isHeld && !own.concerns(session)) turns.over(session.key);
    const isSaid = said === poll && (envelope?.poll !== undefined || filled.origin === 'vasp');
    if (envelope?.kind !== 'message' || isSaid) return filled;
    return scannedReply(exchange, filled, setPoll(filled.body, envelope, poll));
  }
}

/** Whether the client waits for no answer, so that a primitive of the server's may come in its place [P8]. */
function mayBringMessages({ envelope }: Exchange): boolean {
  return envelope.transactions.every(({ mode, primitive }) => mode === 'Response' || primitive === 'Polling-Request');
}
