/** A desk over a store in memory, with a clock that the test turns, and users who have sessions with it. */
import { userKeyOf } from '../../gateway/chain/identity.ts';
import { type Element, element } from '../../gateway/csp/element.ts';
import { result } from '../../gateway/csp/status.ts';
import { Desk } from '../../gateway/desk/desk.ts';
import type { DeskLimits, DeskParts, WebhookCall, WebhookOutcome } from '../../gateway/desk/parts.ts';
import { LivePolicySets } from '../../gateway/policy/live-sets.ts';
import type { OnLinePolicy } from '../../gateway/policy/model.ts';
import { parsePolicySet } from '../../gateway/policy/parse.ts';
import type { Store } from '../../gateway/ports.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import type { Addressee, Judged, MessageRecord, OutgoingMessage } from '../../gateway/system-message-ports.ts';
import { createClock, secretsOf, type TestClock } from '../transcripts/rig.ts';

export const NOON = Date.parse('2026-06-01T12:00:00Z');
const VASP = 'verona';

/** A policy file: `keys` are lines of YAML beside id, version and message. */
export function onLine(id: string, trigger: string, keys = '', message = '{ en: Hello }'): string {
  return [
    'kind: on-line-service',
    `id: ${id}`,
    'version: 1',
    'category: notification',
    `trigger: { on: ${trigger} }`,
    `message: ${message}`,
    keys,
  ].join('\n');
}

export interface DeskWorldOptions {
  readonly store?: Store;
  readonly clock?: TestClock;
  readonly limits?: Partial<DeskLimits>;
  readonly webhook?: (call: WebhookCall) => Promise<WebhookOutcome>;
}

export class DeskWorld {
  readonly store: Store;
  readonly clock: TestClock;
  readonly rung: string[] = [];
  readonly counted: string[] = [];
  readonly changed: (readonly [state: string, before: string | undefined])[] = [];
  readonly concerned = new Set<string>();
  readonly policies: LivePolicySets;
  readonly #secrets = secretsOf('k'.repeat(64));
  #desk: Desk | undefined;

  private constructor(files: readonly string[], { store, clock }: DeskWorldOptions) {
    this.store = store ?? openMemoryStore();
    this.clock = clock ?? createClock(NOON);
    this.policies = new LivePolicySets(setOf(files));
  }

  static async open(files: readonly string[], options: DeskWorldOptions = {}): Promise<DeskWorld> {
    const world = new DeskWorld(files, options);
    world.#desk = await Desk.open(world.#parts(options));
    return world;
  }

