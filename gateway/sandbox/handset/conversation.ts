/**
 * The handset's side of the exchange: puts primitives into messages of its version and encoding, finds the answer by its
 * TransactionID, and keeps what the server started by itself for the handset to look at [P1.2, P8].
 */
import { decodeMessage, encodeMessage } from '../../csp/codec.ts';
import type { Element } from '../../csp/element.ts';
import { CspError } from '../../csp/errors.ts';
import type { CspMessage, Transaction } from '../../csp/message.ts';
import { type CspVersion, contentTypeOf, type Encoding, encodingOfContentType } from '../../csp/versions.ts';
import { HandsetError, type Transport } from './transport.ts';

/** Sees every message; an empty answer is undefined. */
export type Trace = (direction: 'sent' | 'received', message: CspMessage | undefined) => void;

const LAST_TRANSACTION_ID = 999;

export class Conversation {
  readonly version: CspVersion;
  readonly encoding: Encoding;
  sessionId: string | undefined;
  /** The Poll flag of the last answer: something waits to be polled. */
  somethingWaits = false;
  /** What the server started and nobody has looked at. */
  readonly serverRequests: Transaction[] = [];
  readonly #transport: Transport;
  readonly #trace: Trace;
  #transactionId = 0;

  constructor(version: CspVersion, encoding: Encoding, transport: Transport, trace: Trace = () => undefined) {
    this.version = version;
    this.encoding = encoding;
    this.#transport = transport;
    this.#trace = trace;
  }

  nextTransactionId(): string {
    this.#transactionId = (this.#transactionId % LAST_TRANSACTION_ID) + 1;
    return String(this.#transactionId);
  }

  /** Sends a request and answers with the primitive that came back under its id. @throws {HandsetError} */
  async request(primitive: Element, id = this.nextTransactionId()): Promise<Element> {
    const [answer] = await this.exchange([{ mode: 'Request', id, primitive }]);
    if (answer === undefined) {
      throw new HandsetError('NOT_AN_ANSWER', `the server left the ${primitive.name} without an answer`);
    }
    return answer.primitive;
  }

  /**
   * Sends transactions in one message and answers with the responses in it, in order.
   * @throws {HandsetError}
   */
  async exchange(transactions: readonly Transaction[]): Promise<readonly Transaction[]> {
    const { version, sessionId } = this;
    const message: CspMessage =
      sessionId === undefined
        ? { version, sessionType: 'Outband', transactions }
        : { version, sessionType: 'Inband', sessionId, transactions };
    this.#trace('sent', message);
    const answer = await this.#post(message);
    this.#trace('received', answer);
    this.somethingWaits = answer?.poll === true;
    const received = answer?.transactions ?? [];
    const ids = new Set(transactions.filter(({ mode }) => mode === 'Request').map(({ id }) => id));
    const isAnswer = ({ mode, id }: Transaction): boolean => mode === 'Response' && ids.has(id);
    this.serverRequests.push(...received.filter(({ mode }) => mode === 'Request'));
    return received.filter(isAnswer);
  }

  async #post(message: CspMessage): Promise<CspMessage | undefined> {
    const { version, encoding } = this;
    const reply = await this.#transport.post({
      contentType: contentTypeOf(version, encoding),
      body: encodeMessage(message, encoding),
    });
    if (reply.statusCode !== 200) {
      const text = reply.contentType.startsWith('text/plain') ? `: ${Buffer.from(reply.body).toString().trim()}` : '';
      throw new HandsetError('HTTP_STATUS', `the server answered with HTTP ${reply.statusCode}${text}`);
    }
    if (reply.body.length === 0) return undefined;
    try {
      return decodeMessage(reply.body, encodingOfContentType(reply.contentType) ?? encoding, { tolerant: true });
    } catch (error) {
      if (!(error instanceof CspError)) throw error;
      throw new HandsetError('NOT_AN_ANSWER', `the answer is no CSP message: ${error.message}`, { cause: error });
    }
  }
}
