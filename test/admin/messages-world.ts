/** A running gateway with the sandbox behind it, an operator's policies, and phones that fetch and answer messages. */
import { join } from 'node:path';
import type { Config } from '../../gateway/config.ts';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { childText, descendant, type Element, element } from '../../gateway/csp/element.ts';
import type { Transaction } from '../../gateway/csp/message.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import type { RunningGateway } from '../../gateway/main.ts';
import { createSandbox, type Sandbox } from '../../gateway/sandbox/server.ts';
import { message, type Spelling, statusOk } from '../gateway/messages.ts';
import { type Answer, call, loginOf, post, tokenFile } from '../main/admin-calls.ts';
import { LEVELS, policyFolder, start, temporaryFolder, testConfig, vaspConfig } from '../main/running.ts';

const NOTICE = `kind: on-line-service
id: notice
version: 1
category: notification
trigger: { on: operator }
message: { en: The service is closed tonight. }
options:
  - { id: fine, text: { en: OK } }
  - { id: pity, text: { en: A pity } }
requiresResponse: true
`;
const TIP = `kind: on-line-service
id: tip
version: 1
category: help
trigger: { on: operator }
message: { en: You can write to groups. }
`;
const ADDED = `kind: on-line-service
id: added
version: 1
category: notification
trigger: { on: added-to-contact-list }
message: { en: You were added. }
`;

const SPELLING: Spelling = { version: '1.3', encoding: 'xml' };

const USERS = ['alice', 'bob', 'carl', 'dora', 'erik'];

export class MessagesWorld {
  readonly config: Config;
  gateway: RunningGateway;
  readonly #sandbox: Sandbox;
  readonly #sessions = new Map<string, string>();

  private constructor(config: Config, gateway: RunningGateway, sandbox: Sandbox) {
    this.config = config;
    this.gateway = gateway;
    this.#sandbox = sandbox;
  }

  static async start(more: Partial<Config> = {}): Promise<MessagesWorld> {
    const sandbox = createSandbox({ users: USERS.map((id) => ({ id, password: 'secret' })) });
    const { url } = await sandbox.listen('127.0.0.1', 0);
    const config = testConfig({
      useSandbox: false,
      vasps: [vaspConfig('sandbox', url)],
      policies: policyFolder({ 'levels.yaml': LEVELS, 'notice.yaml': NOTICE, 'tip.yaml': TIP, 'added.yaml': ADDED }),
      adminTokenFile: tokenFile(),
      store: { kind: 'lmdb', directory: join(temporaryFolder(), 'data') },
      ...more,
    });
    return new MessagesWorld(config, await start(config), sandbox);
  }

  async close(): Promise<void> {
    await this.gateway.stop();
    await this.#sandbox.close();
  }

  get url(): string {
    return `http://127.0.0.1:${this.gateway.listen.port}/`;
  }

  get admin(): string {
    return `http://127.0.0.1:${this.gateway.admin.port}`;
  }

  async restart(): Promise<void> {
    await this.gateway.stop();
    this.gateway = await start(this.config);
  }

  call(method: string, path: string, body?: unknown): Promise<Answer> {
    return call(this.admin, method, path, body);
  }

  async logIn(...users: readonly string[]): Promise<void> {
    for (const user of users) {
      const session = childText(await post(this.url, loginOf(user)), 'SessionID');
      if (session === undefined) throw new Error('the login was refused');
      this.#sessions.set(user, session);
    }
  }

  /** What a poll brings; undefined when nothing waits. */
  poll(user: string): Promise<Transaction | undefined> {
    return this.#say(user, '', element('Polling-Request'));
  }

  /** The text of the next message; it is acknowledged, and answered by the place of an option where one is given. */
  async fetch(user: string, option?: number): Promise<string | undefined> {
    const came = await this.poll(user);
    if (came?.primitive?.name !== 'SystemMessage-Request') return undefined;
    await this.#say(user, came.id, statusOk, 'Response');
    const asked = descendant(came.primitive, 'SystemMessageList', 'SystemMessage');
    if (option !== undefined) {
      const answer = element('SystemMessageResponse', [
        element('SystemMessageID', childText(asked, 'SystemMessageID') ?? ''),
        element('ChosenOptionID', String(option)),
      ]);
      await this.#say(user, 'u1', element('SystemMessage-User', [element('SystemMessageResponseList', [answer])]));
    }
    return childText(asked, 'SystemMessageText');
  }

  async #say(
    user: string,
    id: string,
    primitive: Element,
    mode: Transaction['mode'] = 'Request',
  ): Promise<Transaction | undefined> {
    const body = message(SPELLING, this.#sessions.get(user), [[id, primitive]], mode);
    const headers = { 'content-type': contentTypeOf('1.3', 'xml') };
    const response = await fetch(this.url, { method: 'POST', headers, body });
    const bytes = Buffer.from(await response.arrayBuffer());
    return bytes.length === 0 ? undefined : decodeMessage(bytes, 'xml').transactions[0];
  }
}
