/**
 * A phone in a session that is told things by the gateway [X40, X41]: it polls, acknowledges and answers, with System
 * Messages in CSP 1.3 and in a conversation with the service contact before, in either encoding.
 */
import { decodeMessage, encodeMessage } from '../../gateway/csp/codec.ts';
import { child, children, childText, descendant, type Element, element } from '../../gateway/csp/element.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import type { Transaction } from '../../gateway/csp/message.ts';
import { resultCode, status } from '../../gateway/csp/status.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import type { Spelling } from '../gateway/messages.ts';
import type { Lanes } from './messages-lanes.ts';

/** A SystemMessage-Request or a NewMessage. */
export interface Received {
  readonly kind: 'system-message' | 'text';
  readonly transactionId: string;
  readonly messageId: string;
  readonly text: string;
  /** Who wrote a text. */
  readonly from: string;
  /** Has options to choose from. */
  readonly isQuestion: boolean;
}

/** What an HTTP answer to this phone held. */
export interface Heard {
  /** Undefined for an empty answer. */
  readonly primitive: Element | undefined;
  /** A message for the user. */
  readonly received: Received | undefined;
  /** Undefined for an empty answer; else whether more waits. */
  readonly poll: boolean | undefined;
  /** Of the answer's Result. */
  readonly code: number | undefined;
}

export const PHONE_PATH = '/phones';
const EMPTY: Heard = { primitive: undefined, received: undefined, poll: undefined, code: undefined };
const CLIENT = element('ClientID', [element('URL', 'http://phone.example/messages')]);
const POLL = element('Polling-Request');

export class MessagesPhone {
  readonly user: string;
  readonly spelling: Spelling;
  sessionId: string | undefined;
  readonly #lanes: Lanes;
  readonly #contentType: string;
  #transactions = 0;

  constructor(user: string, spelling: Spelling, lanes: Lanes) {
    this.user = user;
    this.spelling = spelling;
    this.#lanes = lanes;
    this.#contentType = contentTypeOf(spelling.version, spelling.encoding);
  }

  /** @param cookie by which it is called */
  async logIn(cookie: string): Promise<void> {
    this.sessionId = undefined;
    const heard = await this.request(
      element('Login-Request', [
        element('UserID', this.user),
        CLIENT,
        element('Password', 'secret'),
        element('TimeToLive', 3_600),
        element('SessionCookie', cookie),
      ]),
    );
    const session = childText(heard.primitive, 'SessionID');
    if (heard.code !== 200 || session === undefined) throw new Error(`a login got ${heard.code}`);
    this.sessionId = session;
  }

  /** Agrees on being called by datagrams at this port of this machine [P9.2]. */
  async agreeOnCalls(udpPort: number): Promise<void> {
    const { version } = this.spelling;
    const heard = await this.request(
      element('ClientCapability-Request', [
        version === '1.3' ? undefined : CLIENT,
        element('CapabilityList', [
          element('SupportedCIRMethod', 'SUDP'),
          element('ServerPollMin', 2),
          element('UDPPort', udpPort),
        ]),
      ]),
    );
    if (childText(child(heard.primitive, 'AgreedCapabilityList'), 'SupportedCIRMethod') !== 'SUDP') {
      throw new Error(`no calls were agreed on: ${heard.primitive?.name}`);
    }
  }

  poll(): Promise<Heard> {
    return this.#send('Request', '', POLL);
  }

  /** The gateway has heard of it when this resolves. */
  acknowledge({ kind, transactionId, messageId }: Received): Promise<Heard> {
    const primitive =
      kind === 'system-message' ? status(200) : element('MessageDelivered', [element('MessageID', messageId)]);
    return this.#send('Response', transactionId, primitive);
  }

  /** Answers a System Message by SystemMessage-User, and a text by writing back the option's number, from 1. */
  choose({ kind, messageId, from }: Received, option: number): Promise<Heard> {
    if (kind === 'text') return this.request(textTo(from, this.user, String(option)));
    const answer = element('SystemMessageResponse', [
      element('SystemMessageID', messageId),
      element('ChosenOptionID', option),
    ]);
    return this.request(element('SystemMessage-User', [element('SystemMessageResponseList', [answer])]));
  }

  request(primitive: Element): Promise<Heard> {
    this.#transactions += 1;
    return this.#send('Request', `p${this.#transactions}`, primitive);
  }

  async #send(mode: Transaction['mode'], id: string, primitive: Element): Promise<Heard> {
    const { version, encoding } = this.spelling;
    const { sessionId } = this;
    const body = encodeMessage(
      {
        version,
        sessionType: sessionId === undefined ? 'Outband' : 'Inband',
        ...(sessionId === undefined ? {} : { sessionId }),
        transactions: [{ mode, id, primitive }],
      },
      encoding,
    );
    return this.#read(await this.#lanes.send(PHONE_PATH, this.#contentType, body));
  }

  #read(bytes: Buffer): Heard {
    if (bytes.length === 0) return EMPTY;
    const { encoding } = this.spelling;
    const envelope = scanEnvelope(bytes, encoding);
    const poll = envelope.poll?.value ?? false;
    const [first] = envelope.transactions;
    // Most answers say nothing more than that: no tree is made of them.
    if (first?.primitive === 'Status') {
      return { primitive: undefined, received: undefined, poll, code: first.resultCode };
    }
    const transaction = decodeMessage(bytes, encoding).transactions[0];
    const primitive = transaction?.primitive;
    return { primitive, received: transaction && receivedIn(transaction), poll, code: resultCode(primitive) };
  }
}

/** A text message, as it is sent. */
export function textTo(to: string, from: string, text: string): Element {
  return element('SendMessage-Request', [
    element('DeliveryReport', false),
    element('MessageInfo', [
      element('ContentType', 'text/plain'),
      element('ContentEncoding', 'None'),
      element('ContentSize', text.length),
      element('Recipient', [userOf(to)]),
      element('Sender', [userOf(from)]),
    ]),
    element('ContentData', text),
  ]);
}

const userOf = (id: string): Element => element('User', [element('UserID', id)]);

function receivedIn({ id: transactionId, primitive }: Transaction): Received | undefined {
  if (primitive.name === 'SystemMessage-Request') {
    const [message] = children(child(primitive, 'SystemMessageList'), 'SystemMessage');
    const text = childText(message, 'SystemMessageText') ?? '';
    const messageId = childText(message, 'SystemMessageID') ?? '';
    const isQuestion = child(message, 'AnswerOptions') !== undefined;
    return { kind: 'system-message', transactionId, messageId, text, from: '', isQuestion };
  }
  if (primitive.name !== 'NewMessage') return undefined;
  const info = child(primitive, 'MessageInfo');
  const text = childText(primitive, 'ContentData') ?? '';
  return {
    kind: 'text',
    transactionId,
    messageId: childText(info, 'MessageID') ?? '',
    text,
    isQuestion: /^1 /m.test(text),
    from: childText(descendant(info, 'Sender', 'User'), 'UserID') ?? '',
  };
}
