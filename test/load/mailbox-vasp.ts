import { messageInfo } from '../../gateway/conversation/text-messages.ts';
import {
  child,
  children,
  childText,
  childTexts,
  descendant,
  type Element,
  element,
} from '../../gateway/csp/element.ts';
import type { CspMessage, Transaction } from '../../gateway/csp/message.ts';
import { result, status } from '../../gateway/csp/status.ts';
import type { CspVersion } from '../../gateway/csp/versions.ts';
import { MAIL_ID_PREFIX } from '../../gateway/stored-message/ids.ts';
import { capabilities } from './messages-vasp.ts';
import { VaspServer } from './vasp-server.ts';

/** Who may not write to a user, or who alone may. */
export interface Lists {
  readonly blocked: Set<string>;
  /** Undefined: the list is not in use. */
  granted: Set<string> | undefined;
}

/** A message that the VASP took itself, because the recipient was there. */
export interface Taken {
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

interface Session {
  readonly user: string;
  /** Messages that wait to be polled. */
  readonly waiting: Taken[];
}

export class MailboxVasp {
  readonly taken: Taken[] = [];
  /** What reached it and is the gateway's alone. */
  readonly strays: string[] = [];
  /** Names of all primitives, in order. */
  readonly asked: string[] = [];
  /** A user's next login ends none of the user's sessions. */
  allowSeveral = false;
  /** Users of whom it says that they are away although they have a session. */
  readonly away = new Set<string>();
  /** Whether clients may be called. */
  agreesOnCalls = false;
  /** Called with each user whose login arrived. */
  onLogin: ((user: string) => void) | undefined;
  /** The code that a GetBlockedList-Request gets in the place of the lists; `nothing`: the connection is closed. */
  listsFail: number | 'nothing' | undefined;
  readonly #lists = new Map<string, Lists>();
  /** By SessionID. */
  readonly #sessions = new Map<string, Session>();
  /** SessionIDs by user. */
  readonly #present = new Map<string, string>();
  readonly #server: VaspServer;
  #opened = 0;
  #transactions = 0;

