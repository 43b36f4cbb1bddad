/**
 * A whole gateway for tests: the real chain with a store, secrets and negotiation memory of its own, a clock that the test
 * turns, and a VASP that says what the test tells it to say. No port, no file and no timer; what went to the VASP, what
 * was counted and what was logged can be read afterwards.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CirService } from '../../gateway/chain/capability-negotiation.ts';
import type { WaitingSession } from '../../gateway/chain/conversation/waiting-sessions.ts';
import { type SessionSettings, Sessions } from '../../gateway/chain/sessions.ts';
import type { Desk } from '../../gateway/desk/desk.ts';
import type { DeskLimits } from '../../gateway/desk/parts.ts';
import { createGateway, type Gateway, type PlaceOfVasp } from '../../gateway/gateway.ts';
import type { Mailbox } from '../../gateway/mailbox-ports.ts';
import { createPages, type PageReply, type PageRequest, type Pages } from '../../gateway/pages/pages.ts';
import { compileGlob } from '../../gateway/policy/glob.ts';
import { LivePolicySets } from '../../gateway/policy/live-sets.ts';
import type { PolicyFile, PolicySet } from '../../gateway/policy/model.ts';
import { formatProblem, parsePolicySet } from '../../gateway/policy/parse.ts';
import type {
  ClientReply,
  Clock,
  Secrets,
  Store,
  Upstream,
  UpstreamFailure,
  UpstreamResult,
} from '../../gateway/ports.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import type { SystemMessages } from '../../gateway/system-message-ports.ts';
import { createRigDesk } from './rig-desk.ts';
import { createRigMailbox } from './rig-mailbox.ts';
import { type Counted, type LogLine, recordingLog, recordingMetrics } from './rig-records.ts';
import { openUnderWayInMemory, type RigUnderWay, type UnderWayParts } from './rig-stores.ts';

export interface RigOptions {
  /** A folder of policy files, the files themselves, or a set; without any no policy is in force. */
  readonly policies?: string | readonly PolicyFile[] | PolicySet;
  /** The VASPs; what is left out is as in `DEFAULT_VASP`. */
  readonly vasps?: readonly Partial<PlaceOfVasp>[];
  /** Messages that run at the same time, above which new logins are refused. */
  readonly mostRunning?: number;
  /** Clients that know System Messages against what their version says: a glob over the ClientID. */
  readonly clients?: readonly { readonly client: string; readonly systemMessages: boolean }[];
  readonly askingCode?: number;
  /** What becomes of logins while the store cannot be had. */
  readonly onStoreLoss?: 'ask' | 'deny';
  readonly isProvisioned?: (userId: string) => boolean | Promise<boolean>;
  readonly sessions?: Partial<SessionSettings>;
  readonly store?: Store;
  /** What keeps logins and conversations that are under way: the gateway's memory, where nothing is said. */
  readonly openUnderWay?: (parts: UnderWayParts) => RigUnderWay;
  readonly secrets?: Secrets;
  /** Wall clock at the start, in milliseconds. */
  readonly startsAt?: number;
  readonly firstTransactionNumber?: number;
  readonly serviceContact?: string;
  /** What is said to users in their sessions, in the place of a desk over the store. */
  readonly systemMessages?: SystemMessages | undefined;
  /** What is kept for users who are away, in the place of a mailbox over the store. */
  readonly mailbox?: Mailbox;
  /** Of the desk over the store. */
  readonly deskLimits?: Partial<DeskLimits>;
  /** Messages in all mailboxes together. */
  readonly mostMailbox?: number;
  /** Calling clients; without it every client is served by polling alone. */
  readonly cir?: CirService;
  /** How many sessions the gateway holds itself at most. */
  readonly waitingSessions?: number;
  /** The way to real VASPs, in the place of the scripted one. */
  readonly upstream?: Upstream;
}

/** What a request to the VASP was, byte for byte. */
export interface UpstreamRequest {
  readonly vasp: string;
  readonly target: string;
  readonly contentType: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
}

export type UpstreamAnswer = UpstreamResult | ((request: UpstreamRequest) => UpstreamResult | Promise<UpstreamResult>);

/** A VASP that answers from a queue, then by `otherwise`; asked beyond both it fails and remembers that it was. */
export interface ScriptedUpstream extends Upstream {
  /** Every request, in order. */
  readonly seen: UpstreamRequest[];
  /** Requests that no answer was there for. */
  readonly unanswered: UpstreamRequest[];
  /** Answers for the next requests, one each. */
  readonly queue: UpstreamAnswer[];
  otherwise: UpstreamAnswer | undefined;
}

