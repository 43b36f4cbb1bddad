/** Operator messages over the real desk and a store, with a clock that is turned by hand, and faults where a test wants them. */
import { userKeyOf } from '../../gateway/chain/identity.ts';
import { ServiceSet } from '../../gateway/csp/service-tree.ts';
import { status } from '../../gateway/csp/status.ts';
import { RunningCounts } from '../../gateway/desk/broadcast-counts.ts';
import type { BroadcastDesk, BroadcastOrder, BroadcastReport } from '../../gateway/desk/broadcast-model.ts';
import { type BroadcastParts, Broadcasts } from '../../gateway/desk/broadcasts.ts';
import { Desk } from '../../gateway/desk/desk.ts';
import type { DeskLimits } from '../../gateway/desk/parts.ts';
import { LivePolicySets } from '../../gateway/policy/live-sets.ts';
import type { PolicySet } from '../../gateway/policy/model.ts';
import type { Log, NoteStore, SessionRecord, SessionStore, Store } from '../../gateway/ports.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { wireId } from '../../gateway/system-message/ids.ts';
import type { Addressee, MessageRecord, SystemMessageStore } from '../../gateway/system-message-ports.ts';
import { setOf } from '../policy/sample.ts';
import { USUAL_LIMITS } from './limits.ts';

export const VASPS = ['friendly-im', 'other-im'] as const;

const LEVELS = `kind: service-levels
default: full
levels: { full: { grant: [WVCSPFeat] } }
`;
export const NOTICE = `kind: on-line-service
id: notice
version: 2
category: notification
trigger: { on: operator }
message: { en: The service is closed tonight. }
options:
  - { id: fine, text: { en: OK } }
  - { id: no, text: { en: "No!" } }
requiresResponse: true
`;
export const HELP = `kind: on-line-service
id: tip
version: 1
category: help
trigger: { on: operator }
message: { en: You can write to groups. }
`;
const LOGIN = `kind: on-line-service
id: at-login
version: 1
category: notification
trigger: { on: login }
message: { en: Hello. }
`;
const CHARGE = 'kind: off-line-service\nid: aoc\nversion: 1\npurpose: notice\nmessage: { en: Hello }\n';

const opened = openSecrets({ kind: 'keys', text: '0123456789abcdef0123456789abcdef' });
if (opened.kind === 'failed') throw new Error(opened.problem);
export const SECRETS = opened.secrets;

export const userKey = (vasp: string, userId: string): string => userKeyOf(SECRETS, { name: vasp }, userId);

const made = new Map<string, PolicySet>();

/** Reading takes most of a start. */
function setFrom(policies: readonly string[]): PolicySet {
  const key = policies.join('---');
  const set = made.get(key) ?? setOf(LEVELS, ...policies);
  made.set(key, set);
  return set;
}

export interface SessionWish {
  readonly user: string;
  readonly vasp?: string;
  /** Tells several sessions of one user apart. */
  readonly number?: number;
  readonly isNameless?: boolean;
  readonly change?: Partial<SessionRecord>;
}

export interface RigOptions {
  readonly store?: Store;
  readonly policies?: readonly string[];
  readonly limits?: Partial<DeskLimits>;
  /** Asked before each step that something else has a part in; throws to make it fail. */
  readonly before?: (step: string) => void;
  /** The same when it is done. */
  readonly after?: (step: string) => void;
}

const BEGAN = Date.UTC(2026, 5, 1, 12);

/** Everything that a crash leaves alone. */
export class World {
  now = 0;
  readonly store: Store;
  readonly logged: string[] = [];
  readonly timers = new Set<number>();

  constructor(store: Store = openMemoryStore()) {
    this.store = store;
  }

  readonly clock = { wall: () => BEGAN + this.now, monotonic: () => this.now };

  async logIn({ user, vasp = VASPS[0], number = 0, isNameless = false, change = {} }: SessionWish): Promise<string> {
    const key = SECRETS.keyedHash('session', vasp, `${user} ${number}`);
    const person = isNameless
      ? {}
      : { person: SECRETS.seal('person', JSON.stringify([user, 'http://c.example', 'en'])) };
    await this.store.sessions.put(key, {
      vasp,
      userKey: userKey(vasp, user),
      clientKey: SECRETS.keyedHash('client', 'http://c.example'),
      granted: ServiceSet.ofCodes(['MM']),
      version: '1.3',
      encoding: 'xml',
      openedAt: this.clock.wall() - 60_000,
      keepAliveSeconds: 3_600,
      expiresAt: this.clock.wall() + 86_400_000,
      ...person,
      ...change,
    });
    return key;
  }

  async records(): Promise<readonly MessageRecord[]> {
    return this.store.systemMessages.slice(undefined, 1_000_000);
  }
}

/** One start of the process. */
export class Rig {
  readonly world: World;
  readonly desk: Desk;
  readonly broadcasts: Broadcasts;

  private constructor(world: World, desk: Desk, broadcasts: Broadcasts) {
    this.world = world;
    this.desk = desk;
    this.broadcasts = broadcasts;
  }