  private constructor() {
    this.#server = new VaspServer((asked) => {
      if (this.listsFail !== 'nothing' || !asksForLists(asked)) return this.#answer(asked);
      this.asked.push('GetBlockedList-Request');
      return 'nothing';
    });
  }

  static async listen(): Promise<MailboxVasp> {
    const vasp = new MailboxVasp();
    await vasp.#server.listen();
    return vasp;
  }

  get url(): string {
    return this.#server.url;
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  /** What the VASP holds about who may write to a user, to be changed at will. */
  listsOf(user: string): Lists {
    const lists = this.#lists.get(user) ?? { blocked: new Set<string>(), granted: undefined };
    this.#lists.set(user, lists);
    return lists;
  }

  /** Ends the session of a user who went without a word. */
  lose(user: string): void {
    this.#sessions.delete(this.#present.get(user) ?? '');
    this.#present.delete(user);
  }

  #answer(asked: CspMessage): CspMessage | undefined {
    const { version, sessionType, sessionId } = asked;
    const transactions = asked.transactions.flatMap(({ mode, id, primitive }): Transaction | [] => {
      this.asked.push(primitive.name);
      if (childTexts(primitive, 'MessageID').some((messageId) => messageId.startsWith(MAIL_ID_PREFIX))) {
        this.strays.push(primitive.name);
      }
      if (mode === 'Response') return [];
      const session = this.#sessions.get(sessionId ?? '');
      if (primitive.name === 'Login-Request') return { mode: 'Response', id, primitive: this.#login(primitive) };
      if (session === undefined) return { mode: 'Response', id, primitive: status(604) };
      if (primitive.name === 'Polling-Request') return this.#next(session);
      return { mode: 'Response', id, primitive: this.#primitiveFor(version, session, sessionId ?? '', primitive) };
    });
    if (transactions.length === 0) return undefined;
    return { version, sessionType, ...(sessionId === undefined ? {} : { sessionId }), transactions };
  }

  #login(primitive: Element): Element {
    this.#opened += 1;
    const sessionId = `S-${String(this.#opened).padStart(6, '0')}`;
    const user = childText(primitive, 'UserID') ?? '';
    this.onLogin?.(user);
    if (!this.allowSeveral) this.lose(user);
    this.#sessions.set(sessionId, { user, waiting: [] });
    this.#present.set(user, sessionId);
    return element('Login-Response', [
      child(primitive, 'ClientID'),
      result(200),
      element('SessionID', sessionId),
      element('KeepAliveTime', 3_600),
      element('CapabilityRequest', false),
    ]);
  }

  /** A text; nothing at all where nothing waits [P8]. */
  #next({ user, waiting }: Session): Transaction | [] {
    const one = waiting.shift();
    if (one === undefined) return [];
    this.#transactions += 1;
    const id = `v${this.#transactions}`;
    const info = messageInfo({ messageId: `of-vasp-${id}`, from: one.from, to: user, text: one.text, at: 0 });
    return { mode: 'Request', id, primitive: element('NewMessage', [info, element('ContentData', one.text)]) };
  }

  #primitiveFor(version: CspVersion, session: Session, sessionId: string, primitive: Element): Element {
    switch (primitive.name) {
      case 'Logout-Request':
        this.#sessions.delete(sessionId);
        if (this.#present.get(session.user) === sessionId) this.#present.delete(session.user);
        return status(200);
      case 'SendMessage-Request':
        return this.#send(version, session.user, primitive);
      case 'GetBlockedList-Request':
        return typeof this.listsFail === 'number'
          ? status(this.listsFail)
          : spelled(version, this.listsOf(session.user));
      case 'BlockUser-Request':
      case 'BlockEntity-Request':
        this.#block(session.user, primitive);
        return status(200);
      case 'GetMessageList-Request':
        return element('GetMessageList-Response', version === '1.3' ? [element('MessageInfoList', [])] : []);
      case 'GetMessage-Request':
      case 'RejectMessage-Request':
      case 'ForwardMessage-Request':
        return status(426, 'There is no such message.');
      case 'ClientCapability-Request':
        return this.agreesOnCalls ? capabilities(version, primitive) : status(200);
      case 'Service-Request':
        return element('Service-Response', version === '1.1' ? [child(primitive, 'ClientID')] : []);
      default:
        return status(200);
    }
  }

  #send(version: CspVersion, from: string, primitive: Element): Element {
    const text = childText(primitive, 'ContentData') ?? '';
    const users = children(descendant(primitive, 'MessageInfo', 'Recipient'), 'User');
    const recipients = users.map((user) => childText(user, 'UserID') ?? '');
    const failures = new Map<number, string[]>();
    for (const to of recipients) {
      const code = this.#refusal(from, to);
      if (code === undefined) {
        const one = { from, to, text };
        this.taken.push(one);
        this.#sessions.get(this.#present.get(to) ?? '')?.waiting.push(one);
      } else failures.set(code, [...(failures.get(code) ?? []), to]);
    }
    const failed = [...failures.values()].flat().length;
    const messageId = failed < recipients.length ? element('MessageID', `of-vasp-${this.taken.length}`) : undefined;
    const outcome = resultOf(version, recipients.length, failures);
    // A 1.1 VASP says what failed in a Status.
    return version === '1.1' && messageId === undefined
      ? element('Status', [outcome])
      : element('SendMessage-Response', [outcome, messageId]);
  }

  #refusal(from: string, to: string): number | undefined {
    if (to.startsWith('wv:nobody')) return 531;
    const { blocked, granted } = this.listsOf(to);
    if (blocked.has(from) || granted?.has(from) === false) return 532;
    return this.#present.has(to) && !this.away.has(to) ? undefined : 533;
  }

  #block(user: string, primitive: Element): void {
    const { blocked } = this.listsOf(user);
    const list = child(primitive, 'BlockList');
    for (const one of childTexts(child(list, 'AddList'), 'UserID')) blocked.add(one);
    for (const one of childTexts(child(list, 'RemoveList'), 'UserID')) blocked.delete(one);
  }
}

function asksForLists({ transactions }: CspMessage): boolean {
  return transactions.some(({ primitive }) => primitive.name === 'GetBlockedList-Request');
}

/** As Baraza says it in 1.2: always with details. In the others a sole recipient's failure is the whole result. */
function resultOf(version: CspVersion, total: number, failures: ReadonlyMap<number, readonly string[]>): Element {
  if (failures.size === 0) return result(200);
  const failed = [...failures.values()].flat().length;
  const [first = 900] = failures.keys();
  if (total === 1 && version !== '1.2') return result(first);
  const details = [...failures].map(([code, users]) =>
    element('DetailedResult', [element('Code', code), ...users.map((user) => element('UserID', user))]),
  );
  return result(failed < total ? 201 : 900, undefined, ...details);
}

function spelled(version: CspVersion, { blocked, granted }: Lists): Element {
  const list = (name: string, users: ReadonlySet<string>, isInUse: boolean): Element[] => {
    const ids = [...users].map((user) => element('UserID', user));
    const entities = ids.length === 0 ? undefined : element('EntityList', ids);
    return version === '1.3'
      ? [element(name, [entities]), element(`${name}InUse`, isInUse)]
      : [element(name, [element('InUse', isInUse), entities])];
  };
  return element('GetBlockedList-Response', [
    ...list('BlockList', blocked, true),
    ...list('GrantList', granted ?? new Set(), granted !== undefined),
  ]);
}
