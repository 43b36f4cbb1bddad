/**
 * Builds a running gateway from its configuration: the only place where parts are made and put together. Whoever wants to
 * know what the program consists of reads this file; whoever wants to know what it does with a message, `gateway.ts`.
 */
import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { openMetrics } from './admin/metrics.ts';
import { auditSeal } from './audit/seal.ts';
import { MemoryWaitingSessions } from './chain/conversation/waiting-sessions.ts';
import { userKeyOf } from './chain/identity.ts';
import { MemoryNegotiations } from './chain/negotiation-memory.ts';
import { Sessions } from './chain/sessions.ts';
import { type Address, authority, type Config, SANDBOX_NAME, type StoreConfig, sandboxVasp } from './config.ts';
import { DEFAULT_LIMITS } from './csp/limits.ts';
import { createGateway } from './gateway.ts';
import { DEFAULT_HTTP_LIMITS } from './http/limits.ts';
import { createClientServer } from './http/server.ts';
import { openLog } from './log.ts';
import { createPages } from './pages/pages.ts';
import { createPageServer } from './pages/server.ts';
import { setOfFolder } from './policies/reading.ts';
import { compileGlob } from './policy/glob.ts';
import { readPolicyFolder } from './policy-folder.ts';
import type { Clock, Secrets } from './ports.ts';
import { createSandbox } from './sandbox/server.ts';
import { openSecrets } from './secrets.ts';
import { type OpenResult, openLmdbStore } from './stores/lmdb.ts';
import { openMemoryStore } from './stores/memory.ts';
import { startRetention } from './stores/retention.ts';
import { timedStore } from './stores/timed.ts';
import { openSubscribers } from './subscribers.ts';
import { createPassThrough, DEFAULT_PASS_THROUGH_LIMITS } from './upstream/pass-through.ts';
import { createUpstream, DEFAULT_VASP_LIMITS } from './upstream/pool.ts';
import { createAdmin } from './wiring/admin.ts';
import { openPolicies, policyReader } from './wiring/policies.ts';
import { createSessionSweep } from './wiring/session-sweep.ts';

export interface RunningGateway {
  /** Where clients reach it; the port that was asked for, or the one that was free. */
  readonly listen: Address;
  readonly admin: Address;
  /** The sandbox VASP's URL, when that is the upstream. */
  readonly sandboxUrl: string | undefined;
  /** Fails readiness, lets running requests finish within the configured time, and closes everything [operations §6]. */
  stop(): Promise<void>;
  /** Reads the policy folder anew and puts it in force if it is valid; the log says what came of it. */
  reload(by: 'signal'): Promise<void>;
}

export type StartResult =
  | { readonly kind: 'running'; readonly gateway: RunningGateway }
  /** Sentences, each with its place; nothing is left running. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

const SWEEP_NEGOTIATIONS_MILLIS = 1_000;
const SWEEP_SESSIONS_MILLIS = 30_000;
/** How long the listener goes on after readiness failed, so that a balancer has seen it. */
const LINGER_MILLIS = 200;

