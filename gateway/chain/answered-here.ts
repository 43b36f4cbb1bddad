/**
 * Messages of several transactions of which some are answered here and the others go on [X32]: the rest is sent on without
 * those, byte for byte, and the answers of both sides are put together in the order of the request. Who has no transaction
 * of its own to answer changes nothing.
 */
import type { Element } from '../csp/element.ts';
import type { Transaction } from '../csp/message.ts';
import { removeTransactions } from '../csp/splice.ts';
import { answerAll } from '../csp/status.ts';
import { answerMessage, type Exchange, emptyReply, type Handler, type Reply, replyWith, withBody } from './exchange.ts';

/** By place of the transaction in the message: what answers it; undefined: it ends here, and nothing has to be said. */
export type AnswersHere = ReadonlyMap<number, Transaction | undefined>;

/** A primitive as the answer to a client's transaction. */
export function respond({ id }: { readonly id: string }, primitive: Element): Transaction {
  return { mode: 'Response', id, primitive };
}

/** What is left of the message when the answered transactions are taken out; undefined: nothing. */
function restOf(exchange: Exchange, answers: AnswersHere): Exchange | undefined {
  if (answers.size === 0) return exchange;
  const { body, envelope } = exchange;
  if (answers.size === envelope.transactions.length) return undefined;
  return withBody(exchange, removeTransactions(body, envelope, [...answers.keys()]));
}

/** Sends on what is not answered here, and joins the answers. `outcome`: what a message is counted as that goes no further. */
export async function passRest(
  exchange: Exchange,
  answers: AnswersHere,
  next: Handler,
  outcome = 'answered',
): Promise<Reply> {
  const rest = restOf(exchange, answers);
  return rest === undefined ? answerHere(exchange, answers, { outcome }) : joined(exchange, answers, await next(rest));
}

export interface AnsweringOptions {
  readonly poll?: boolean;
  /** What the gateway opens beside the answers. */
  readonly more?: readonly Transaction[];
  readonly outcome?: string;
}

/** The reply to a message that goes no further. */
export function answerHere(
  exchange: Exchange,
  answers: AnswersHere,
  { poll, more = [], outcome = 'answered' }: AnsweringOptions = {},
): Reply {
  const transactions = inOrder(exchange, answers, more);
  if (transactions.length === 0) return emptyReply(exchange, outcome);
  const message = answerAll(exchange.envelope, transactions);
  return replyWith(exchange, poll === undefined ? message : { ...message, poll }, outcome);
}

/** The answers given here put into the reply to the rest of the message. */
export function joined(exchange: Exchange, answers: AnswersHere, reply: Reply): Reply {
  if ([...answers.values()].every((answer) => answer === undefined)) return reply;
  const { transactions, poll } =
    reply.envelope === undefined ? { transactions: [], poll: undefined } : answerMessage(exchange, reply);
  const message = answerAll(exchange.envelope, inOrder(exchange, answers, transactions));
  const { body, headers, envelope } = replyWith(
    exchange,
    poll === undefined ? message : { ...message, poll },
    'forwarded',
  );
  // What the VASP said stays the VASP's word, whatever stands beside it.
  return { ...reply, headers, body, envelope, outcome: 'forwarded' };
}

/** The answers of both sides in the order of the request; what the others say besides stands at the end. */
function inOrder(exchange: Exchange, answers: AnswersHere, others: readonly Transaction[]): readonly Transaction[] {
  const rest = [...others];
  const answering = exchange.envelope.transactions.flatMap(({ id }, index): Transaction[] => {
    if (answers.has(index)) {
      const own = answers.get(index);
      return own === undefined ? [] : [own];
    }
    const place = rest.findIndex((candidate) => candidate.mode === 'Response' && candidate.id === id);
    return place === -1 ? [] : rest.splice(place, 1);
  });
  return [...answering, ...rest];
}
