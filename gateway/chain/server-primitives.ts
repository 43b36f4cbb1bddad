/**
 * Primitives that the VASP opens, on their way to the client: those that the level does not cover are refused to the VASP
 * with 506 and do not reach the client [X31], the others get a TransactionID of the gateway's, because a VASP's may clash
 * or repeat, and the client's answer gets the VASP's id back [X6]. One that stands where the client waits for another
 * answer is set aside until the client polls [P8.2].
 *
 * A replaced id carries the original behind a mark and a number: nothing has to be remembered, and any node can restore it.
 */

import { encodeMessage } from '../csp/codec.ts';
import type { Envelope, EnvelopeTransaction } from '../csp/envelope.ts';
import { answerTo } from '../csp/message.ts';
import { isServerOriginated } from '../csp/primitives.ts';
import { removeTransactions, replaceMode, replaceTransactionId, setPoll } from '../csp/splice.ts';
import { answerAll, STATUS, status } from '../csp/status.ts';
import type { Metrics, SetAside } from '../ports.ts';
import { notCovered } from '../service-level/enforce.ts';
import {
  answerMessage,
  type Exchange,
  emptyReply,
  type Handler,
  isPoll,
  type Link,
  onlyAnswers,
  type Reply,
  scannedReply,
  withBody,
} from './exchange.ts';
import { refuseAll } from './refusal.ts';

/** How often in a row a poll may bring nothing that the client may see before it is answered as empty. */
const REFUSED_IN_A_ROW = 10;

/** Longer ids stay as they are: clients take no more than 50 characters [P1.2]. */
const MAX_ORIGINAL_ID = 40;

const OURS = /^g[0-9a-z]{6}-(.*)$/s;

/** @param firstNumber where this process starts to number; a random one keeps processes apart. */
export function serverPrimitives(metrics: Metrics, firstNumber: number, setAside: SetAside): Link {
  let number = firstNumber;

  return async (exchange, next) => {
    const reply = await next(restoreIds(exchange));
    if (reply.origin !== 'vasp' || !opensTransaction(reply)) return reply;
    return inPlace(exchange, asOpened(exchange, await withinLevel(exchange, reply, next)));
  };

  /** What the VASP opens, in the mode and under the ids that the client gets it. */
  function asOpened(exchange: Exchange, reply: Reply): Reply {
    const asked = asRequests(exchange, reply);
    return exchange.vasp.replaceTransactionIds ? replaceIds(exchange, asked) : asked;
  }

  /** The reply without what the client cannot take where it stands: that waits for the client's next poll. */
  async function inPlace(exchange: Exchange, reply: Reply): Promise<Reply> {
    const { session, envelope } = exchange;
    if (session === undefined || reply.envelope === undefined || isPoll(exchange) || onlyAnswers(exchange))
      return reply;
    const said = reply.envelope.transactions;
    const isAnswered = ({ mode, id }: EnvelopeTransaction): boolean =>
      mode === 'Response' || answerTo(id, said) !== undefined;
    if (envelope.transactions.every(isAnswered)) return reply;
    const outOfPlace = said.flatMap((transaction, index) => (waitsForPoll(transaction) ? [index] : []));
    if (outOfPlace.length === 0) return reply;
    await setAside.put(session.key, eachAlone(reply.body, reply.envelope, outOfPlace));
    return withPoll(exchange, withoutThese(exchange, reply, reply.envelope, outOfPlace));
  }

  function withoutThese(exchange: Exchange, reply: Reply, envelope: Envelope, indexes: readonly number[]): Reply {
    if (indexes.length < envelope.transactions.length) {
      return scannedReply(exchange, reply, removeTransactions(reply.body, envelope, indexes));
    }
    metrics.upstreamError(exchange.vasp.name, 'not-protocol');
    return refuseAll(exchange, STATUS.SERVICE_UNAVAILABLE, NO_ANSWER, true);
  }

  function replaceIds(exchange: Exchange, reply: Reply): Reply {
    let replaced = reply;
    reply.envelope?.transactions.forEach(({ primitive, mode, id }, index) => {
      const opens = mode === 'Request' && id !== '' && isServerOriginated(primitive, mode);
      if (!opens || id.length > MAX_ORIGINAL_ID || replaced.envelope === undefined) return;
      number = (number + 1) % 36 ** 6;
      const ours = `g${number.toString(36).padStart(6, '0')}-${id}`;
      replaced = scannedReply(exchange, replaced, replaceTransactionId(replaced.body, replaced.envelope, index, ours));
    });
    return replaced;
  }

  /** The reply without what the level does not cover; where nothing is left, what the VASP has next. */
  async function withinLevel(exchange: Exchange, reply: Reply, next: Handler): Promise<Reply> {
    let current = reply;
    for (let round = 0; round < REFUSED_IN_A_ROW; round++) {
      const refused = refusedIn(exchange, current);
      if (refused.length === 0 || current.envelope === undefined) return current;
      const answer = await refuseToVasp(exchange, refused, next);
      if (refused.length < current.envelope.transactions.length) {
        const left = without(exchange, current, current.envelope, refused);
        return opensTransaction(answer) ? behind(exchange, left, answer) : left;
      }
      if (opensTransaction(answer)) current = answer;
      else if (isPoll(exchange) && current.envelope.poll?.value === true) current = await next(exchange);
      else break;
    }
    return isPoll(exchange) || onlyAnswers(exchange)
      ? emptyReply(exchange, 'forwarded')
      : refuseAll(exchange, STATUS.SERVICE_UNAVAILABLE, NO_ANSWER);
  }

  /** The reply, and for the next poll what the VASP opened when it was told of a refusal. */
  async function behind(exchange: Exchange, reply: Reply, opened: Reply): Promise<Reply> {
    const { session } = exchange;
    if (session === undefined || refusedIn(exchange, opened).length > 0) return reply;
    const { body, envelope } = asOpened(exchange, opened);
    if (envelope === undefined) return reply;
    await setAside.put(session.key, eachAlone(body, envelope, [...envelope.transactions.keys()]));
    return withPoll(exchange, reply);
  }

  function refusedIn(exchange: Exchange, reply: Reply): readonly Refused[] {
    const granted = exchange.session?.record.granted;
    if (granted === undefined || granted.isAll || reply.envelope === undefined) return [];
    return reply.envelope.transactions.flatMap(({ primitive, mode, id }, index) => {
      if (!isServerOriginated(primitive, mode)) return [];
      const missing = notCovered(primitive, granted, () => {
        const decoded = answerMessage(exchange, reply).transactions[index]?.primitive;
        if (decoded === undefined) throw new TypeError('the scan and the tree disagree about the transactions');
        return decoded;
      });
      if (missing === undefined) return [];
      metrics.reject('service-level', missing.code);
      return [{ index, id, description: missing.description }];
    });
  }
}

