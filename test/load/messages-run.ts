/**
 * One operator message to everybody who is on-line, while phones poll, acknowledge and answer and the data path goes on: the
 * gateway with its store on disk, the crowd of phones, the load and the load's VASP each in a process of their own. Every
 * session is accounted for four times: by the report of the API, by the metrics, by the records in the store, and by what
 * the phones were told.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditSeal } from '../../gateway/audit/seal.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { cpuSecondsOf, residentBytesOf } from '../bench/process-usage.ts';
import { quantile } from '../bench/statistics.ts';
import { GatewayProcess } from './gateway-process.ts';
import type { CrowdPlan, CrowdTotals } from './messages-crowd.ts';
import type { CrowdOrder } from './messages-crowd-program.ts';
import type { DataLoadOrder, DataSlice } from './messages-data-load.ts';
import { PHONE_PATH } from './messages-phone.ts';
import { MessagesVasp } from './messages-vasp.ts';

export interface RunPlan {
  /** An empty folder. */
  readonly directory: string;
  readonly sessions: number;
  readonly perSecond: number;
  readonly thinkingMillis: number;
  readonly reactionMillis: number;
  /** Between two polls of the few phones that are not called. */
  readonly wheelMillis: number;
  /** Longer than everybody thinks, by far. */
  readonly expiresSeconds: number;
  /** Requests a second that pass through. */
  readonly dataPerSecond: number;
  /** How long the data path is measured before the message, after it has warmed up. */
  readonly beforeSeconds: number;
  readonly warmUpSeconds: number;
  readonly seed: number;
  /** Finds the program of a source file; absent: the sources themselves. */
  readonly programOf?: (source: string) => string;
  readonly execArgv?: readonly string[];
  readonly progress?: (what: string) => void;
}

/** How every session of the message is accounted for. */
export interface Accounts {
  readonly queued: number;
  readonly sent: number;
  readonly delivered: number;
  readonly answered: number;
  readonly expired: number;
  /** Answers by the option's id; the metrics do not have them. */
  readonly options?: Readonly<Record<string, number>>;
}

/** A time of the run: how the data path was, and what the gateway took. */
export interface Period {
  readonly seconds: number;
  readonly answered: number;
  readonly wrong: readonly string[];
  readonly medianMicros: number;
  readonly p99Micros: number;
  readonly longestMicros: number;
  /** Of one processor. */
  readonly gatewayShare: number;
  readonly crowdShare: number;
  readonly mostLateMicros: number;
}

export interface RunResult {
  readonly accounts: {
    readonly api: Accounts;
    readonly metrics: Accounts;
    readonly store: Accounts;
    readonly phones: Accounts;
  };
  readonly phones: CrowdTotals;
  /** Requests of phones that reached the VASP and are none of its. */
  readonly strays: readonly string[];
  readonly before: Period;
  readonly during: Period;
  readonly after: Period;
  readonly loginSeconds: number;
  readonly sendSeconds: number;
  readonly residentBytes: number;
}

const ROOT = join(import.meta.dirname, '../..');
const POLICY = 'survey';
/** Id and text of each option. */
const OPTIONS = [
  ['often', 'Yes, often'],
  ['seldom', 'Yes, seldom'],
  ['never', 'Never again'],
] as const;
const SILENT_SHARE = 0.1;
const ONE_ON_WHEEL_OF = 50;
const ASK_MILLIS = 200;
const CROWD_NICENESS = 10;

