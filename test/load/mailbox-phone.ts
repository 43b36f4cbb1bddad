/**
 * A phone that writes to people who are away, and gets what was kept for it, in any version and encoding: each call is one
 * exchange, under a TransactionID that the caller may choose so that it can be said again. What it is asked at login it
 * answers by the first option.
 */
import { decodeMessage, encodeMessage } from '../../gateway/csp/codec.ts';
import { child, children, childText, descendant, type Element, element } from '../../gateway/csp/element.ts';
import type { Transaction } from '../../gateway/csp/message.ts';
import { resultCode } from '../../gateway/csp/status.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import type { Spelling } from '../gateway/messages.ts';
import type { Lanes } from './messages-lanes.ts';

/** What an HTTP answer held. */
export interface Said {
  /** Undefined for an empty answer. */
  readonly primitive: Element | undefined;
  readonly transactionId: string;
  /** Of the answer's Result. */
  readonly code: number | undefined;
  readonly poll: boolean;
}

export interface Letter {
  readonly to: readonly string[];
  readonly text: string;
  readonly report?: boolean;
  readonly validitySeconds?: number;
}

const NOTHING: Said = { primitive: undefined, transactionId: '', code: undefined, poll: false };
const PATH = '/imps';

export class MailPhone {
  readonly user: string;
  readonly spelling: Spelling;
  sessionId: string | undefined;
  /** Texts of what was asked at the last login. */
  asked: readonly string[] = [];
  readonly #lanes: Lanes;
  readonly #contentType: string;
  #transactions = 0;

  constructor(user: string, spelling: Spelling, lanes: Lanes) {
    this.user = user;
    this.spelling = spelling;
    this.#lanes = lanes;
    this.#contentType = contentTypeOf(spelling.version, spelling.encoding);
  }

  /** The code of the last Login-Response. @param think called between question and answer */
  async logIn(option = 1, think?: () => Promise<void>): Promise<number | undefined> {
    this.sessionId = undefined;
    this.asked = [];
    let said = await this.#logIn();
    const messages = descendant(said.primitive, 'Result', 'SystemMessageList')?.children ?? [];
    if (messages.length > 0) {
      this.asked = messages.map((one) => childText(one, 'SystemMessageText') ?? '');
      await think?.();
      said = await this.#logIn(
        element(
          'SystemMessageResponseList',
          messages.map((one) => chosen(one, option)),
        ),
      );
    }
    this.sessionId = childText(said.primitive, 'SessionID');
    return said.code;
  }

  #logIn(answers?: Element): Promise<Said> {
    return this.request(
      element('Login-Request', [
        element('UserID', this.user),
        element('ClientID', [element('URL', `http://phone.example/${this.user}`)]),
        element('Password', 'secret'),
        element('TimeToLive', 3_600),
        element('SessionCookie', 'cookie'),
        answers,
      ]),
    );
  }

  newId(): string {
    this.#transactions += 1;
    return `p${this.#transactions}`;
  }

  poll(): Promise<Said> {
    return this.say('Request', '', element('Polling-Request'));
  }

  request(primitive: Element, id = this.newId()): Promise<Said> {
    return this.say('Request', id, primitive);
  }

  /** Says that it has a message; under the id of a NewMessage, or a new one behind GetMessage. */
  acknowledge(messageId: string, transactionId = this.newId()): Promise<Said> {
    return this.say('Response', transactionId, element('MessageDelivered', [element('MessageID', messageId)]));
  }

  async say(mode: Transaction['mode'], id: string, primitive: Element): Promise<Said> {
    const { version, encoding } = this.spelling;
    const { sessionId } = this;
    const message = {
      version,
      sessionType: sessionId === undefined ? 'Outband' : 'Inband',
      ...(sessionId === undefined ? {} : { sessionId }),
      transactions: [{ mode, id, primitive }],
    } as const;
    const bytes = await this.#lanes.send(PATH, this.#contentType, encodeMessage(message, encoding));
    if (bytes.length === 0) return NOTHING;
    const heard = decodeMessage(bytes, encoding);
    const [first] = heard.transactions;
    return {
      primitive: first?.primitive,
      transactionId: first?.id ?? '',
      code: resultCode(first?.primitive),
      poll: heard.poll === true,
    };
  }
}

function chosen(message: Element, option: number): Element {
  return element('SystemMessageResponse', [
    element('SystemMessageID', childText(message, 'SystemMessageID') ?? ''),
    element('ChosenOptionID', option),
  ]);
}

/** A SendMessage-Request. */
export function letter(from: string, { to, text, report = false, validitySeconds }: Letter): Element {
  const userOf = (id: string): Element => element('User', [element('UserID', id)]);
  return element('SendMessage-Request', [
    element('DeliveryReport', report),
    element('MessageInfo', [
      element('ContentType', 'text/plain'),
      element('ContentEncoding', 'None'),
      element('ContentSize', Buffer.byteLength(text)),
      element('Recipient', to.map(userOf)),
      element('Sender', [userOf(from)]),
      validitySeconds === undefined ? undefined : element('Validity', validitySeconds),
    ]),
    element('ContentData', text),
  ]);
}

/** Of a primitive with MessageInfo: its MessageID and who wrote it. */
export function headOf(primitive: Element | undefined): { readonly messageId: string; readonly from: string } {
  const info = child(primitive, 'MessageInfo');
  return {
    messageId: childText(info, 'MessageID') ?? '',
    from: childText(descendant(info, 'Sender', 'User'), 'UserID') ?? '',
  };
}

/** The MessageIDs of a GetMessageList-Response, in whatever version. */
export function listedIn(primitive: Element | undefined): readonly string[] {
  const holder = child(primitive, 'MessageInfoList') ?? primitive;
  return children(holder, 'MessageInfo').map((info) => childText(info, 'MessageID') ?? '');
}