const NO_ANSWER = 'The service gave no answer. Please try again later.';

/** What a VASP opens and a poll may bring later; what ends the session may not wait. */
export function waitsForPoll({ primitive, mode }: EnvelopeTransaction): boolean {
  return primitive !== 'Disconnect' && isServerOriginated(primitive, mode);
}

/** Messages of one transaction each, from one that holds several. */
export function eachAlone(body: Uint8Array, envelope: Envelope, indexes: readonly number[]): Uint8Array[] {
  const all = [...envelope.transactions.keys()];
  if (all.length === 1) return indexes.map(() => body);
  return indexes.map((index) =>
    removeTransactions(
      body,
      envelope,
      all.filter((other) => other !== index),
    ),
  );
}

function withPoll(exchange: Exchange, reply: Reply): Reply {
  const { envelope } = reply;
  return envelope === undefined ? reply : scannedReply(exchange, reply, setPoll(reply.body, envelope, true));
}

/**
 * What the VASP opens under the mode that opens a transaction. COMPAT InterVillage, Baraza: a polled primitive comes as a
 * Response, under id 0 or the poll's own id, which a client takes for an answer [P8.1].
 */
function asRequests(exchange: Exchange, reply: Reply): Reply {
  if (!(isPoll(exchange) || onlyAnswers(exchange))) return reply;
  let asked = reply;
  reply.envelope?.transactions.forEach((transaction, index) => {
    if (transaction.mode === 'Request' || !waitsForPoll(transaction) || asked.envelope === undefined) return;
    asked = scannedReply(exchange, asked, replaceMode(asked.body, asked.envelope, index, 'Request'));
  });
  return asked;
}

interface Refused {
  readonly index: number;
  readonly id: string;
  readonly description: string;
}

/** The reply without the refused transactions; in 1.1 the last one takes its Poll along, which is put back. */
function without(exchange: Exchange, reply: Reply, envelope: Envelope, refused: readonly Refused[]): Reply {
  const indexes = refused.map(({ index }) => index);
  const left = scannedReply(exchange, reply, removeTransactions(reply.body, envelope, indexes));
  if (envelope.poll === undefined || left.envelope === undefined) return left;
  return scannedReply(exchange, left, setPoll(left.body, left.envelope, envelope.poll.value));
}

/** Tells the VASP, in the session and in the client's place, that its primitives were not taken. */
function refuseToVasp(exchange: Exchange, refused: readonly Refused[], next: Handler): Promise<Reply> {
  const { envelope } = exchange;
  const message = answerAll(
    envelope,
    refused.map(({ id, description }) => ({
      mode: 'Response',
      id,
      primitive: status(STATUS.SERVICE_NOT_AGREED, description),
    })),
  );
  return next(withBody(exchange, encodeMessage(message, envelope.encoding)));
}

function restoreIds(exchange: Exchange): Exchange {
  if (!exchange.vasp.replaceTransactionIds || !exchange.envelope.transactions.some(answersServer)) return exchange;
  let restored = exchange;
  exchange.envelope.transactions.forEach(({ id }, index) => {
    const original = answersServer(exchange.envelope.transactions[index]) ? OURS.exec(id)?.[1] : undefined;
    if (original === undefined) return;
    restored = withBody(restored, replaceTransactionId(restored.body, restored.envelope, index, original));
  });
  return restored;
}

/** Whether a client's transaction may stand under an id of the server's: everything in mode Response. */
function answersServer(transaction: EnvelopeTransaction | undefined): boolean {
  return transaction?.mode === 'Response';
}

/** Most replies only answer, and go on as they came. */
function opensTransaction({ envelope }: Reply): boolean {
  return envelope?.transactions.some(({ primitive, mode }) => isServerOriginated(primitive, mode)) === true;
}
