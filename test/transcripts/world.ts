/**
 * The world that a transcript is played in: a rig, its clients and VASPs, and everything that was sent and not yet looked
 * at. Requests to a VASP wait until the transcript says what it answers, so several can be under way at once. Nothing may
 * happen unseen: `expectQuiet` fails on every message that no step has asked for.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { child, childText, type Element, element } from '../../gateway/csp/element.ts';
import { type CspMessage, type Transaction, toDocument } from '../../gateway/csp/message.ts';
import { PRIMITIVES } from '../../gateway/csp/primitives.ts';
import { type CspVersion, contentTypeOf, type Encoding, NAMESPACES } from '../../gateway/csp/versions.ts';
import type { PolicyFile } from '../../gateway/policy/model.ts';
import type { ClientReply, Store, UpstreamResult } from '../../gateway/ports.ts';
import type { OldPage } from '../pages/old-browser.ts';
import type { Captures } from './pattern.ts';
import { createRig, type Rig, type UpstreamRequest } from './rig.ts';
import { memoryStores, type RigStore } from './rig-stores.ts';
import type { Script } from './script.ts';
import { spell, spellWithout } from './spelling.ts';

export interface Client {
  readonly name: string;
  readonly user: string;
  readonly clientId: string;
  readonly cookie: string;
  readonly vasp: string;
  session: string | undefined;
  nextId: number;
  /** The last message that it sent: as bytes, and as the bytes that they are without an element. */
  sent: { readonly bytes: Buffer; readonly without: (name: string) => Buffer } | undefined;
  /** The TransactionID of the last primitive that the server opened. */
  serverId: string;
  /** The page that its user looks at. */
  browser: { readonly at: string; readonly languages: string; readonly page: OldPage } | undefined;
}

/** A client's request, and its reply once there is one. */
export interface Asked {
  readonly client: Client;
  readonly ids: readonly string[];
  readonly sessionType: 'Inband' | 'Outband';
  readonly contentType: string;
  reply: ClientReply | undefined;
}

/** A request at a VASP. */
export interface Incoming {
  readonly request: UpstreamRequest;
  readonly answer: (result: UpstreamResult) => void;
  state: 'new' | 'seen' | 'answered';
}

export interface Envelope {
  readonly outband: boolean;
  readonly session?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly mode?: 'Request' | 'Response' | undefined;
  readonly poll?: boolean | undefined;
  readonly headers?: readonly string[];
}

/**
 * 10:00 on a weekday in winter. A store that tells the time itself drops what is over by then, so this world begins when nobody
 * plays it any more.
 */
const STARTS_AT = Date.UTC(2048, 11, 1, 10);

export class World {
  readonly rig: Rig;
  readonly store: Store;
  /** What is under way outlives the gateway. */
  readonly isShared: boolean;
  readonly #on: RigStore;
  readonly version: CspVersion;
  readonly encoding: Encoding;
  readonly askingCode: number;
  readonly clients: ReadonlyMap<string, Client>;
  readonly vasps: readonly string[];
  readonly asked: Asked[] = [];
  readonly incoming: Incoming[] = [];
  readonly tokensSeen = new Set<string>();
  captures: Captures;
  /** The bytes of the last answer of a VASP. */
  lastAnswer = Buffer.alloc(0);
  serverIds = 0;
  sessions = 0;
  /** How many metric calls were looked at, and how many for what the mailbox counts. */
  counted = 0;
  countedMail = 0;

