/** Puts what kept messages make of the VASP's answers into the reply; every other byte stays as the VASP sent it [X3]. */
import type { Element } from '../../csp/element.ts';
import { replaceElement } from '../../csp/splice.ts';
import { answerMessage, type Exchange, type Reply, scannedReply, withBody } from '../exchange.ts';
import type { Rewriting } from './parts.ts';

export async function rewritten(exchange: Exchange, reply: Reply, rewritings: readonly Rewriting[]): Promise<Reply> {
  let current = reply;
  for (const { transactionId, rewrite } of rewritings) {
    const index = current.envelope?.transactions.findIndex(
      ({ mode, id }) => mode === 'Response' && id === transactionId,
    );
    const answer =
      index === undefined || index === -1 ? undefined : answerMessage(exchange, current).transactions[index]?.primitive;
    const told = await rewrite(answer);
    const range = current.envelope?.transactions[index ?? -1]?.primitiveRange;
    if (told === undefined || range === undefined) continue;
    const { encoding, version } = exchange.envelope;
    current = scannedReply(exchange, current, replaceElement(current.body, encoding, version, range, told));
  }
  return current;
}

/** The client's message with another primitive in one of its transactions. */
export function withPrimitive(exchange: Exchange, index: number, primitive: Element): Exchange {
  const { encoding, version, transactions } = exchange.envelope;
  const range = transactions[index]?.primitiveRange;
  if (range === undefined) return exchange;
  return withBody(exchange, replaceElement(exchange.body, encoding, version, range, primitive));
}
