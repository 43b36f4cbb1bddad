/** A phone that is asked in a conversation, for tests: it says what it is told to, and reads every answer strictly. */
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { child, childText, descendant, type Element, element } from '../../gateway/csp/element.ts';
import type { CspMessage, Transaction } from '../../gateway/csp/message.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import type { Rig } from '../transcripts/rig.ts';
import { clientId, loginRequest, message, type Spelling, USER_ID } from './messages.ts';

/** Where the gateway of these tests writes from. */
export const SERVICE = 'wv:service@im.example';

export const AOC_CONVERSE = `
kind: off-line-service
id: aoc
version: 1
purpose: advice-of-charge
message: { en: "A message costs {amount} {currency}.", sv: "Ett meddelande kostar {amount} {currency}." }
charge: { kind: currency, amount: "0.10", currency: EUR, per: message }
options:
  - { id: accept, text: { en: Accept, sv: Acceptera }, grant: full }
  - { id: decline, text: { en: Decline, sv: Avböj }, deny: { en: You declined., sv: Du avböjde. } }
timeout: 2m
withoutSystemMessages: { converse: true }
`;

export const LEVELS = 'kind: service-levels\ndefault: full\nlevels:\n  full: { grant: [WVCSPFeat] }\n';

export const policies = (...texts: readonly string[]) =>
  [LEVELS, ...texts].map((text, index) => ({ path: `${index}.yaml`, text }));

/** What was polled. */
export interface Polled {
  readonly name: string;
  readonly transactionId: string;
  readonly messageId: string | undefined;
  /** A NewMessage's content, a Disconnect's sentence. */
  readonly text: string | undefined;
}

export class Phone {
  readonly rig: Rig;
  readonly spelling: Spelling;
  sessionId: string | undefined;
  #nextId = 1;

  constructor(rig: Rig, spelling: Spelling) {
    this.rig = rig;
    this.spelling = spelling;
  }

  /** Logs in; keeps the session that was opened. */
  async logIn(request: Element = loginRequest()): Promise<Element | undefined> {
    this.sessionId = undefined;
    const response = (await this.exchange([request]))?.transactions[0]?.primitive;
    this.sessionId = childText(response, 'SessionID');
    return response;
  }

  /** Sends primitives in one message; the answer, read strictly; undefined for an empty one. */
  async exchange(
    primitives: readonly Element[],
    mode: Transaction['mode'] = 'Request',
    ids?: readonly string[],
  ): Promise<CspMessage | undefined> {
    const { version, encoding } = this.spelling;
    const transactions = primitives.map(
      (primitive, index) => [ids?.[index] ?? this.#id(primitive), primitive] as const,
    );
    const body = message(this.spelling, this.sessionId, transactions, mode);
    const reply = await this.rig.send(body, contentTypeOf(version, encoding));
    if (reply.statusCode !== 200) throw new Error(`HTTP ${reply.statusCode}`);
    return reply.body.length === 0 ? undefined : decodeMessage(reply.body, encoding);
  }

  #id(primitive: Element): string {
    return primitive.name === 'Polling-Request' ? '' : String(this.#nextId++);
  }

  async request(primitive: Element): Promise<Element | undefined> {
    return (await this.exchange([primitive]))?.transactions[0]?.primitive;
  }

  async poll(): Promise<Polled | undefined> {
    const transaction = (await this.exchange([element('Polling-Request')]))?.transactions[0];
    if (transaction === undefined) return undefined;
    const { primitive, id } = transaction;
    return {
      name: primitive.name,
      transactionId: id,
      messageId: childText(child(primitive, 'MessageInfo'), 'MessageID'),
      text: child(primitive, 'ContentData')?.text ?? descendant(primitive, 'Result', 'Description')?.text,
    };
  }

  async acknowledge({ transactionId, messageId = '' }: Polled): Promise<CspMessage | undefined> {
    const delivered = element('MessageDelivered', [element('MessageID', messageId)]);
    return this.exchange([delivered], 'Response', [transactionId]);
  }

  async write(text: string, to = SERVICE, contentEncoding = 'None'): Promise<Element | undefined> {
    return this.request(textTo(to, text, contentEncoding));
  }
}

export function textTo(to: string, text: string, contentEncoding = 'None'): Element {
  return element('SendMessage-Request', [
    element('DeliveryReport', 'F'),
    element('MessageInfo', [
      element('ContentType', 'text/plain'),
      element('ContentEncoding', contentEncoding),
      element('ContentSize', Buffer.byteLength(text)),
      element('Recipient', [element('User', [element('UserID', to)])]),
      element('Sender', [element('User', [element('UserID', USER_ID)])]),
    ]),
    element('ContentData', text),
  ]);
}

/** A four-way login's first phase. */
export function digestOffer(cookie: string): Element {
  return element('Login-Request', [
    element('UserID', USER_ID),
    clientId(),
    element('DigestSchema', 'MD5'),
    element('SessionCookie', cookie),
  ]);
}