  constructor(script: Script, version: CspVersion, encoding: Encoding, on = memoryStores.open()) {
    this.#on = on;
    this.store = on.store;
    this.isShared = on.isShared;
    this.version = version;
    this.encoding = encoding;
    this.askingCode = Number(script.gateway.get('asking-code') ?? 403);
    this.vasps = script.vasps.map(({ name }) => name);
    this.clients = new Map(
      script.clients.map(({ name, settings }, index) => [
        name,
        {
          name,
          user: settings.get('user') ?? `wv:${name.toLowerCase()}@im.example`,
          clientId: settings.get('client') ?? `http://${name.toLowerCase()}.example/IMPSAPP`,
          cookie: settings.get('cookie') ?? `cookie-of-${name.toLowerCase()}`,
          vasp: settings.get('vasp') ?? this.vasps[0] ?? '',
          session: undefined,
          nextId: index * 100 + 1,
          sent: undefined,
          serverId: '',
          browser: undefined,
        },
      ]),
    );
    this.captures = new Map(
      [...this.clients.values()].flatMap(({ name, user, clientId, cookie }) => [
        [`${name}.user`, user] as const,
        [`${name}.client`, clientId] as const,
        [`${name}.cookie`, cookie] as const,
      ]),
    );
    const provisioned = script.gateway.get('provisioned');
    this.rig = createRig({
      store: this.store,
      openUnderWay: on.openUnderWay,
      startsAt: STARTS_AT,
      policies: policyFiles(script.policies),
      askingCode: this.askingCode,
      vasps: script.vasps.map(({ name, settings }) => ({
        name: name.toLowerCase(),
        paths: [`/${name.toLowerCase()}`],
        language: settings.get('language'),
        replaceTransactionIds: settings.get('replaceTransactionIds') === 'on',
      })),
      clients: script.clients.flatMap(({ name, settings }) => {
        const knows = settings.get('system-messages');
        const client = this.client(name).clientId;
        return knows === undefined ? [] : [{ client, systemMessages: knows === 'yes' }];
      }),
      ...(provisioned === undefined ? {} : { isProvisioned: (user: string) => user === provisioned }),
    });
    this.rig.upstream.otherwise = (request) =>
      new Promise((answer) => {
        this.incoming.push({ request, answer, state: 'new' });
      });
  }

  client(name: string): Client {
    const client = this.clients.get(name);
    if (client === undefined) throw new Error(`the header names no client ${name}`);
    return client;
  }

  /** Posts a message of a client and lets the gateway work until it waits for something. */
  async send(client: Client, primitives: readonly Element[], envelope: Envelope): Promise<void> {
    this.expectQuiet();
    const modes = primitives.map((primitive) => envelope.mode ?? modeOf(primitive.name, 'client'));
    const ids = primitives.map(({ name }, index) => {
      if (envelope.ids?.[index] !== undefined) return envelope.ids[index];
      if (name === 'Polling-Request') return '';
      return modes[index] === 'Response' ? client.serverId : String(client.nextId++);
    });
    const message = this.message(primitives, ids, modes, envelope.outband, envelope.session ?? client.session);
    const document = withNamespaces(toDocument(message), this.version);
    const bytes = spell(document, this.version, this.encoding);
    const { version, encoding } = this;
    client.sent = { bytes, without: (name) => spellWithout(document, name, version, encoding) };
    const type = contentTypeOf(this.version, this.encoding);
    const contentType = this.encoding === 'xml' ? `${type}; charset=utf-8` : type;
    const { sessionType } = message;
    await this.post(client, { client, ids, sessionType, contentType, reply: undefined }, bytes, envelope.headers);
  }

  async post(client: Client, asked: Asked, bytes: Buffer, headers: readonly string[] = []): Promise<void> {
    const target = `/${client.vasp.toLowerCase()}`;
    this.asked.push(asked);
    void this.rig.send(bytes, asked.contentType, { target, headers }).then((reply) => {
      asked.reply = reply;
    });
    await this.settled();
  }

  message(
    primitives: readonly Element[],
    ids: readonly string[],
    modes: readonly Transaction['mode'][],
    outband: boolean,
    session: string | undefined,
    poll?: boolean,
  ): CspMessage {
    return {
      version: this.version,
      sessionType: outband || session === undefined ? 'Outband' : 'Inband',
      ...(outband || session === undefined ? {} : { sessionId: session }),
      transactions: primitives.map((primitive, index) => ({
        mode: modes[index] ?? 'Request',
        id: ids[index] ?? '',
        primitive,
      })),
      ...(poll === undefined ? {} : { poll }),
    };
  }

