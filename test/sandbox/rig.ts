/** What the tests of the sandbox share: a clock to turn, a peer that speaks raw primitives, and every spelling there is. */
import { descendant, type Element, element } from '../../gateway/csp/element.ts';
import type { Transaction } from '../../gateway/csp/message.ts';
import { CSP_VERSIONS, type CspVersion, type Encoding } from '../../gateway/csp/versions.ts';
import { Conversation } from '../../gateway/sandbox/handset/conversation.ts';
import { Handset, type HandsetOptions } from '../../gateway/sandbox/handset/handset.ts';
import type { Transport } from '../../gateway/sandbox/handset/transport.ts';
import type { Sandbox } from '../../gateway/sandbox/server.ts';

export interface Spelling {
  readonly version: CspVersion;
  readonly encoding: Encoding;
}

export const SPELLINGS: readonly Spelling[] = CSP_VERSIONS.flatMap((version) => [
  { version, encoding: 'xml' },
  { version, encoding: 'wbxml' },
]);

export class TestClock {
  millis = Date.UTC(2026, 10, 22, 12);

  wall(): number {
    return this.millis;
  }

  pass(seconds: number): void {
    this.millis += seconds * 1000;
  }
}

export function transportTo(sandbox: Pick<Sandbox, 'handle'>): Transport {
  return { post: (request) => sandbox.handle(request), close: async () => undefined };
}

export function clientId(name: string): Element {
  return element('ClientID', [element('URL', `http://client.example/${name}`)]);
}

/** A client that says exactly what it is told to. */
export class Peer extends Conversation {
  readonly name: string;

  constructor(sandbox: Pick<Sandbox, 'handle'>, { version, encoding }: Spelling, name = 'alice') {
    super(version, encoding, transportTo(sandbox));
    this.name = name;
  }

  loginRequest(...more: readonly (Element | undefined)[]): Element {
    return element('Login-Request', [
      element('UserID', `wv:${this.name}@sandbox`),
      clientId(this.name),
      ...more,
      element('SessionCookie', `${this.name}-1`),
    ]);
  }

  /** Logs in by password; answers with the Login-Response. */
  async logIn(timeToLiveSeconds = 600): Promise<Element> {
    const proof = [element('Password', 'secret'), element('TimeToLive', timeToLiveSeconds)];
    const response = await this.request(this.loginRequest(...proof));
    this.sessionId = descendant(response, 'SessionID')?.text;
    return response;
  }

  /** The next primitive of the server; undefined when nothing waits. */
  async poll(): Promise<Transaction | undefined> {
    await this.exchange([{ mode: 'Request', id: '', primitive: element('Polling-Request') }]);
    return this.serverRequests.shift();
  }

  async respond(id: string, primitive: Element): Promise<readonly Transaction[]> {
    return this.exchange([{ mode: 'Response', id, primitive }]);
  }
}

export async function loggedIn(
  sandbox: Pick<Sandbox, 'handle'>,
  spelling: Spelling,
  name: string,
  timeToLiveSeconds?: number,
): Promise<Peer> {
  const peer = new Peer(sandbox, spelling, name);
  await peer.logIn(timeToLiveSeconds);
  return peer;
}

export function handsetOf(
  sandbox: Pick<Sandbox, 'handle'>,
  name: string,
  options: Partial<HandsetOptions> = {},
): Handset {
  return new Handset({ userId: `wv:${name}@sandbox`, password: 'secret', transport: transportTo(sandbox), ...options });
}

/** The code of the primitive's own Result, as text. */
export function code(primitive: Element | undefined): string | undefined {
  return descendant(primitive, 'Result', 'Code')?.text;
}

export function names(primitive: Element | undefined): string[] {
  return primitive?.children.map(({ name }) => name) ?? [];
}

/** `<Status><Result>…` without attributes and blanks, to compare whole answers by. */
export function spelled(primitive: Element | undefined): string {
  if (primitive === undefined) return '';
  const inner = primitive.children.length > 0 ? primitive.children.map(spelled).join('') : primitive.text;
  return inner === '' ? `<${primitive.name}/>` : `<${primitive.name}>${inner}</${primitive.name}>`;
}

export function sendMessage(
  from: string,
  to: readonly Element[],
  text: string,
  more: readonly Element[] = [],
): Element {
  return element('SendMessage-Request', [
    element('DeliveryReport', 'T'),
    element('MessageInfo', [
      element('ContentType', 'text/plain'),
      element('ContentSize', 3),
      element('Recipient', to),
      element('Sender', [user(from)]),
      ...more,
    ]),
    element('ContentData', text),
  ]);
}

export function user(name: string): Element {
  return element('User', [element('UserID', `wv:${name}@sandbox`)]);
}
