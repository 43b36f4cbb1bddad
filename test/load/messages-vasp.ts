import { messageInfo } from '../../gateway/conversation/text-messages.ts';
import { child, childText, childTexts, type Element, element } from '../../gateway/csp/element.ts';
import type { CspMessage, Transaction } from '../../gateway/csp/message.ts';
import { result, status } from '../../gateway/csp/status.ts';
import type { CspVersion } from '../../gateway/csp/versions.ts';
import { VaspServer } from './vasp-server.ts';

/** A user who was put into a contact list. */
export interface Added {
  readonly sessionId: string;
  readonly transactionId: string;
  readonly user: string;
}

interface Session {
  readonly user: string;
  /** Texts that wait to be polled. */
  readonly waiting: string[];
  /** TransactionIDs under which texts went out and that were not acknowledged yet. */
  readonly open: Set<string>;
}

/** Called clients are of no concern here: the gateway has no channel to this port, and needs an address all the same. */
const CIR_PORT = 9;

export class MessagesVasp {
  readonly added: Added[] = [];
  /** By SessionID. */
  readonly sessions = new Map<string, Session>();
  /** What it was asked that it should never be: answers and texts that are the gateway's alone. */
  readonly strays: string[] = [];
  readonly #server: VaspServer;
  #transactions = 0;

  private constructor() {
    this.#server = new VaspServer((asked) => this.#answer(asked));
  }

  static async listen(): Promise<MessagesVasp> {
    const vasp = new MessagesVasp();
    await vasp.#server.listen();
    return vasp;
  }

  get url(): string {
    return this.#server.url;
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  /** Has texts wait for a session. */
  write(sessionId: string, texts: readonly string[]): void {
    this.sessions.get(sessionId)?.waiting.push(...texts);
  }

  #answer(asked: CspMessage): CspMessage | undefined {
    const { version, sessionType, sessionId } = asked;
    const session = this.sessions.get(sessionId ?? '');
    const transactions = asked.transactions.flatMap(({ mode, id, primitive }): Transaction | [] => {
      if (mode === 'Response') {
        if (session?.open.delete(id) !== true) this.strays.push(`${primitive.name} under ${id}`);
        return [];
      }
      return primitive.name === 'Polling-Request'
        ? this.#next(sessionId ?? '')
        : { mode: 'Response', id, primitive: this.#primitiveFor(version, sessionId ?? '', id, primitive) };
    });
    if (transactions.length === 0) return undefined;
    return {
      version,
      sessionType,
      ...(sessionId === undefined ? {} : { sessionId }),
      transactions,
      ...(session === undefined ? {} : { poll: session.waiting.length > 0 }),
    };
  }

  /** A text; nothing at all where nothing waits [P8]. */
  #next(sessionId: string): Transaction | [] {
    const session = this.sessions.get(sessionId);
    const text = session?.waiting.shift();
    if (session === undefined || text === undefined) return [];
    this.#transactions += 1;
    const id = `v${this.#transactions}`;
    session.open.add(id);
    const info = messageInfo({ messageId: `of-vasp-${id}`, from: 'wv:bob@im.example', to: session.user, text, at: 0 });
    return { mode: 'Request', id, primitive: element('NewMessage', [info, element('ContentData', text)]) };
  }

  #primitiveFor(version: CspVersion, sessionId: string, transactionId: string, primitive: Element): Element {
    const user = this.sessions.get(sessionId)?.user ?? '';
    switch (primitive.name) {
      case 'Login-Request':
        return this.#login(primitive);
      case 'ClientCapability-Request':
        return capabilities(version, primitive);
      case 'SendMessage-Request':
        return element('SendMessage-Response', [result(200), element('MessageID', `sent-${transactionId}`)]);
      case 'GetList-Request': {
        const named = element('DefaultContactList', `${user.split('@')[0]}/friends@im.example`);
        return element('GetList-Response', version === '1.3' ? [element('ContactListIDList', []), named] : [named]);
      }
      case 'ListManage-Request':
        for (const one of childTexts(child(primitive, 'AddNickList'), 'UserID')) {
          this.added.push({ sessionId, transactionId, user: one });
        }
        return element('ListManage-Response', [result(200)]);
      case 'SystemMessage-User':
        this.strays.push('SystemMessage-User');
        return status(200);
      default:
        return status(200);
    }
  }

  #login(primitive: Element): Element {
    const sessionId = `S-${String(this.sessions.size + 1).padStart(6, '0')}`;
    const user = childText(primitive, 'UserID') ?? '';
    this.sessions.set(sessionId, { user, waiting: [], open: new Set() });
    return element('Login-Response', [
      child(primitive, 'ClientID'),
      result(200),
      element('SessionID', sessionId),
      element('KeepAliveTime', 3_600),
      element('CapabilityRequest', false),
    ]);
  }
}

/** Agrees on every way of being called; the VASP itself calls nobody. */
export function capabilities(version: CspVersion, primitive: Element): Element {
  const methods = childTexts(child(primitive, 'CapabilityList'), 'SupportedCIRMethod');
  const list = element(version === '1.3' || version === '1.2' ? 'AgreedCapabilityList' : 'CapabilityList', [
    element('ServerPollMin', 2),
    ...methods.map((method) => element('SupportedCIRMethod', method)),
    element('TCPAddress', '127.0.0.1'),
    element('TCPPort', CIR_PORT),
  ]);
  return element('ClientCapability-Response', version === '1.1' ? [child(primitive, 'ClientID'), list] : [list]);
}