export async function startGateway(config: Config): Promise<StartResult> {
  const clock: Clock = { wall: () => Date.now(), monotonic: () => performance.now() };
  const vaspNames = config.useSandbox ? [SANDBOX_NAME] : config.vasps.map(({ name }) => name);
  // Where nothing is configured the pages are reached as the sandbox is: on this machine.
  const readPolicies = policyReader(vaspNames, config.publicUrl ?? (config.useSandbox ? '' : 'none'));
  const secrets = openSecrets(config.secret);
  const subscribers = openSubscribers(config.subscribersFile);
  if (secrets.kind === 'failed' || subscribers.kind === 'failed') {
    const folder = setOfFolder(readPolicies, await readPolicyFolder(config.policies));
    const problems = [
      ...(folder.kind === 'failed' ? folder.problems : []),
      ...(secrets.kind === 'failed' ? [secrets.problem] : []),
      ...(subscribers.kind === 'failed' ? [subscribers.problem] : []),
    ];
    return { kind: 'failed', problems };
  }
  const opened = openStore(config.store, clock, secrets.secrets);
  if (opened.kind === 'failed') return { kind: 'failed', problems: [opened.problem] };

  const log = openLog({ level: config.log.level });
  for (const warning of secrets.warnings) log.warn(warning);
  if (opened.setAside !== undefined) log.warn('the store was damaged and set aside', { directory: opened.setAside });

  const metrics = openMetrics({ processMetrics: true });
  const store = timedStore(opened.store, clock, metrics.storeDuration);
  const userKey = (vasp: string, userId: string): string => userKeyOf(secrets.secrets, vasp, userId);
  const openedPolicies = await openPolicies({
    directory: config.policies,
    parse: readPolicies,
    vasps: vaspNames,
    store,
    userKey,
    clock,
    metrics,
    log,
  });
  if (openedPolicies.kind === 'failed') {
    await opened.store.close();
    return openedPolicies;
  }
  const { policies } = openedPolicies;
  const negotiations = new MemoryNegotiations(clock, config.limits.negotiations, (vasp, policy, outcome) =>
    metrics.negotiation(vasp, policy, outcome),
  );
  const waiting = new MemoryWaitingSessions(clock, secrets.secrets, config.limits.negotiations);
  const sandbox = config.useSandbox ? createSandbox() : undefined;
  const sandboxUrl = sandbox === undefined ? undefined : (await sandbox.listen('127.0.0.1', 0)).url;
  const vasps = sandboxUrl === undefined ? config.vasps : [sandboxVasp(sandboxUrl)];
  const upstream = createUpstream(
    vasps.map((vasp) => ({ ...DEFAULT_VASP_LIMITS, ...vasp, maxAnswerBytes: config.limits.answerBytes })),
    metrics,
  );
  let publicUrl = config.publicUrl ?? '';
  const gateway = createGateway({
    vasps,
    policies: policies.control.sets,
    askAgain: policies.wishes,
    publicUrl: () => publicUrl,
    acceptances: store.acceptances,
    negotiations,
    waiting,
    serviceContact: config.serviceContact,
    sessions: new Sessions(store.sessions, secrets.secrets, clock, {
      cacheEntries: config.limits.cachedSessions,
      graceMillis: config.limits.sessionGraceMillis,
      unnamedKeepAliveSeconds: config.limits.sessionIdleMillis / 1000,
    }),
    secrets: secrets.secrets,
    clock,
    metrics,
    log,
    upstream,
    askingCode: config.askingCode,
    clientOverrides: config.clients.map(({ client, systemMessages }) => ({
      client: compileGlob(client),
      systemMessages,
    })),
    isProvisioned: subscribers.isProvisioned,
    firstTransactionNumber: randomInt(36 ** 6),
    limits: { ...DEFAULT_LIMITS, bodyBytes: config.limits.bodyBytes },
    logsAccess: config.log.access,
  });
  const passThrough = createPassThrough({
    routes: vasps.map(({ name, url, passThrough: paths, hosts, timeoutMillis }) => ({
      vasp: name,
      url,
      paths,
      timeoutMillis,
      ...(hosts.length === 0 ? {} : { hosts }),
    })),
    limits: DEFAULT_PASS_THROUGH_LIMITS,
    metrics,
    log,
  });
  const pages = createPageServer(
    createPages({
      vasps: vaspNames,
      policies: policies.control.sets,
      negotiations,
      secrets: secrets.secrets,
      clock,
      publicUrl: () => publicUrl,
      metrics,
      log,
    }),
  );
  const { limits } = config;
  const clients = createClientServer({
    handle: (request) => gateway.handle(request),
    passThrough: (request, response) => pages.handle(request, response) || passThrough.handle(request, response),
    metrics,
    log,
    limits: {
      ...DEFAULT_HTTP_LIMITS,
      bodyBytes: limits.bodyBytes,
      headerBytes: limits.headerBytes,
      headers: limits.headers,
      connections: limits.connections,
      headersTimeoutMillis: limits.headerTimeoutMillis,
      requestTimeoutMillis: limits.requestTimeoutMillis,
      keepAliveTimeoutMillis: limits.keepAliveTimeoutMillis,
      idleTimeoutMillis: Math.max(
        DEFAULT_HTTP_LIMITS.idleTimeoutMillis,
        ...vasps.map(({ timeoutMillis }) => timeoutMillis * 2),
      ),
    },
  });
  let isStopping = false;
  const sessions = createSessionSweep(store.sessions, vaspNames, { clock, metrics, log });
  const admin = createAdmin({
    config,
    vasps,
    store,
    userKey,
    policies,
    negotiations,
    sessions,
    metrics,
    clock,
    log,
    isStopping: () => isStopping,
  });
  const timers = [
    setInterval(() => negotiations.sweep(), SWEEP_NEGOTIATIONS_MILLIS),
    setInterval(() => waiting.sweep(), SWEEP_SESSIONS_MILLIS),
    setInterval(() => void sessions.sweep(), SWEEP_SESSIONS_MILLIS),
  ];
  const stopRetention = startRetention(store.audit, config.audit.keepMillis, clock, log);
  const close = async (): Promise<void> => {
    for (const timer of timers) clearInterval(timer);
    stopRetention();
    policies.close();
    await clients.close();
    passThrough.close();
    await upstream.close();
    await admin.close();
    await sandbox?.close();
    await opened.store.close();
    log.flush();
  };
  try {
    const listen = await clients.listen(config.listen.host, config.listen.port);
    publicUrl = config.publicUrl ?? `http://${authority(listen)}`;
    const adminListen = await admin.listen(config.admin);
    await sessions.sweep();
    log.info('listening', {
      clients: `${listen.host}:${listen.port}`,
      admin: `${adminListen.host}:${adminListen.port}`,
    });
    return {
      kind: 'running',
      gateway: {
        listen,
        admin: adminListen,
        sandboxUrl,
        reload: async (by) => {
          try {
            await policies.control.reload(by);
          } catch {
            log.error('the policy folder cannot be looked at');
          }
        },
        stop: async () => {
          isStopping = true;
          log.info('stopping');
          await new Promise((resolve) => setTimeout(resolve, LINGER_MILLIS));
          await clients.drain(config.limits.drainMillis);
          await close();
        },
      },
    };
  } catch (error) {
    await close();
    return { kind: 'failed', problems: [cannotListen(error)] };
  }
}

function openStore(config: StoreConfig, clock: Clock, secrets: Secrets): OpenResult {
  return config.kind === 'memory'
    ? { kind: 'open', store: openMemoryStore(), setAside: undefined }
    : openLmdbStore(config.directory, clock.wall(), auditSeal(secrets));
}

function cannotListen(error: unknown): string {
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  const place = address === undefined ? 'the address' : `${address}:${port ?? ''}`;
  return code === 'EADDRINUSE'
    ? `${place} is taken by another program; stop that, or choose another with --listen or --admin`
    : `${place} cannot be listened on: ${code ?? 'unknown error'}`;
}