export interface TestClock extends Clock {
  advance(millis: number): void;
}

export interface SendOptions {
  readonly target?: string;
  readonly host?: string;
  readonly headers?: readonly string[];
}

export interface Rig {
  /** The gateway as it runs now: another one after `restart`. */
  readonly gateway: Gateway;
  readonly clock: TestClock;
  readonly upstream: ScriptedUpstream;
  readonly store: Store;
  readonly secrets: Secrets;
  /** The sessions that the gateway holds itself, as they are kept. */
  waiting(): Promise<readonly WaitingSession[]>;
  readonly metrics: readonly Counted[];
  readonly log: readonly LogLine[];
  /** Keys of users whose clients the desk has asked to be called. */
  readonly rang: readonly string[];
  /** The desk as it is now. */
  desk(): Promise<Desk>;
  /** The policies in force. */
  policies(): PolicySet;
  send(body: Uint8Array, contentType: string, options?: SendOptions): Promise<ClientReply>;
  /** A browser's request for one of the gateway's pages; undefined when there is none at the path. */
  browse(method: string, target: string, request: Omit<PageRequest, 'method'>): Promise<PageReply> | undefined;
  /** Puts another policy set in force. */
  usePolicies(policies: RigOptions['policies']): void;
  /** The same store and secrets, and nothing that was kept in memory. Nothing may be under way in the gateway itself. */
  restart(): void;
  /** What `main.ts` does by timers: ends negotiation windows and sessions whose time is over. */
  sweep(): Promise<void>;
  /** The store is its owner's to close. */
  close(): void;
}

/** 10:00 on a weekday in winter, so that tests of dates have a day that they know. */
export const STARTS_AT = Date.UTC(2026, 11, 1, 10);

export const DEFAULT_VASP: PlaceOfVasp = {
  name: 'verona',
  language: undefined,
  replaceTransactionIds: true,
  encoding: 'same',
  paths: ['/'],
  hosts: [],
};

const DEFAULT_SESSIONS: SessionSettings = { cacheEntries: 1000, graceMillis: 60_000, unnamedKeepAliveSeconds: 86_400 };

/** Where users reach the gateway's pages. */
export const PUBLIC_URL = 'https://im.operator.example';

/** The signing key of tests. */
export const TEST_KEY = '0123456789abcdef0123456789abcdef';