  get desk(): Desk {
    if (this.#desk === undefined) throw new Error('the world is not open');
    return this.#desk;
  }

  #parts({ limits, webhook }: DeskWorldOptions): DeskParts {
    return {
      store: this.store.systemMessages,
      notes: this.store.notes,
      acceptances: this.store.acceptances,
      policies: this.policies,
      secrets: this.#secrets,
      clock: this.clock,
      metrics: {
        systemMessage: (policy, outcome) => void this.counted.push(`${policy} ${outcome}`),
        systemMessagesOpen: () => {},
        systemMessageEffect: (effect, outcome) => void this.counted.push(`${effect} ${outcome}`),
      },
      log: { info: () => {}, warn: () => {}, error: () => {} },
      limits: { open: 1_000, openPerUser: 20, ...limits },
      events: {
        concern: async (changes) => {
          for (const [userKey, concerns] of changes) {
            if (concerns) this.concerned.add(userKey);
            else this.concerned.delete(userKey);
          }
        },
        ring: (userKey) => void this.rung.push(userKey),
        changed: (record, before) => void this.changed.push([record.state, before?.state]),
      },
      serviceContact: undefined,
      selfCareUrl: () => 'https://gateway.example/self-care/x',
      userKey: (vasp, userId) => userKeyOf(this.#secrets, { name: vasp }, userId),
      webhook,
    };
  }

  replacePolicies(...files: readonly string[]): void {
    this.policies.replace(setOf(files), this.clock.wall());
  }

  policy(id: string): OnLinePolicy {
    const policy = this.policies.current().onLine.find((one) => one.id === id);
    if (policy === undefined) throw new Error(`there is no policy ${id}`);
    return policy;
  }

  keyOf(userId: string): string {
    return userKeyOf(this.#secrets, { name: VASP }, userId);
  }

  user(
    name: string,
    options: { readonly session?: string; readonly knows?: boolean; readonly language?: string } = {},
  ): User {
    return new User(this, name, options);
  }

  async records(userId: string): Promise<readonly MessageRecord[]> {
    return this.store.systemMessages.of(this.keyOf(userId));
  }

  async sweepAfter(millis: number): Promise<void> {
    this.clock.advance(millis);
    await this.desk.sweep();
  }
}

function setOf(files: readonly string[]) {
  const levels =
    'kind: service-levels\ndefault: full\nlevels:\n  full: { grant: [WVCSPFeat] }\n  few: { grant: [PresenceFeat] }\n';
  const parsed = parsePolicySet(
    [levels, ...files].map((text, index) => ({ path: `${index}.yaml`, text })),
    { hash: (text) => text, webhooks: ['https://hooks.example/'] },
  );
  if (parsed.kind === 'invalid') throw new Error(parsed.problems.map(({ message }) => message).join('; '));
  return parsed.set;
}

/** Somebody with a session, who polls and says things. */
export class User {
  readonly addressee: Addressee;
  readonly #world: DeskWorld;

  constructor(
    world: DeskWorld,
    name: string,
    { session = `${name}-1`, knows = true, language }: { session?: string; knows?: boolean; language?: string },
  ) {
    this.#world = world;
    const userId = `wv:${name}@im.example`;
    this.addressee = {
      sessionKey: session,
      userKey: world.keyOf(userId),
      openedAt: world.clock.wall(),
      facts: { userId, vasp: VASP, clientId: 'http://phone.example', version: '1.3', encoding: 'xml', language },
      languageOfVasp: undefined,
      knowsSystemMessages: knows,
    };
  }

  logsIn(): Promise<void> {
    return this.#world.desk.happened({ kind: 'login', addressee: this.addressee });
  }

  adds(...users: readonly string[]): Promise<void> {
    return this.#world.desk.happened({ kind: 'added-to-contact-list', addressee: this.addressee, users });
  }

  poll(): Promise<OutgoingMessage | undefined> {
    return this.#world.desk.take(this.addressee);
  }

  /** The text of what a poll brings; undefined when it brings nothing. */
  async reads(): Promise<string | undefined> {
    const out = await this.poll();
    return out === undefined ? undefined : textOf(out.primitive);
  }

  acknowledges(out: OutgoingMessage | undefined, code = 200): Promise<Judged | undefined> {
    return this.#world.desk.answered(this.addressee, out?.transactionId ?? '', element('Status', [result(code)]));
  }

  chooses(out: OutgoingMessage | undefined, option: string | undefined): Promise<Judged> {
    const id = idOf(out);
    return this.#world.desk.chosen(this.addressee, [{ id, chosenOptionId: option, verificationKey: undefined }]);
  }

  writes(text: string): Promise<Judged> {
    return this.#world.desk.wrote(this.addressee, text);
  }

  done(judged: Judged, status?: number): Promise<void> {
    const failed = status === undefined ? [] : judged.effects.map((effect) => ({ effect, status }));
    return this.#world.desk.done(this.addressee, judged.claim ?? '', failed);
  }
}

function find(tree: Element, name: string): Element | undefined {
  if (tree.name === name) return tree;
  for (const child of tree.children) {
    const found = find(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function textOf(primitive: Element): string | undefined {
  return (find(primitive, 'SystemMessageText') ?? find(primitive, 'ContentData'))?.text;
}

export function idOf(out: OutgoingMessage | undefined): string {
  if (out === undefined) throw new Error('nothing went out');
  return (find(out.primitive, 'SystemMessageID') ?? find(out.primitive, 'MessageID'))?.text ?? '';
}
