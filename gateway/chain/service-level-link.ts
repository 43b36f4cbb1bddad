/**
 * Holds a session to its service level [X30, X31, X32]: narrows the service negotiation, answers what is not covered with
 * 506, and lets the rest go on. In a message with several transactions each is judged alone, and the answers are put
 * together in the order of the request.
 */
import type { Element } from '../csp/element.ts';
import type { Transaction } from '../csp/message.ts';
import type { ServiceSet } from '../csp/service-tree.ts';
import { STATUS, status } from '../csp/status.ts';
import type { Log, Metrics } from '../ports.ts';
import { notCovered } from '../service-level/enforce.ts';
import { type AnswersHere, passRest, respond } from './answered-here.ts';
import { type Exchange, type Handler, type Link, messageOf, type Reply } from './exchange.ts';
import {
  answerWithoutVasp,
  type Negotiation,
  narrowExchange,
  narrowReply,
  openNegotiation,
} from './service-negotiation.ts';

export function serviceLevelLink(metrics: Metrics, log: Log): Link {
  return (exchange, next) => {
    const granted = exchange.session?.record.granted;
    if (granted === undefined) return next(exchange);
    const transactions = exchange.envelope.transactions;
    const negotiates = transactions.some(({ primitive }) => primitive === 'Service-Request');
    if (granted.isAll && !negotiates) return next(exchange);
    return withinLevel(exchange, granted, next, (primitive, missing) => {
      metrics.reject('service-level', missing);
      const { vasp, session } = exchange;
      const code = STATUS.SERVICE_NOT_AGREED;
      log.info('message refused', { vasp: vasp.name, session: session?.key, primitive, reason: missing, code });
    });
  };
}

/** Told of every transaction that the level does not cover, and of the code that is missing. */
type OnRefused = (primitive: string, missing: string) => void;

/** What becomes of each transaction: answered here with a primitive, or passed on, perhaps narrowed. */
interface Plan {
  readonly answers: AnswersHere;
  readonly negotiations: readonly Negotiation[];
  /** Whether an answer refuses a service, or merely spares the VASP a question. */
  readonly refuses: boolean;
}

async function withinLevel(
  exchange: Exchange,
  granted: ServiceSet,
  next: Handler,
  onRefused: OnRefused,
): Promise<Reply> {
  const { answers, negotiations, refuses } = plan(exchange, granted, onRefused);
  let narrowed = exchange;
  for (const negotiation of negotiations) narrowed = narrowExchange(narrowed, negotiation);
  const forward = async (rest: Exchange): Promise<Reply> => {
    let reply = await next(rest);
    for (const negotiation of negotiations) reply = narrowReply(exchange, reply, negotiation, granted);
    return reply;
  };
  return passRest(narrowed, answers, forward, refuses ? String(STATUS.SERVICE_NOT_AGREED) : 'answered');
}

function plan(exchange: Exchange, granted: ServiceSet, onRefused: OnRefused): Plan {
  let decoded: readonly Transaction[] | undefined;
  const decode = (index: number): Element => {
    decoded ??= messageOf(exchange).transactions;
    const primitive = decoded[index]?.primitive;
    if (primitive === undefined) throw new TypeError('the scan and the tree disagree about the transactions');
    return primitive;
  };
  const answers = new Map<number, Transaction>();
  const negotiations: Negotiation[] = [];
  let refuses = false;
  exchange.envelope.transactions.forEach((transaction, index) => {
    const { primitive, mode } = transaction;
    if (primitive === 'Service-Request' && mode === 'Request') {
      const negotiation = openNegotiation(exchange, index, decode(index), granted);
      if (negotiation.narrowed.functions === 'nothing') {
        answers.set(index, respond(transaction, answerWithoutVasp(exchange, negotiation, granted)));
      } else negotiations.push(negotiation);
      return;
    }
    const missing = notCovered(primitive, granted, () => decode(index));
    if (missing === undefined) return;
    refuses = true;
    onRefused(primitive, missing.code);
    answers.set(index, respond(transaction, status(STATUS.SERVICE_NOT_AGREED, missing.description)));
  });
  return { answers, negotiations, refuses };
}