export async function runMessages(plan: RunPlan): Promise<RunResult> {
  const { programOf, progress = () => {} } = plan;
  const children: ChildProcess[] = [];
  const started = (source: string): ChildProcess => {
    const path = programOf?.(source) ?? join(ROOT, source);
    const child = fork(path, { cwd: ROOT, execArgv: programOf === undefined ? ['--import', 'tsx'] : [] });
    children.push(child);
    return child;
  };
  const vasp = await MessagesVasp.listen();
  const [upstream, load, crowd] = [
    'test/bench/upstream-server.ts',
    'test/load/messages-data-load.ts',
    'test/load/messages-crowd-program.ts',
  ].map(started) as [ChildProcess, ChildProcess, ChildProcess];
  let gateway: GatewayProcess | undefined;
  try {
    // Phones are elsewhere in the world: here they take what the others leave of the processors.
    setPriority(crowd.pid ?? 0, CROWD_NICENESS);
    const { port } = await answerOf<{ port: number }>(upstream);
    gateway = await GatewayProcess.start(gatewayPlan(plan, vasp.url, port));
    progress('phones log in');
    const loginAt = performance.now();
    await ask(crowd, { kind: 'gather', plan: crowdPlan(plan, gateway.port) });
    const loginSeconds = (performance.now() - loginAt) / 1000;
    await ask(load, { kind: 'begin', port: gateway.port, perSecond: plan.dataPerSecond, connections: 32 });
    const gauge = new Gauge(gateway.pid, crowd.pid ?? 0, load);
    await sleep(plan.warmUpSeconds * 1000);
    await gauge.period();
    progress('the data path before');
    await sleep(plan.beforeSeconds * 1000);
    const before = await gauge.period();
    progress('the message goes out');
    const sentAt = performance.now();
    const begun = await send(gateway, plan.perSecond);
    const sent = await until(gateway, begun.id, ({ state, matched, answered }) => {
      progress(`${matched} queued, ${answered} answered`);
      return state === 'sent';
    });
    const sendSeconds = (performance.now() - sentAt) / 1000;
    const during = await gauge.period();
    const residentBytes = residentBytesOf(gateway.pid);
    const report = await until(gateway, sent.id, ({ open }) => {
      progress(`${open} open`);
      return open === 0;
    });
    await gauge.period();
    await sleep(plan.beforeSeconds * 1000);
    const after = await gauge.period();
    const phones = await ask<CrowdTotals>(crowd, { kind: 'stop' });
    const metrics = await metricsOf(gateway);
    await gateway.stop();
    return {
      accounts: { api: ofReport(report), metrics, store: await ofStore(plan.directory), phones: ofPhones(phones) },
      phones,
      strays: vasp.strays,
      before,
      during,
      after,
      loginSeconds,
      sendSeconds,
      residentBytes,
    };
  } finally {
    for (const child of children) child.kill();
    await gateway?.stop();
    await vasp.close();
  }
}

function gatewayPlan(plan: RunPlan, vaspUrl: string, loadPort: number) {
  const { directory, sessions, expiresSeconds, programOf, execArgv } = plan;
  return {
    directory,
    vaspUrl,
    vasp: `paths: ["${PHONE_PATH}"], cirConnections: 0`,
    vasps: { passing: `{ url: "http://127.0.0.1:${loadPort}/imps", paths: ["/imps"] }` },
    config: 'cir: { udp: "127.0.0.1:0", blindInterval: 1d }\n',
    limits: `{ sessions: ${2 * sessions} }`,
    policies: { 'levels.yaml': LEVELS, 'survey.yaml': surveyPolicy(expiresSeconds) },
    ...(programOf === undefined ? {} : { programOf }),
    ...(execArgv === undefined ? {} : { execArgv }),
  };
}

const LEVELS = 'kind: service-levels\ndefault: full\nlevels:\n  full: { grant: [WVCSPFeat] }\n';

const surveyPolicy = (expiresSeconds: number): string => `kind: on-line-service
id: ${POLICY}
version: 1
category: notification
trigger: { on: operator }
message: { en: "From tomorrow on a picture costs 0.10 EUR. Do you send pictures?" }
options:
${OPTIONS.map(([id, text]) => `  - { id: ${id}, text: { en: "${text}" } }`).join('\n')}
requiresResponse: true
expires: ${expiresSeconds}s
`;

function crowdPlan({ sessions, seed, thinkingMillis, reactionMillis, wheelMillis }: RunPlan, port: number): CrowdPlan {
  return {
    port,
    phones: sessions,
    name: 'crowd',
    seed,
    options: OPTIONS.map(([, text]) => text),
    silent: SILENT_SHARE,
    thinkingMillis,
    reactionMillis,
    onWheel: ONE_ON_WHEEL_OF,
    wheelMillis,
    connections: 32,
  };
}

interface Report extends Accounts {
  readonly id: string;
  readonly state: string;
  readonly matched: number;
  readonly open: number;
}

async function send(gateway: GatewayProcess, perSecond: number): Promise<Report> {
  const order = { policy: POLICY, everybody: true, vasp: 'im', perSecond };
  return (await gateway.call('POST', 'messages', order)) as Report;
}

