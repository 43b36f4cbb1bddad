/**
 * System Messages inside a session, on their client's side of the level [X40 to X46]: what the client says to the gateway is
 * taken out and answered here, what has to be answered first holds back the rest, what answers and silence lead to is done,
 * and what the operator may have a message for is noticed. What is left goes on byte for byte.
 *
 * A session to whose user nothing is to be said, and that says nothing to the gateway, passes through untouched.
 */
import type { LiveSession } from '../../ports.ts';
import type { Addressee, Interests } from '../../system-message-ports.ts';
import type { Exchange, Handler, Link, Reply } from '../exchange.ts';
import { endOfSession } from '../session-link.ts';
import { serveInTurn } from './course.ts';
import { createAskVasp } from './own-transaction.ts';
import type { SystemMessageParts } from './parts.ts';
import { happeningsIn, isWatched } from './triggers.ts';
import { wordFilter } from './word.ts';

export function systemMessageLink(parts: SystemMessageParts, addresseeOf: (session: LiveSession) => Addressee): Link {
  const { desk, log } = parts;
  const mayHoldWord = wordFilter(parts.serviceContact);
  const courseParts = { ...parts, ask: createAskVasp(parts.setAside, parts.firstTransactionNumber) };

  return (exchange, next) => {
    const { session } = exchange;
    const interests = desk.interests();
    if (session === undefined || !interests.any) return next(exchange);
    const holdsWord = mayHoldWord(exchange.envelope, exchange.body);
    if (!holdsWord && !desk.concerns(session.record.userKey)) return watch(exchange, interests, next);
    const forward: Handler = (rest) => watch(rest, interests, next);
    return serveInTurn(courseParts, exchange, addresseeOf(session), holdsWord, { next, forward });
  };

  function watch(exchange: Exchange, interests: Interests, next: Handler): Promise<Reply> {
    return isWatched(exchange, interests) ? watched(exchange, interests, next) : next(exchange);
  }

  /** The desk hears what has happened before the client does, so that Poll can say what came of it. */
  async function watched(exchange: Exchange, interests: Interests, next: Handler): Promise<Reply> {
    const reply = await next(exchange);
    const { session, vasp } = exchange;
    if (session === undefined || endOfSession(exchange, reply)) return reply;
    try {
      for (const happening of happeningsIn(exchange, reply, interests, addresseeOf(session))) {
        await desk.happened(happening);
      }
    } catch {
      log.error('what happened in a session is lost', { vasp: vasp.name, session: session.key });
    }
    return reply;
  }
}
