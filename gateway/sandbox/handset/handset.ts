/**
 * A CSP client that a program can hold like a phone: logs in, answers System Messages, sends, polls, and acknowledges what
 * it is sent. One call is one exchange (a login takes several); calls of one handset must not overlap. The command
 * `sapgw handset`, the transcripts and the tests drive it.
 */
import { child, childText, childTexts, type Element, element } from '../../csp/element.ts';
import type { Transaction } from '../../csp/message.ts';
import { endsSession } from '../../csp/status.ts';
import type { CspVersion, Encoding } from '../../csp/versions.ts';
import { DIGEST_SCHEMAS } from '../digest.ts';
import { presenceSubList, simpleAttribute, userElement } from '../elements.ts';
import { type Answerer, type AskedMessage, askedMessages, type Choice, responseList } from './asking.ts';
import { type CirChannel, type HandsetCirMethod, openCir } from './cir.ts';
import { Conversation, type Trace } from './conversation.ts';
import {
  acknowledgement,
  eventOf,
  type HandsetEvent,
  type Outcome,
  outcomeOf,
  type PresenceInfo,
  presencesOf,
} from './events.ts';
import { type Credentials, type LoginResult, logIn } from './login.ts';
import { blockListRequest, presenceForRequest, sendMessageRequest } from './requests.ts';
import { HandsetError, httpTransport, type Transport } from './transport.ts';

export interface HandsetOptions {
  /** Where the service is; not needed when a transport is given. */
  readonly url?: string;
  readonly userId: string;
  readonly password: string;
  /** Default: one made of the user id, so that every user has a client of their own. */
  readonly clientId?: string;
  /** Default 1.3. */
  readonly version?: CspVersion;
  /** Default xml. */
  readonly encoding?: Encoding;
  readonly fourWay?: boolean;
  /** What a four-way login offers. Default SHA and MD5. */
  readonly digestSchemas?: readonly string[];
  /** The TimeToLive that is asked for. Default 600. */
  readonly timeToLiveSeconds?: number;
  readonly sessionCookie?: string;
  readonly language?: string;
  /** 1.3: send Functions and CapabilityList in the login. */
  readonly fold?: boolean;
  /** CIR methods to ask for, in order. Default none: the handset polls. */
  readonly cir?: readonly HandsetCirMethod[];
  readonly transport?: Transport;
  readonly trace?: Trace;
}

export interface Contact {
  readonly userId: string;
  readonly nickName: string | undefined;
}

export class Handset {
  readonly userId: string;
  readonly #conversation: Conversation;
  readonly #credentials: Credentials;
  readonly #transport: Transport;
  #capabilities: Element | undefined;
  #cir: CirChannel | undefined;
  /** What stood in a refusal, and nobody has looked at. */
  #askedFirst: readonly AskedMessage[] = [];