export function createRig(options: RigOptions = {}): Rig {
  const clock = createClock(options.startsAt ?? STARTS_AT);
  const counted: Counted[] = [];
  const metrics = recordingMetrics(counted);
  const lines: LogLine[] = [];
  const log = recordingLog(lines);
  const store = options.store ?? openMemoryStore();
  const secrets = options.secrets ?? secretsOf(TEST_KEY);
  const upstream = scriptedUpstream();
  const policies = new LivePolicySets(policySetOf(options.policies));
  const rang: string[] = [];
  const rigDesk = createRigDesk({
    store,
    policies,
    secrets,
    clock,
    metrics,
    log,
    limits: options.deskLimits ?? {},
    serviceContact: options.serviceContact,
    rang,
  });
  const rigMailbox = createRigMailbox({
    store,
    policies,
    secrets,
    clock,
    metrics,
    log,
    rang,
    mostMessages: options.mostMailbox ?? 1_000,
  });
  let underWay = newUnderWay();
  let gateway = start();
  let pages = startPages();

  function newUnderWay(): RigUnderWay {
    return (options.openUnderWay ?? openUnderWayInMemory)({
      clock,
      secrets,
      waitingSessions: options.waitingSessions ?? 1_000,
      ended: (vasp, policy, outcome) => metrics.negotiation(vasp, policy, outcome),
      dropped: () => metrics.reject('session', 'set-aside'),
    });
  }

  function start(): Gateway {
    const { negotiations, waiting, setAside } = underWay;
    return createGateway({
      vasps: (options.vasps ?? [{}]).map((vasp) => ({ ...DEFAULT_VASP, ...vasp })),
      ...(options.mostRunning === undefined ? {} : { mostRunning: options.mostRunning }),
      policies,
      acceptances: store.acceptances,
      negotiations,
      waiting,
      serviceContact: options.serviceContact,
      sessions: new Sessions(store.sessions, secrets, clock, { ...DEFAULT_SESSIONS, ...options.sessions }),
      secrets,
      clock,
      metrics,
      log,
      upstream: options.upstream ?? upstream,
      setAside,
      systemMessages: options.systemMessages ?? rigDesk.messages,
      mailbox: options.mailbox ?? rigMailbox.mailbox,
      cir: options.cir,
      askAgain: { current: () => [] },
      publicUrl: () => PUBLIC_URL,
      askingCode: options.askingCode ?? 403,
      onStoreLoss: options.onStoreLoss,
      clientOverrides: (options.clients ?? []).map(({ client, systemMessages }) => ({
        client: compileGlob(client),
        systemMessages,
      })),
      isProvisioned: options.isProvisioned ?? (() => true),
      firstTransactionNumber: options.firstTransactionNumber ?? 0,
    });
  }

  function startPages(): Pages {
    const vasps = (options.vasps ?? [{}]).map((vasp) => ({ ...DEFAULT_VASP, ...vasp }).name);
    const { negotiations } = underWay;
    return createPages({ vasps, policies, negotiations, secrets, clock, publicUrl: () => PUBLIC_URL, metrics, log });
  }

  return {
    get gateway() {
      return gateway;
    },
    clock,
    upstream,
    store,
    secrets,
    waiting: () => underWay.kept(),
    metrics: counted,
    log: lines,
    rang,
    policies: () => policies.current(),
    desk: async () => {
      await rigDesk.opened({ always: true });
      return rigDesk.desk();
    },
    send: async (body, contentType, { target = '/', host = 'im.example', headers = [] } = {}) => {
      if (underWay.ready !== undefined) await underWay.ready;
      const opened = rigDesk.opened();
      if (opened !== undefined) await opened;
      const openedMailbox = rigMailbox.opened();
      if (openedMailbox !== undefined) await openedMailbox;
      return gateway.handle({
        target,
        host,
        contentType,
        headers,
        remoteAddress: '127.0.0.1',
        body: Buffer.from(body),
      });
    },
    browse: (method, target, request) => {
      const place = pages.placeOf(method, target);
      return place === undefined ? undefined : pages.answer(place, { method, ...request });
    },
    usePolicies: (next) => {
      policies.replace(policySetOf(next), clock.wall());
    },
    restart: () => {
      underWay.close();
      underWay = newUnderWay();
      rigDesk.restart();
      rigMailbox.restart();
      gateway = start();
      pages = startPages();
    },
    close: () => underWay.close(),
    sweep: async () => {
      await underWay.sweep();
      await store.sessions.sweep(clock.wall());
      await rigMailbox.sweep();
      const opened = rigDesk.opened();
      if (opened === undefined) return;
      await opened;
      await rigDesk.desk().sweep();
    },
  };
}

/** The set that policy files make. Fails the test, with every problem, when they are not valid. */
export function policySetOf(policies: RigOptions['policies'] = []): PolicySet {
  if (typeof policies === 'object' && 'levels' in policies) return policies;
  const files = typeof policies === 'string' ? filesOf(policies) : policies;
  const parsed = parsePolicySet(files, { hash: (text) => createHash('sha256').update(text).digest('hex') });
  if (parsed.kind === 'valid') return parsed.set;
  throw new Error(`the policies of this test are not valid:\n${parsed.problems.map(formatProblem).join('\n')}`);
}

function filesOf(folder: string): readonly PolicyFile[] {
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => ({ path: join(folder, name), text: readFileSync(join(folder, name), 'utf8') }));
}

/** A protocol answer of the VASP. */
export function vaspAnswer(body: Uint8Array, contentType: string, statusCode = 200): UpstreamResult {
  return {
    kind: 'answer',
    statusCode,
    contentType,
    headers: ['Content-Type', contentType],
    body: Buffer.from(body),
  };
}

export function vaspFailure(failure: UpstreamFailure): UpstreamResult {
  return { kind: 'failed', failure };
}

export function secretsOf(...keys: readonly string[]): Secrets {
  const opened = openSecrets({ kind: 'keys', text: keys.join('\n') });
  if (opened.kind === 'failed') throw new Error(opened.problem);
  return opened.secrets;
}

export function createClock(startsAt: number): TestClock {
  let passed = 0;
  return {
    wall: () => startsAt + passed,
    monotonic: () => passed,
    advance: (millis) => {
      passed += millis;
    },
  };
}

function scriptedUpstream(): ScriptedUpstream {
  const upstream: ScriptedUpstream = {
    seen: [],
    unanswered: [],
    queue: [],
    otherwise: undefined,
    async send(vasp, request) {
      const seen = { vasp, ...request, body: Buffer.from(request.body) };
      upstream.seen.push(seen);
      const answer = upstream.queue.shift() ?? upstream.otherwise;
      if (answer === undefined) upstream.unanswered.push(seen);
      if (answer === undefined) return vaspFailure('broken');
      return typeof answer === 'function' ? answer(seen) : answer;
    },
  };
  return upstream;
}
