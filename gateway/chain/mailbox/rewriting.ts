/** Puts what kept messages make of the VASP's answers into the reply; every other byte stays as the VASP sent it [X3]. */
import { encodeMessage } from '../../csp/codec.ts';
import type { Element } from '../../csp/element.ts';
import type { ByteRange } from '../../csp/envelope.ts';
import { CspError } from '../../csp/errors.ts';
import type { CspMessage } from '../../csp/message.ts';
import { replaceElement } from '../../csp/splice.ts';
import { answerMessage, type Exchange, messageOf, type Reply, scannedReply, withBody } from '../exchange.ts';
import type { Rewriting } from './parts.ts';

export async function rewritten(exchange: Exchange, reply: Reply, rewritings: readonly Rewriting[]): Promise<Reply> {
  let current = reply;
  for (const { transactionId, rewrite } of rewritings) {
    const index =
      current.envelope?.transactions.findIndex(({ mode, id }) => mode === 'Response' && id === transactionId) ?? -1;
    const said = index === -1 ? undefined : answerMessage(exchange, current);
    const told = await rewrite(said?.transactions[index]?.primitive);
    const range = current.envelope?.transactions[index]?.primitiveRange;
    if (said === undefined || told === undefined || range === undefined) continue;
    current = scannedReply(exchange, current, replaced(exchange, current.body, said, { index, range }, told));
  }
  return current;
}

/** The client's message with another primitive in one of its transactions. */
export function withPrimitive(exchange: Exchange, index: number, primitive: Element): Exchange {
  const range = exchange.envelope.transactions[index]?.primitiveRange;
  if (range === undefined) return exchange;
  return withBody(exchange, replaced(exchange, exchange.body, messageOf(exchange), { index, range }, primitive));
}

interface Place {
  /** Of the transaction in the message. */
  readonly index: number;
  /** Of its primitive in the bytes. */
  readonly range: ByteRange;
}

function replaced(
  { envelope }: Exchange,
  bytes: Uint8Array,
  message: CspMessage,
  { index, range }: Place,
  primitive: Element,
): Buffer {
  const { encoding, version } = envelope;
  try {
    return replaceElement(bytes, encoding, version, range, primitive);
  } catch (error) {
    if (!(error instanceof CspError) || error.code !== 'UNKNOWN_TOKEN') throw error;
    // A name without a token in the version can be spelled out in a whole message alone: COMPAT Baraza, whose lists of
    // messages are of 1.3 in all versions [P17].
    const transactions = message.transactions.map((one, place) => (place === index ? { ...one, primitive } : one));
    return encodeMessage({ ...message, transactions }, encoding);
  }
}
