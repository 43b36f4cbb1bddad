/**
 * CIR in the chain: the capability exchange of a session with the gateway's channels in the place of the VASP's [X50], and
 * the hub told when a client that may be called polls, comes back after a restart, or is gone [X42, X51]. A message of a
 * session without CIR that negotiates nothing passes through untouched.
 */
import { LRUCache } from 'lru-cache';
import type { CirAgreement, CirSession } from '../cir-ports.ts';
import type { EnvelopeTransaction } from '../csp/envelope.ts';
import { STATUS } from '../csp/status.ts';
import type { Log, Secrets } from '../ports.ts';
import {
  agreementOf,
  askOfVasp,
  type CapabilityWish,
  type CirService,
  capabilityAnswer,
  openCapabilities,
  tellClient,
} from './capability-negotiation.ts';
import { type Exchange, type Handler, type Link, messageOf, type Reply } from './exchange.ts';
import { endOfSession } from './session-link.ts';
import type { Session, Sessions } from './sessions.ts';

/** Sessions of which the hub is known to have heard; one that is forgotten here is told of once more. */
const KNOWN_SESSIONS = 50_000;

/** Negotiates in the VASP's and the client's place. Sees what the VASP will see. */
export function capabilityLink(service: CirService, sessions: Sessions, secrets: Secrets, log: Log): Link {
  return (exchange, next) => {
    const { session } = exchange;
    if (session === undefined || !exchange.envelope.transactions.some(asksForCapabilities)) return next(exchange);
    return negotiate(exchange, session, next);
  };

  async function negotiate(exchange: Exchange, session: Session, next: Handler): Promise<Reply> {
    const { transactions } = messageOf(exchange);
    const wishes: CapabilityWish[] = [];
    let forwarded = exchange;
    for (const [index, { primitive }] of transactions.entries()) {
      if (primitive.name !== 'ClientCapability-Request') continue;
      const wish = openCapabilities(service, exchange, index, primitive);
      wishes.push(wish);
      forwarded = askOfVasp(forwarded, wish);
    }
    let reply = await next(forwarded);
    for (const wish of wishes) {
      const answer = capabilityAnswer(exchange, reply, wish);
      if (answer === undefined) continue;
      const agreement = await agree(exchange, session, agreementOf(service, exchange, wish, answer));
      reply = tellClient(service, secrets, exchange, reply, wish, { sessionKey: session.key, agreement });
    }
    return reply;
  }

  /** Durable, and in the hub, before the client hears of it. What cannot be stored is not agreed. */
  async function agree(
    exchange: Exchange,
    session: Session,
    agreement: CirAgreement | undefined,
  ): Promise<CirAgreement | undefined> {
    const { cir } = session.record;
    if (agreement === undefined && cir === undefined) return undefined;
    const { vasp, envelope } = exchange;
    try {
      const agreed = await sessions.agree(vasp.name, envelope.sessionId ?? '', session, agreement);
      if (agreement === undefined) await service.cir.ended(session.key);
      else await service.cir.agreed(cirSession(exchange, agreed, agreement));
      return agreement;
    } catch {
      log.error('the session cannot be stored', { vasp: vasp.name, session: session.key });
      return undefined;
    }
  }
}

/** Tells the hub of clients that may be called. Sees everything that a client asks, whoever answers it. */
export function cirLink({ cir }: CirService): Link {
  const known = new LRUCache<string, true>({ max: KNOWN_SESSIONS });

  return (exchange, next) => {
    const agreement = exchange.session?.record.cir;
    return exchange.session === undefined || agreement === undefined
      ? next(exchange)
      : withCir(exchange, cirSession(exchange, exchange.session, agreement), next);
  };

  async function withCir(exchange: Exchange, session: CirSession, next: Handler): Promise<Reply> {
    const polls = exchange.envelope.transactions.some(isPollingRequest);
    // Before the poll goes on: a call that comes while it is answered is for something new.
    if (polls) await cir.polled(session);
    else if (!known.has(session.key)) await cir.heard(session);
    known.set(session.key, true);
    const reply = await next(exchange);
    if (endOfSession(exchange, reply)) {
      known.delete(session.key);
      await cir.ended(session.key);
    } else if (polls && isFailure(reply)) {
      await cir.ring(session.key);
    }
    return reply;
  }
}

export function cirSession(exchange: Exchange, { key, record }: Session, agreement: CirAgreement): CirSession {
  const { vasp, userKey, version, expiresAt } = record;
  return { key, vasp, userKey, id: exchange.envelope.sessionId ?? '', version, agreement, expiresAt };
}

function asksForCapabilities({ primitive, mode }: EnvelopeTransaction): boolean {
  return primitive === 'ClientCapability-Request' && mode === 'Request';
}

function isPollingRequest({ primitive }: EnvelopeTransaction): boolean {
  return primitive === 'Polling-Request';
}

/** The VASP was not reached: what waited there still waits. */
function isFailure({ outcome }: Reply): boolean {
  return outcome === String(STATUS.SERVICE_UNAVAILABLE) || outcome === String(STATUS.TIMEOUT);
}