  static async start(world: World, options: RigOptions = {}): Promise<Rig> {
    const { policies = [NOTICE, HELP, LOGIN, CHARGE], limits = {} } = options;
    const sets = new LivePolicySets(setFrom(policies));
    const { clock, store } = world;
    let broadcasts: Broadcasts | undefined;
    const log = logOf(world.logged);
    const desk = await Desk.open({
      store: store.systemMessages,
      notes: store.notes,
      acceptances: store.acceptances,
      policies: sets,
      secrets: SECRETS,
      clock,
      metrics: { systemMessage: () => {}, systemMessagesOpen: () => {}, systemMessageEffect: () => {} },
      log,
      limits: { ...USUAL_LIMITS, ...limits },
      events: {
        concern: async () => {},
        ring: () => {},
        changed: (record, before) => broadcasts?.changed(record, before),
      },
      serviceContact: undefined,
      selfCareUrl: () => undefined,
      userKey,
      webhook: undefined,
    });
    broadcasts = await Broadcasts.open({
      ...faulty({ desk, ...partsOf(store) }, options),
      policies: sets,
      secrets: SECRETS,
      clock,
      log,
      vasps: VASPS,
      userKey,
      sessionCount: () => 77,
      every: (millis) => {
        world.timers.add(millis);
        return () => world.timers.delete(millis);
      },
    });
    return new Rig(world, desk, broadcasts);
  }

  async begin(order: Partial<BroadcastOrder>): Promise<BroadcastReport> {
    const outcome = await this.broadcasts.send(
      { policy: 'notice', to: { kind: 'everybody' }, vasp: undefined, perSecond: undefined, ...order },
      'a test',
    );
    if (outcome.kind === 'refused') throw new Error(outcome.message);
    return outcome.report;
  }

  report(id: string): BroadcastReport {
    const report = this.broadcasts.get(id);
    if (report === undefined) throw new Error('there is no such sending');
    return report;
  }

  /** So many slices of 50 ms, or until the sending is over. */
  async pass(slices: number, id?: string): Promise<void> {
    for (let slice = 0; slice < slices; slice++) {
      if (id !== undefined && this.report(id).state !== 'running') return;
      this.world.now += 50;
      await this.broadcasts.tick();
    }
  }

  async whole(id: string): Promise<BroadcastReport> {
    await this.pass(100_000, id);
    return this.report(id);
  }

  addressee(user: string, vasp: string = VASPS[0]): Addressee {
    return {
      sessionKey: SECRETS.keyedHash('session', vasp, `${user} 0`),
      userKey: userKey(vasp, user),
      openedAt: this.world.clock.wall(),
      facts: { userId: user, vasp, clientId: 'http://c.example', version: '1.3', encoding: 'xml', language: 'en' },
      languageOfVasp: undefined,
      knowsSystemMessages: true,
    };
  }

  /** The user's client fetches a message and acknowledges it, and the user chooses an option. */
  async hand(user: string, until: 'sent' | 'delivered' | 'answered', option = 1): Promise<void> {
    const addressee = this.addressee(user);
    const message = await this.desk.take(addressee);
    if (message === undefined) throw new Error('nothing waits for this user');
    if (until === 'sent') return;
    await this.desk.answered(addressee, message.transactionId, status(200));
    if (until === 'delivered') return;
    const id = wireId(message.transactionId.slice(-22));
    await this.desk.chosen(addressee, [{ id, chosenOptionId: String(option), verificationKey: undefined }]);
  }

  /** What the counts would be if they were made from the store now. */
  async countedAnew(broadcast: string) {
    const counts = new RunningCounts();
    for (const record of await this.world.records()) {
      if (record.broadcast === broadcast) counts.changed(record, undefined);
    }
    return counts.now();
  }
}

interface Faulty {
  readonly desk: BroadcastDesk;
  readonly sessions: BroadcastParts['sessions'];
  readonly messages: BroadcastParts['messages'];
  readonly notes: NoteStore;
}

const partsOf = (store: Store) => ({
  sessions: store.sessions,
  messages: store.systemMessages,
  notes: store.notes,
});

function faulty({ desk, sessions, messages, notes }: Faulty, { before, after }: RigOptions): Faulty {
  const step = async <Result>(name: string, work: () => Promise<Result>): Promise<Result> => {
    before?.(name);
    const result = await work();
    after?.(name);
    return result;
  };
  return {
    desk: {
      enqueue: (requests) => step('enqueue', () => desk.enqueue(requests)),
      withdraw: (id) => step('withdraw', () => desk.withdraw(id)),
    },
    sessions: {
      slice: (from, limit) => step('sessions', () => sessions.slice(from, limit)),
      ofUser: (key) => step('of user', () => sessions.ofUser(key)),
    } satisfies Pick<SessionStore, 'slice' | 'ofUser'>,
    messages: {
      slice: (from, limit) => step('messages', () => messages.slice(from, limit)),
    } satisfies Pick<SystemMessageStore, 'slice'>,
    notes: {
      get: (name) => step('read', () => notes.get(name)),
      put: (name, text) => step('write', () => notes.put(name, text)),
    },
  };
}

function logOf(lines: string[]): Log {
  const add = (event: string, fields: object = {}): void => void lines.push(`${event} ${JSON.stringify(fields)}`);
  return { info: add, warn: add, error: add };
}