  loginRequest(client: Client, more: readonly Element[] = [], cookie = client.cookie): Element {
    return element('Login-Request', [
      element('UserID', client.user),
      element('ClientID', [element('URL', client.clientId)]),
      element('Password', `secret-of-${client.name}`),
      element('TimeToLive', 600),
      element('SessionCookie', cookie),
      ...more,
    ]);
  }

  /** The oldest request at a VASP in a state; fails when there is none. */
  request(vasp: string, state: Incoming['state'], what: string): Incoming {
    const found = this.incoming.find((one) => one.state === state && one.request.vasp === vasp.toLowerCase());
    if (found === undefined) throw new Error(`${vasp} ${what}`);
    return found;
  }

  /** The oldest reply to a client that no step has looked at. */
  takeReply(client: Client): { readonly asked: Asked; readonly reply: ClientReply } {
    const index = this.asked.findIndex((one) => one.client === client);
    const asked = this.asked[index];
    if (asked === undefined) throw new Error(`${client.name} waits for nothing`);
    if (asked.reply === undefined) throw new Error(`${client.name} has received nothing yet`);
    this.asked.splice(index, 1);
    return { asked, reply: asked.reply };
  }

  /** Lets the gateway work until it waits for a VASP or a client. */
  settled(): Promise<void> {
    return this.#on.settled();
  }

  async close(): Promise<void> {
    this.rig.close();
    await this.#on.close();
  }

  /** Fails on everything that happened and was not asked for. */
  expectQuiet(): void {
    for (const vasp of this.vasps) this.expectNothingAt(vasp);
    for (const { client, reply } of this.asked) {
      if (reply !== undefined) {
        throw new Error(`${client.name} received a reply that no step expects\n${text(reply.body)}`);
      }
    }
  }

  expectNothingAt(vasp: string): void {
    for (const { request, state } of this.incoming) {
      if (state !== 'new' || request.vasp !== vasp.toLowerCase()) continue;
      throw new Error(`${vasp} received a message that no step expects\n${text(request.body)}`);
    }
  }
}

/** In what mode a primitive goes out from the one or the other side. */
export function modeOf(name: string, from: 'client' | 'server'): Transaction['mode'] {
  const opens = PRIMITIVES.get(name)?.opens;
  if (name === 'MessageDelivered') return 'Response';
  return opens === from || opens === 'both' ? 'Request' : 'Response';
}

export function withNamespaces(document: Element, version: CspVersion): Element {
  const children = document.children.map((part) => withNamespaces(part, version));
  const isPresence = document.name === 'PresenceSubList';
  return { ...document, children, ...(isPresence ? { attributes: { xmlns: NAMESPACES[version].pa } } : {}) };
}

/** The session that a Login-Response opens. */
export function sessionIn(primitives: readonly Element[]): string | undefined {
  return childText(
    primitives.find(
      ({ name, children }) => name === 'Login-Response' && child({ name, children, text: '' }, 'SessionID'),
    ),
    'SessionID',
  );
}

const FOLDER = fileURLToPath(new URL('policies/', import.meta.url));

/** The files of the named policies, folders of files among them, and the levels that all of them use. */
export function policyFiles(names: readonly string[]): readonly PolicyFile[] {
  if (names.length === 0) return [];
  return ['levels', ...names].flatMap((name) => {
    const isFolder = existsSync(`${FOLDER}${name}`);
    const files = isFolder ? readdirSync(`${FOLDER}${name}`).map((file) => `${name}/${file}`) : [`${name}.yaml`];
    return files.map((path) => ({ path, text: readFileSync(FOLDER + path, 'utf8') }));
  });
}

/** Bytes as a reader can make something of them. */
export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('latin1')
    .replace(/[^\n\x20-\x7e]/g, '·');
}
