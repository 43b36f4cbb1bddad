/**
 * Finds the session that an Inband message belongs to, refuses those of sessions that are unknown or another client's,
 * and ends the session when either side says so [X33].
 */
import { child, childInteger } from '../csp/element.ts';
import { endsSession } from '../csp/status.ts';
import type { Log, Metrics, Secrets } from '../ports.ts';
import { answerMessage, type Exchange, type Handler, type Link, messageOf, type Reply } from './exchange.ts';
import { clientKeyOf } from './identity.ts';
import { refuseSession } from './session-refusal.ts';
import type { Session, Sessions } from './sessions.ts';

/** The primitives of a session that repeat the ClientID as a child of their own [P4.2, P4.3]. */
const REPEATS_CLIENT_ID = new Set(['Service-Request', 'ClientCapability-Request', 'GetSPInfo-Request']);

/** What stands between a session and its client besides the VASP. */
export interface BesideVasp {
  /** The reply as it goes out, its Poll true of everything that waits. */
  finished(exchange: Exchange, session: Session, reply: Reply): Reply | Promise<Reply>;
  ended(session: Session): Promise<void>;
}

export interface SessionLinkParts {
  readonly sessions: Sessions;
  readonly secrets: Secrets;
  readonly metrics: Metrics;
  readonly log: Log;
}

export function sessionLink(parts: SessionLinkParts, beside: BesideVasp): Link {
  const { sessions, secrets } = parts;

  return (exchange, next) => {
    const { envelope, vasp } = exchange;
    if (envelope.sessionType !== 'Inband') return next(exchange);
    const found = envelope.sessionId === undefined ? undefined : sessions.find(vasp.name, envelope.sessionId);
    return found instanceof Promise
      ? found.then((session) => inSession(exchange, session, next))
      : inSession(exchange, found, next);
  };

  async function inSession(exchange: Exchange, session: Session | undefined, next: Handler): Promise<Reply> {
    if (session === undefined) {
      return refuseSession(parts, exchange, 'unknown');
    }
    if (namesAnotherClient(exchange, session)) {
      return refuseSession(parts, exchange, 'other-client');
    }
    const { vasp, request, body, envelope } = exchange;
    const reply = await next({ vasp, request, body, envelope, session });
    if (endOfSession(exchange, reply)) {
      await sessions.end(exchange.vasp.name, exchange.envelope.sessionId ?? '');
      await beside.ended(session);
      return reply;
    }
    if (answersKeepAlive(reply)) await takeOverKeepAlive(exchange, session, reply);
    return beside.finished(exchange, session, reply);
  }

  function namesAnotherClient(exchange: Exchange, session: Session): boolean {
    if (!exchange.envelope.transactions.some(({ primitive }) => REPEATS_CLIENT_ID.has(primitive))) return false;
    return messageOf(exchange).transactions.some(({ primitive }) => {
      const clientId = REPEATS_CLIENT_ID.has(primitive.name) ? child(primitive, 'ClientID') : undefined;
      return clientId !== undefined && clientKeyOf(secrets, clientId) !== session.record.clientKey;
    });
  }

  async function takeOverKeepAlive(exchange: Exchange, session: Session, reply: Reply): Promise<void> {
    for (const { primitive } of answerMessage(exchange, reply).transactions) {
      const seconds = primitive.name === 'KeepAlive-Response' ? childInteger(primitive, 'KeepAliveTime') : undefined;
      if (seconds === undefined) continue;
      await sessions.keepAlive(exchange.vasp.name, exchange.envelope.sessionId ?? '', session, seconds);
    }
  }
}

function answersKeepAlive({ envelope }: Reply): boolean {
  return envelope?.transactions.some(({ primitive }) => primitive === 'KeepAlive-Response') === true;
}

/** The client logs out, or the VASP says that the session is over. A logout ends it even where the VASP fails. */
export function endOfSession(exchange: Exchange, reply: Reply): boolean {
  if (reply.endsSession === true) return true;
  if (exchange.envelope.transactions.some(({ primitive }) => primitive === 'Logout-Request')) return true;
  if (reply.origin !== 'vasp' || reply.envelope === undefined) return false;
  return reply.envelope.transactions.some(
    ({ primitive, resultCode }) => primitive === 'Disconnect' || endsSession(resultCode),
  );
}
