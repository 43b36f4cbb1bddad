/**
 * What travels along the chain: a client's message with its envelope, and the reply that comes back. A link answers, or
 * passes the exchange on and may look at the reply; what it changes, it changes in a copy. Bytes are the truth: whoever
 * changes them scans them again, so that the next link sees what the VASP will see.
 */
import { decodeMessage, encodeMessage } from '../csp/codec.ts';
import type { Element } from '../csp/element.ts';
import { type Envelope, type EnvelopeTransaction, scanEnvelope } from '../csp/envelope.ts';
import { CspError } from '../csp/errors.ts';
import type { CspMessage } from '../csp/message.ts';
import { answer } from '../csp/status.ts';
import type { Encoding } from '../csp/versions.ts';
import { GatewayError } from '../errors.ts';
import type { ClientReply, ClientRequest } from '../ports.ts';
import type { Session } from './sessions.ts';

/** A VASP as the chain needs it. */
export interface VaspFacts {
  readonly name: string;
  /** The language of its users when the client tells none. */
  readonly language: string | undefined;
  /** The domain that it gives to user ids without one; undefined where nobody knows. */
  readonly domain?: string | undefined;
  /** Whether TransactionIDs of server-originated primitives are replaced [X6]. */
  readonly replaceTransactionIds: boolean;
  /** The encoding that it is spoken to in; `same`: the client's. Links above the VASP's own see the client's alone. */
  readonly encoding: 'same' | Encoding;
}

export interface Exchange {
  readonly vasp: VaspFacts;
  readonly request: ClientRequest;
  readonly body: Uint8Array;
  readonly envelope: Envelope;
  /** The session that an Inband message belongs to; undefined until it is identified. */
  readonly session: Session | undefined;
}

export interface Reply extends ClientReply {
  /** `gateway`: built here. `vasp`: what the VASP said, perhaps with bytes spliced. */
  readonly origin: 'gateway' | 'vasp';
  /** Undefined for an empty body, and for an answer of a VASP that cannot be read. */
  readonly envelope: Envelope | undefined;
  /** What the request was counted as: `forwarded`, `answered`, or the status that refused it. */
  readonly outcome: string;
  /** The session is over with this reply, whatever it says. */
  readonly endsSession?: true;
}

export type Handler = (exchange: Exchange) => Promise<Reply>;
/** One step of the chain. What does not concern it, it hands to `next` as it came. */
export type Link = (exchange: Exchange, next: Handler) => Promise<Reply>;

/** The links in the order of the list, `last` behind them. */
export function chain(links: readonly Link[], last: Handler): Handler {
  return links.reduceRight<Handler>((next, link) => (exchange) => link(exchange, next), last);
}

/** The first transaction; the scan lets no message without one through. */
export function firstTransaction(envelope: Envelope): EnvelopeTransaction {
  const first = envelope.transactions[0];
  if (first === undefined) throw new TypeError('a message without a transaction reached the chain');
  return first;
}

/** Whether the client asks for nothing but what waits for it. */
export function isPoll({ envelope }: Pick<Exchange, 'envelope'>): boolean {
  return envelope.transactions.every(({ primitive }) => primitive === 'Polling-Request');
}

/** Whether the client waits for nothing: a primitive that the server opens may be the answer [P8]. */
export function onlyAnswers({ envelope }: Pick<Exchange, 'envelope'>): boolean {
  return envelope.transactions.every(({ mode }) => mode === 'Response');
}

/** The exchange with other bytes in the place of its body. */
export function withBody(exchange: Exchange, body: Uint8Array): Exchange {
  return { ...exchange, body, envelope: scanEnvelope(body, exchange.envelope.encoding) };
}

/**
 * The message of an exchange as a tree.
 * @throws {GatewayError} `MESSAGE_UNREADABLE`: the tree is stricter than the scan about what stands inside a primitive.
 */
export function messageOf(exchange: Exchange): CspMessage {
  try {
    return decodeMessage(exchange.body, exchange.envelope.encoding);
  } catch (error) {
    if (!(error instanceof CspError)) throw error;
    throw new GatewayError('MESSAGE_UNREADABLE', `The message cannot be read: ${error.message}.`, { cause: error });
  }
}

/** The reply that answers an exchange's first transaction with one primitive built here [X1, X2]. */
export function answerWith(exchange: Exchange, primitive: Element, outcome: string): Reply {
  const { envelope } = exchange;
  return replyWith(
    exchange,
    answer(
      {
        version: envelope.version,
        sessionType: envelope.sessionType,
        sessionId: envelope.sessionId,
        transactionId: firstTransaction(envelope).id,
      },
      primitive,
    ),
    outcome,
  );
}

/** The reply that carries a message built here, in the request's encoding and content type [X1]. */
export function replyWith(exchange: Exchange, message: CspMessage, outcome: string): Reply {
  const body = encodeMessage(message, exchange.envelope.encoding);
  return gatewayReply(exchange.request.contentType, body, scanEnvelope(body, exchange.envelope.encoding), outcome);
}

/** An answer without a body: a poll with nothing waiting, or an acknowledgement taken [P8]. */
export function emptyReply(exchange: Exchange, outcome: string): Reply {
  return gatewayReply(exchange.request.contentType, new Uint8Array(0), undefined, outcome);
}

function gatewayReply(contentType: string, body: Uint8Array, envelope: Envelope | undefined, outcome: string): Reply {
  return { statusCode: 200, headers: ['Content-Type', contentType], body, origin: 'gateway', envelope, outcome };
}

/** A VASP's reply with other bytes in the place of its body. */
export function scannedReply(exchange: Exchange, reply: Reply, body: Uint8Array): Reply {
  return { ...reply, body, envelope: readAnswer(exchange, body) };
}

/** What a VASP's answer says, read tolerantly [X5]; undefined when it cannot be read. */
export function readAnswer(exchange: Exchange, body: Uint8Array): Envelope | undefined {
  if (body.length === 0) return undefined;
  const { encoding, version } = exchange.envelope;
  try {
    return scanEnvelope(body, encoding, { tolerant: true, assumedVersion: version });
  } catch (error) {
    if (error instanceof CspError) return undefined;
    throw error;
  }
}

/**
 * The tree of a VASP's answer whose envelope could be read.
 * @throws {GatewayError} `VASP_ANSWER_UNREADABLE`
 */
export function answerMessage(exchange: Exchange, reply: Reply): CspMessage {
  const { encoding, version } = exchange.envelope;
  try {
    return decodeMessage(reply.body, encoding, { tolerant: true, assumedVersion: version });
  } catch (error) {
    if (!(error instanceof CspError)) throw error;
    throw new GatewayError('VASP_ANSWER_UNREADABLE', error.code, { cause: error });
  }
}
