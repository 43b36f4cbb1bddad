/**
 * Messages for users who are away, on the VASP's side of the level [X60 to X63]: what the VASP cannot deliver is kept, what a
 * client says of kept messages is answered here, and what decides about handing them over is noticed: that a session has
 * agreed on its services, how it wants messages, whom its user blocks.
 *
 * A session for which nothing is kept, and that sends nothing to anybody who is away, passes through untouched: of a message
 * sent, only the code of the VASP's answer is looked at.
 */
import type { Element } from '../../csp/element.ts';
import type { EnvelopeTransaction } from '../../csp/envelope.ts';
import { answerTo, type Transaction } from '../../csp/message.ts';
import { resultCode, STATUS, status } from '../../csp/status.ts';
import type { Visitor } from '../../mailbox-ports.ts';
import type { LiveSession } from '../../ports.ts';
import { ownsMailTransaction } from '../../stored-message/ids.ts';
import { passRest, respond } from '../answered-here.ts';
import { type Exchange, type Handler, isPoll, type Link, messageOf, type Reply } from '../exchange.ts';
import { createAskVasp } from '../system-messages/own-transaction.ts';
import { learnBlockList } from './block-list.ts';
import { noticeDelivery } from './delivery-method.ts';
import { answerOfRepeated, depositOf } from './deposit.ts';
import type { AskInSession, MailboxParts, Rewriting } from './parts.ts';
import { answerRetrieval } from './retrieval.ts';
import { rewritten, withPrimitive } from './rewriting.ts';
import { visitorOf } from './visitor.ts';
import { noticeWishes } from './wishes.ts';

/** What of a client's primitives concerns kept messages. */
const CONCERNS: ReadonlyMap<string, 'sends' | 'asks' | 'tells'> = new Map([
  ['SendMessage-Request', 'sends'],
  ['GetMessageList-Request', 'asks'],
  ['GetMessage-Request', 'asks'],
  ['RejectMessage-Request', 'asks'],
  ['ForwardMessage-Request', 'asks'],
  ['MessageDelivered', 'asks'],
  ['Service-Request', 'tells'],
  ['ClientCapability-Request', 'tells'],
  ['SetDeliveryMethod-Request', 'tells'],
  ['BlockEntity-Request', 'tells'],
  ['BlockUser-Request', 'tells'],
]);

/** Asks for what kept messages hold. */
const SHOWS: ReadonlySet<string> = new Set(['GetMessageList-Request', 'GetMessage-Request', 'ForwardMessage-Request']);

const TRY_LATER = 'Your messages cannot be had at the moment. Please try again later.';