async function until(gateway: GatewayProcess, id: string, isSo: (report: Report) => boolean): Promise<Report> {
  for (;;) {
    const report = (await gateway.call('GET', `messages/${id}`)) as Report;
    if (isSo(report)) return report;
    await sleep(ASK_MILLIS);
  }
}

function ofReport({ queued, sent, delivered, answered, expired, options = {} }: Report): Accounts {
  return { queued, sent, delivered, answered, expired, options };
}

async function metricsOf(gateway: GatewayProcess): Promise<Accounts> {
  const of = (result: string): Promise<number> => gateway.metric('sapgw_system_messages_total', `result="${result}"`);
  const [queued = 0, sent = 0, delivered = 0, answered = 0, expired = 0] = await Promise.all(
    ['queued', 'sent', 'delivered', 'answered', 'expired'].map(of),
  );
  return { queued, sent, delivered, answered, expired };
}

/** Counted from the records, of a gateway that has stopped. */
async function ofStore(directory: string): Promise<Accounts> {
  const secrets = openSecrets({ kind: 'file', path: join(directory, 'secret') });
  if (secrets.kind === 'failed') throw new Error(secrets.problem);
  const opened = openLmdbStore(join(directory, 'data'), 0, auditSeal(secrets.secrets));
  if (opened.kind === 'failed') throw new Error(opened.problem);
  const { store } = opened;
  const counts = { queued: 0, sent: 0, delivered: 0, answered: 0, expired: 0 };
  const options: Record<string, number> = {};
  let after: string | undefined;
  for (;;) {
    const records = await store.systemMessages.slice(after, 1_000);
    for (const { id, state, sentAt, deliveredAt, answeredAt, option } of records) {
      after = id;
      counts.queued += 1;
      if (sentAt !== undefined) counts.sent += 1;
      if (deliveredAt !== undefined) counts.delivered += 1;
      if (answeredAt !== undefined && state === 'answered') counts.answered += 1;
      if (state === 'expired') counts.expired += 1;
      if (option !== undefined) options[option] = (options[option] ?? 0) + 1;
    }
    if (records.length < 1_000) break;
  }
  await store.close();
  return { ...counts, options };
}

function ofPhones({ phones, received, acknowledged, confirmed, options }: CrowdTotals): Accounts {
  return {
    queued: phones,
    sent: received,
    delivered: acknowledged,
    answered: confirmed,
    expired: phones - confirmed,
    options: Object.fromEntries(OPTIONS.map(([id], index) => [id, options[index + 1] ?? 0])),
  };
}

/** Reads what a time of the run was like, from the last reading on. */
class Gauge {
  readonly #gateway: number;
  readonly #crowd: number;
  readonly #load: ChildProcess;
  #at = performance.now();
  #cpu: readonly [gateway: number, crowd: number];

  constructor(gateway: number, crowd: number, load: ChildProcess) {
    this.#gateway = gateway;
    this.#crowd = crowd;
    this.#load = load;
    this.#cpu = [cpuSecondsOf(gateway), cpuSecondsOf(crowd)];
  }

  async period(): Promise<Period> {
    const { micros, wrong, mostLateMicros } = await ask<DataSlice>(this.#load, { kind: 'slice' });
    const seconds = (performance.now() - this.#at) / 1000;
    this.#at = performance.now();
    const [gateway, crowd] = this.#cpu;
    const cpu = [cpuSecondsOf(this.#gateway), cpuSecondsOf(this.#crowd)] as const;
    this.#cpu = cpu;
    return {
      seconds,
      answered: micros.length,
      wrong,
      medianMicros: quantile(micros, 0.5),
      p99Micros: quantile(micros, 0.99),
      longestMicros: quantile(micros, 1),
      gatewayShare: (cpu[0] - gateway) / seconds,
      crowdShare: (cpu[1] - crowd) / seconds,
      mostLateMicros,
    };
  }
}

function ask<Answer>(child: ChildProcess, order: CrowdOrder | DataLoadOrder): Promise<Answer> {
  const answer = answerOf<Answer>(child);
  child.send(order);
  return answer;
}

async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const gone = new AbortController();
  const ended = once(child, 'exit', { signal: gone.signal }).then(
    () => {
      throw new Error(`${child.spawnargs.at(-1)} ended early`);
    },
    () => new Promise<never>(() => {}),
  );
  try {
    const [answer] = (await Promise.race([once(child, 'message'), ended])) as [Answer];
    return answer;
  } finally {
    gone.abort();
  }
}
