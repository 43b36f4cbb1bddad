/** Stand-ins for what the HTTP side is given, and a server that records what came through the gate. */
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from '../../gateway/http/limits.ts';
import {
  type ClientServer,
  type ClientServerOptions,
  createClientServer,
  type PassThrough,
} from '../../gateway/http/server.ts';
import type { ClientReply, ClientRequest, Log, Metrics } from '../../gateway/ports.ts';

export interface Counted {
  readonly metrics: Metrics;
  /** `layer/reason` of each refusal, `vasp/kind` of each upstream failure. */
  readonly rejects: string[];
  readonly upstreamErrors: string[];
  readonly untrustedHeaders: string[];
  readonly evictions: string[];
  /** Open connections, each time that their number changed. */
  readonly open: number[];
}

export function countingMetrics(): Counted {
  const rejects: string[] = [];
  const upstreamErrors: string[] = [];
  const untrustedHeaders: string[] = [];
  const evictions: string[] = [];
  const open: number[] = [];
  const ignore = (): void => {};
  return {
    rejects,
    upstreamErrors,
    untrustedHeaders,
    evictions,
    open,
    metrics: {
      login: ignore,
      negotiation: ignore,
      negotiationDuration: ignore,
      request: ignore,
      upstream: ignore,
      upstreamError: (vasp, kind) => upstreamErrors.push(`${vasp}/${kind}`),
      reject: (layer, reason) => rejects.push(`${layer}/${reason}`),
      sessions: ignore,
      evicted: (memory) => evictions.push(memory),
      untrustedHeader: (header) => untrustedHeaders.push(header),
      connections: (_listener, count) => open.push(count),
      policyReload: ignore,
      page: ignore,
      mailbox: ignore,
    },
  };
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

export interface Rig {
  readonly server: ClientServer;
  readonly port: number;
  readonly seen: ClientRequest[];
  readonly counted: Counted;
}

export interface RigOptions extends Partial<Pick<ClientServerOptions, 'tls' | 'subscriberNumber'>> {
  readonly limits?: Partial<HttpLimits>;
  readonly handle?: (request: ClientRequest) => Promise<ClientReply>;
  readonly passThrough?: PassThrough;
}

export const OK: ClientReply = { statusCode: 200, headers: ['Content-Type', 'text/plain'], body: Buffer.from('ok') };

/** A client-side server on a free port that answers `ok` unless told otherwise. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const seen: ClientRequest[] = [];
  const counted = countingMetrics();
  const { tls, subscriberNumber } = options;
  const server = createClientServer({
    ...(tls === undefined ? {} : { tls }),
    ...(subscriberNumber === undefined ? {} : { subscriberNumber }),
    handle: (request) => {
      seen.push(request);
      return options.handle === undefined ? Promise.resolve(OK) : options.handle(request);
    },
    passThrough: options.passThrough ?? (() => false),
    metrics: counted.metrics,
    log: silentLog,
    limits: { ...DEFAULT_HTTP_LIMITS, ...options.limits },
  });
  const { port } = await server.listen('127.0.0.1', 0);
  return { server, port, seen, counted };
}