export function mailboxLink(parts: MailboxParts): Link {
  const { mailbox, log } = parts;
  // Far from where the other links that ask begin.
  const askVasp = createAskVasp(parts.setAside, parts.firstTransactionNumber + 36 ** 6 / 2);

  return (exchange, next) => {
    const { session } = exchange;
    if (session === undefined || !mailbox.isOpen()) return next(exchange);
    const concern = concernOf(exchange);
    if (concern === 'sends' && !mayRepeat(exchange, session.key)) return sends(exchange, next);
    const waits = mailbox.concerns(session.record.userKey);
    if (concern === 'none' && !(waits && isPoll(exchange))) return next(exchange);
    return serve(exchange, session, waits, next);
  };

  function mayRepeat({ envelope }: Exchange, sessionKey: string): boolean {
    for (const { primitive, id } of envelope.transactions) {
      if (primitive === 'SendMessage-Request' && mailbox.mayRepeat(sessionKey, id)) return true;
    }
    return false;
  }

  /** Messages sent, and nothing else: what the VASP took is none of our business. */
  async function sends(exchange: Exchange, next: Handler): Promise<Reply> {
    const reply = await next(exchange);
    const isTaken = ({ id }: EnvelopeTransaction): boolean =>
      answerTo(id, reply.envelope?.transactions ?? [])?.resultCode === STATUS.OK;
    if (reply.origin !== 'vasp' || exchange.envelope.transactions.every(isTaken)) return reply;
    const rewritings = messageOf(exchange).transactions.flatMap(
      (transaction) => depositOf(parts, exchange, transaction) ?? [],
    );
    return rewritten(exchange, reply, rewritings);
  }

  async function serve(exchange: Exchange, session: LiveSession, waits: boolean, next: Handler): Promise<Reply> {
    const visitor = visitorOf(session);
    if (waits && (isPoll(exchange) || asksToSee(exchange))) await prepare(exchange, visitor, next);
    const { transactions } = isPoll(exchange) ? { transactions: [] } : messageOf(exchange);
    const answers = new Map<number, Transaction | undefined>();
    const rewritings: Rewriting[] = [];
    const deposits: Rewriting[] = [];
    let forwarded = exchange;
    for (const [index, transaction] of transactions.entries()) {
      const repeated = await repeatedOf(exchange, transaction);
      if (repeated !== undefined) {
        answers.set(index, respond(transaction, repeated));
        continue;
      }
      const retrieved = await retrieve(exchange, visitor, transaction, next);
      if (retrieved?.kind === 'answered') {
        const { primitive } = retrieved;
        answers.set(index, primitive === undefined ? undefined : respond(transaction, primitive));
      } else if (retrieved?.kind === 'passed') {
        rewritings.push(retrieved.rewriting);
        if (retrieved.instead !== undefined) forwarded = withPrimitive(forwarded, index, retrieved.instead);
      } else {
        const deposit = depositOf(parts, exchange, transaction);
        if (deposit !== undefined) deposits.push(deposit);
      }
    }
    const reply = await passRest(forwarded, answers, async (rest) => {
      const said = await rewritten(exchange, await next(rest), rewritings);
      // Only the VASP knows who is away: what was not answered may have been delivered.
      return said.origin === 'vasp' ? rewritten(exchange, said, deposits) : said;
    });
    if (transactions.length > 0) await notice(exchange, session, transactions, reply, next);
    return reply;
  }

  /** What has to be known before anything is handed over. That it cannot be had holds up nothing but kept messages. */
  async function prepare(exchange: Exchange, visitor: Visitor, next: Handler): Promise<void> {
    try {
      const { wantsBlockList } = await mailbox.standing(visitor, isPoll(exchange));
      if (wantsBlockList) await learnBlockList(parts, visitor, asking(exchange, undefined, next));
    } catch {
      logFailure(exchange);
    }
  }

  async function retrieve(
    exchange: Exchange,
    visitor: Visitor,
    transaction: Transaction,
    next: Handler,
  ): ReturnType<typeof answerRetrieval> {
    try {
      return await answerRetrieval(parts, exchange, transaction, visitor, asking(exchange, transaction, next));
    } catch {
      logFailure(exchange);
      const primitive = transaction.mode === 'Request' ? status(STATUS.SERVICE_UNAVAILABLE, TRY_LATER) : undefined;
      return { kind: 'answered', primitive };
    }
  }

  /** A try more is better than an answer that may be wrong. */
  async function repeatedOf(exchange: Exchange, transaction: Transaction): Promise<Element | undefined> {
    try {
      return await answerOfRepeated(parts, exchange, transaction);
    } catch {
      logFailure(exchange);
      return undefined;
    }
  }

  /** @param on the client's transaction in whose place the VASP is asked */
  function asking(exchange: Exchange, on: Transaction | undefined, next: Handler): AskInSession {
    return async (primitive) => {
      const answer = await askVasp(exchange, primitive, next);
      const deposit = on === undefined ? undefined : depositOf(parts, exchange, { ...on, primitive });
      const kept = await deposit?.rewrite(answer.primitive);
      return kept === undefined ? answer : { ...answer, primitive: kept, code: resultCode(kept) ?? answer.code };
    };
  }

  /** What the client and the VASP have agreed on with this message. */
  async function notice(
    exchange: Exchange,
    session: LiveSession,
    asked: readonly Transaction[],
    reply: Reply,
    next: Handler,
  ): Promise<void> {
    try {
      await noticeDelivery(parts, exchange, session, asked, reply);
      await noticeWishes(parts, exchange, session, asked, reply);
      const answered = (name: RegExp, by: string): boolean =>
        asked.some(
          ({ primitive, id }) =>
            name.test(primitive.name) && answerTo(id, reply.envelope?.transactions ?? [])?.primitive === by,
        );
      if (answered(/^Block(Entity|User)-Request$/, 'Status')) await mailbox.listsChanged(session.record.userKey);
      if (!answered(/^Service-Request$/, 'Service-Response')) return;
      await mailbox.ready(session.key, session.record.userKey);
      // At once, so that Poll in this answer can say what waits.
      if (mailbox.concerns(session.record.userKey)) await prepare(exchange, visitorOf(session), next);
    } catch {
      logFailure(exchange);
    }
  }

  function logFailure({ vasp, session }: Exchange): void {
    log.error('kept messages cannot be had', { vasp: vasp.name, session: session?.key });
  }
}

function asksToSee({ envelope }: Exchange): boolean {
  return envelope.transactions.some(({ primitive }) => SHOWS.has(primitive));
}

/** `sends`: messages, and nothing else that concerns kept ones. */
function concernOf({ envelope }: Exchange): 'none' | 'sends' | 'other' {
  let concern: 'none' | 'sends' = 'none';
  for (const { primitive, mode, id } of envelope.transactions) {
    if (mode === 'Response' && ownsMailTransaction(id)) return 'other';
    const kind = CONCERNS.get(primitive);
    if (kind === 'sends') concern = 'sends';
    else if (kind !== undefined) return 'other';
  }
  return concern;
}