  constructor(options: HandsetOptions) {
    this.userId = options.userId;
    this.#transport = options.transport ?? httpTransport(options.url ?? 'http://127.0.0.1:8080/', options.language);
    this.#conversation = new Conversation(
      options.version ?? '1.3',
      options.encoding ?? 'xml',
      this.#transport,
      options.trace,
    );
    this.#credentials = {
      userId: options.userId,
      password: options.password,
      clientId: options.clientId ?? `http://handset.example/${encodeURIComponent(options.userId)}`,
      fourWay: options.fourWay ?? false,
      digestSchemas: options.digestSchemas ?? DIGEST_SCHEMAS,
      timeToLiveSeconds: options.timeToLiveSeconds ?? 600,
      sessionCookie: options.sessionCookie ?? 'handset',
      language: options.language,
      fold: options.fold ?? false,
      cir: options.cir ?? [],
    };
  }

  get version(): CspVersion {
    return this.#conversation.version;
  }

  get loggedIn(): boolean {
    return this.#conversation.sessionId !== undefined;
  }

  /** The Poll flag of the last answer. */
  get somethingWaits(): boolean {
    return this.#conversation.somethingWaits;
  }

  /** Logs in, System Messages, digest and negotiations included. @throws {HandsetError} when the service gives no answer. */
  async login(options: { readonly answer?: Answerer } = {}): Promise<LoginResult> {
    this.#hangUp();
    this.#conversation.sessionId = undefined;
    this.#askedFirst = [];
    const result = await logIn(this.#conversation, this.#credentials, options.answer);
    this.#capabilities = result.kind === 'logged-in' ? result.capabilities : undefined;
    return result;
  }

  /** The channel on which the service calls, made when it is asked for; undefined when none was agreed on or it cannot be made. */
  async cir(): Promise<CirChannel | undefined> {
    const { sessionId } = this.#conversation;
    if (this.#cir?.isOpen() === true || sessionId === undefined) return this.#cir;
    const capabilities = this.#capabilities;
    this.#capabilities = undefined;
    this.#cir = undefined;
    try {
      this.#cir = await openCir(capabilities, sessionId);
    } catch (error) {
      if (!(error instanceof HandsetError)) throw error;
    }
    return this.#cir;
  }

  #hangUp(): void {
    this.#cir?.close();
    this.#cir = undefined;
  }

  /** Ends the session at this end whatever the server says. */
  async logout(): Promise<Outcome> {
    this.#hangUp();
    const outcome = await this.request(element('Logout-Request'));
    this.#conversation.sessionId = undefined;
    return outcome;
  }

  /**
   * Any request inside the session, for what has no call of its own. What is asked first, before it is served, comes as
   * an event of the next poll [X44].
   */
  async request(primitive: Element): Promise<Outcome> {
    this.#needSession();
    const outcome = outcomeOf(await this.#conversation.request(primitive));
    if (endsSession(outcome.code)) this.#conversation.sessionId = undefined;
    const asked = askedMessages(outcome.primitive);
    if (asked.length > 0) this.#askedFirst = asked;
    return outcome;
  }

  /** Sends transactions as they are in one message; answers with the responses. */
  async exchange(transactions: readonly Transaction[]): Promise<readonly Transaction[]> {
    return this.#conversation.exchange(transactions);
  }

  /** Polls once and acknowledges what comes. Empty: nothing waited. */
  async poll(): Promise<readonly HandsetEvent[]> {
    this.#needSession();
    const answers = await this.#conversation.exchange([
      { mode: 'Request', id: '', primitive: element('Polling-Request') },
    ]);
    const refused = answers.map(({ primitive }) => outcomeOf(primitive)).find(({ ok }) => !ok);
    if (refused !== undefined && endsSession(refused.code)) {
      this.#conversation.sessionId = undefined;
      return [{ kind: 'disconnected', code: refused.code, description: refused.description }];
    }
    return this.#withAskedFirst(await this.#takeServerRequests());
  }

  /** Polls until nothing waits. */
  async receive(): Promise<readonly HandsetEvent[]> {
    const all: HandsetEvent[] = [];
    for (;;) {
      const events = await this.poll();
      all.push(...events);
      if (!this.loggedIn || (events.length === 0 && !this.somethingWaits)) return withoutRepeats(all);
    }
  }

  /** What a refusal asked for, unless the poll brought it too. */
  #withAskedFirst(events: readonly HandsetEvent[]): readonly HandsetEvent[] {
    if (this.#askedFirst.length === 0) return events;
    const asked: HandsetEvent = { kind: 'system-message', messages: this.#askedFirst };
    this.#askedFirst = [];
    return withoutRepeats([asked, ...events]);
  }

  async #takeServerRequests(): Promise<readonly HandsetEvent[]> {
    const events: HandsetEvent[] = [];
    const { serverRequests } = this.#conversation;
    for (let request = serverRequests.shift(); request !== undefined; request = serverRequests.shift()) {
      const event = eventOf(request.primitive);
      events.push(event);
      if (event.kind === 'disconnected') this.#conversation.sessionId = undefined;
      const acknowledged = acknowledgement(request);
      if (acknowledged !== undefined && this.loggedIn) await this.#conversation.exchange([acknowledged]);
    }
    return events;
  }

  async keepAlive(timeToLiveSeconds?: number): Promise<Outcome> {
    const wish = timeToLiveSeconds === undefined ? [] : [element('TimeToLive', timeToLiveSeconds)];
    return this.request(element('KeepAlive-Request', wish));
  }

  /** Sends a text to one or several users. */
  async send(
    to: string | readonly string[],
    text: string,
    options: { readonly report?: boolean; readonly validitySeconds?: number } = {},
  ): Promise<Outcome & { readonly messageId: string | undefined }> {
    const { report = false, validitySeconds } = options;
    const recipients = typeof to === 'string' ? [to] : to;
    const outcome = await this.request(
      sendMessageRequest({ from: this.userId, to: recipients, text, report, validitySeconds }),
    );
    return { ...outcome, messageId: childText(outcome.primitive, 'MessageID') };
  }

  /** Publishes simple presence attributes by name. */
  async publish(attributes: Readonly<Record<string, string>>): Promise<Outcome> {
    const list = Object.entries(attributes).map(([name, value]) => simpleAttribute(name, value));
    const subList = presenceSubList(list, this.#conversation.version);
    return this.request(element('UpdatePresence-Request', [subList]));
  }

  async presence(userIds: readonly string[]): Promise<Outcome & { readonly presences: readonly PresenceInfo[] }> {
    const outcome = await this.request(element('GetPresence-Request', this.#named(userIds)));
    return { ...outcome, presences: presencesOf(outcome.primitive) };
  }

  async subscribe(userIds: readonly string[]): Promise<Outcome> {
    const automatic = this.#conversation.version === '1.2' ? [element('AutoSubscribe', 'F')] : [];
    return this.request(element('SubscribePresence-Request', [...this.#named(userIds), ...automatic]));
  }

  async unsubscribe(userIds: readonly string[]): Promise<Outcome> {
    return this.request(element('UnsubscribePresence-Request', this.#named(userIds)));
  }

  #named(userIds: readonly string[]): Element[] {
    if (this.#conversation.version !== '1.3') return userIds.map((userId) => userElement(userId));
    const ids = userIds.map((userId) => element('UserID', userId));
    return [element('UserIDList', ids)];
  }

  /** The user's contact lists, the default one first. */
  async contactLists(): Promise<Outcome & { readonly lists: readonly string[] }> {
    const outcome = await this.request(element('GetList-Request'));
    const { primitive } = outcome;
    const holder = child(primitive, 'ContactListIDList') ?? primitive;
    const others = childTexts(holder, 'ContactList');
    const byDefault = childText(primitive, 'DefaultContactList');
    return { ...outcome, lists: [...new Set([...(byDefault === undefined ? [] : [byDefault]), ...others])] };
  }

  async createList(list: string, members: readonly string[] = []): Promise<Outcome> {
    const ids = members.map((userId) => element('UserID', userId));
    return this.request(
      element('CreateList-Request', [
        element('ContactList', list),
        ids.length === 0 ? undefined : element('NickList', ids),
      ]),
    );
  }

  /** Who is in a contact list. */
  async contacts(list: string): Promise<Outcome & { readonly contacts: readonly Contact[] }> {
    return this.#manageList(list, undefined);
  }

  async addContact(list: string, userId: string, nickName = userId): Promise<Outcome> {
    const named = element('NickName', [element('Name', nickName), element('UserID', userId)]);
    return this.#manageList(list, element('AddNickList', [named]));
  }

  async removeContact(list: string, userId: string): Promise<Outcome> {
    return this.#manageList(list, element('RemoveNickList', [element('UserID', userId)]));
  }

  async #manageList(
    list: string,
    change: Element | undefined,
  ): Promise<Outcome & { readonly contacts: readonly Contact[] }> {
    const receive = this.#conversation.version === '1.1' ? undefined : element('ReceiveList', 'T');
    const outcome = await this.request(element('ListManage-Request', [element('ContactList', list), change, receive]));
    const contacts = (child(outcome.primitive, 'NickList')?.children ?? []).map((entry) =>
      entry.name === 'NickName'
        ? { userId: childText(entry, 'UserID') ?? '', nickName: childText(entry, 'Name') }
        : { userId: entry.text.trim(), nickName: undefined },
    );
    return { ...outcome, contacts };
  }

  async block(userId: string): Promise<Outcome> {
    return this.request(blockListRequest(this.#conversation.version, 'AddList', userId));
  }

  async unblock(userId: string): Promise<Outcome> {
    return this.request(blockListRequest(this.#conversation.version, 'RemoveList', userId));
  }

  /** Lets a user see one's presence, or not any more. */
  async showPresenceTo(userId: string, isAllowed: boolean): Promise<Outcome> {
    return this.request(presenceForRequest(this.#conversation.version, userId, isAllowed));
  }

  /** Answers System Messages that came inside the session [X40]. */
  async answerSystemMessages(
    messages: readonly AskedMessage[],
    choices: readonly (Choice | undefined)[],
  ): Promise<Outcome> {
    return this.request(element('SystemMessage-User', [responseList(messages, choices)]));
  }

  /** Closes the connections; the session stays as it is. */
  async close(): Promise<void> {
    this.#hangUp();
    await this.#transport.close();
  }

  #needSession(): void {
    if (!this.loggedIn) throw new HandsetError('NOT_LOGGED_IN', 'log in first');
  }
}

/** Each System Message once: it comes again when it was not acknowledged in time, and in refusals. */
function withoutRepeats(events: readonly HandsetEvent[]): readonly HandsetEvent[] {
  const seen = new Set<string>();
  return events.flatMap((event): readonly HandsetEvent[] => {
    if (event.kind !== 'system-message') return [event];
    const messages = event.messages.filter(({ id }) => !seen.has(id));
    for (const { id } of messages) seen.add(id);
    return messages.length === 0 ? [] : [{ ...event, messages }];
  });
}
