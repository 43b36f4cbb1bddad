/**
 * What a process that serves clients consists of: the clients' listener, the pages, the chain, the connections to the
 * VASPs. Built on what every process has and on what the machine shares; there is one of it in each worker.
 */
import { randomInt } from 'node:crypto';
import { Sessions } from '../chain/sessions.ts';
import { createCirPage } from '../cir/page.ts';
import { type Address, authority } from '../config.ts';
import { DEFAULT_LIMITS } from '../csp/limits.ts';
import { createGateway } from '../gateway.ts';
import { watchCertificate } from '../http/certificate-watch.ts';
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from '../http/limits.ts';
import { type ClientServer, createClientServer } from '../http/server.ts';
import { createPages } from '../pages/pages.ts';
import { createPageServer } from '../pages/server.ts';
import { compileGlob } from '../policy/glob.ts';
import { createPassThrough, DEFAULT_PASS_THROUGH_LIMITS } from '../upstream/pass-through.ts';
import { DEFAULT_VASP_LIMITS } from '../upstream/pool.ts';
import type { Base } from './base.ts';
import { cirService } from './cir.ts';
import type { Shared } from './shared.ts';
import { type OpenUpstream, openUpstream } from './vasps.ts';

export interface ClientSide {
  /** Resolves with the address it got; rejects with the system's error when it cannot listen. */
  listen(address: Address): Promise<Address>;
  /** Takes a new certificate into use, if its files hold one; the log says what came of it. */
  reloadCertificate(): void;
  /** Answers end their connections from now on; the listener goes on. */
  announceEnd(): void;
  /**
   * Takes no more connections and lets running requests finish, for this long at most [operations §6].
   * @param patienceMillis how long before that clients between two requests are waited for
   */
  drain(timeoutMillis: number, patienceMillis?: number): Promise<void>;
  /** A session was opened, changed or ended by another process. */
  forgetSession(sessionKey: string): void;
  /** Whatever others did to sessions may have been missed. */
  forgetSessions(): void;
  /** What this process knows of the VASPs by its own requests and probes. */
  vaspHealth(): ReturnType<OpenUpstream['health']>;
  /** Cuts what is left. */
  close(): Promise<void>;
}

export function createClientSide(base: Base, shared: Shared): ClientSide {
  const { config, certificate, clock, secrets, log, metrics, store } = base;
  const { vasps } = shared;
  let publicUrl = config.publicUrl ?? '';
  const guarded = openUpstream(vasps, { ...base, answerBytes: config.limits.answerBytes });
  const { upstream, availability } = guarded;
  const sessions = new Sessions(
    store.sessions,
    secrets,
    clock,
    {
      cacheEntries: config.limits.cachedSessions,
      evicted: metrics.evicted,
      graceMillis: config.limits.sessionGraceMillis,
      unnamedKeepAliveSeconds: config.limits.sessionIdleMillis / 1000,
      hearsOthers: shared.hearsOthers,
    },
    shared.sessionNews,
  );
  // Where nothing is configured the listener is reached as the sandbox is: on this machine.
  const tellsUrl = config.publicUrl !== undefined || config.useSandbox;
  const gateway = createGateway({
    ...shared,
    cir: cirService(shared.cirHub, shared.cirListeners, vasps, () => (tellsUrl ? publicUrl : undefined)),
    // Half of the room in which messages wait for a VASP is for those of sessions alone.
    vasps: vasps.map((vasp) => ({ ...vasp, mostRunning: vasp.connections + DEFAULT_VASP_LIMITS.waiting / 2 })),
    mostRunning: config.limits.requests,
    publicUrl: () => publicUrl,
    acceptances: store.acceptances,
    serviceContact: config.serviceContact,
    sessions,
    secrets,
    clock,
    metrics: guarded.metrics,
    log,
    upstream,
    availability,
    askingCode: config.askingCode,
    onStoreLoss: config.onStoreLoss,
    clientOverrides: config.clients.map(({ client, systemMessages }) => ({
      client: compileGlob(client),
      systemMessages,
    })),
    isProvisioned: base.isProvisioned,
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
    isSuspended: (vasp) => availability.stateOf(vasp) === 'suspended',
    metrics,
    log,
  });
  const pages = createPageServer(
    createPages({ ...base, ...shared, vasps: base.vaspNames, publicUrl: () => publicUrl }),
  );
  const cirPage = createCirPage(secrets, shared.cirHub);
  const clients: ClientServer = createClientServer({
    handle: (request) => gateway.handle(request),
    passThrough: (request, response) =>
      pages.handle(request, response) || cirPage.handle(request, response) || passThrough.handle(request, response),
    metrics,
    log,
    limits: httpLimits(base, shared),
    subscriberNumber: config.subscriberNumber,
    ...(certificate === undefined ? {} : { tls: certificate }),
  });
  const watch =
    config.tls === undefined || certificate === undefined
      ? undefined
      : watchCertificate({
          files: config.tls,
          current: certificate,
          use: (next) => clients.useCertificate(next),
          log,
          clock,
        });
  return {
    async listen({ host, port }) {
      const address = await clients.listen(host, port);
      publicUrl = config.publicUrl ?? `${config.tls === undefined ? 'http' : 'https'}://${authority(address)}`;
      return address;
    },
    reloadCertificate: () => watch?.reload(),
    vaspHealth: () => guarded.health(),
    announceEnd: () => clients.announceEnd(),
    drain: (timeoutMillis, patienceMillis) => clients.drain(timeoutMillis, patienceMillis),
    forgetSession: (sessionKey) => sessions.forget(sessionKey),
    forgetSessions: () => sessions.forgetAll(),
    async close() {
      watch?.close();
      await clients.close();
      passThrough.close();
      await guarded.close();
    },
  };
}

function httpLimits({ config: { limits } }: Base, { vasps }: Shared): HttpLimits {
  return {
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
  };
}
