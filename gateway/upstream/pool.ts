/**
 * The way to the VASPs: one bounded pool of connections each, so that a slow or dead one takes nothing from the others
 * [reliability §6]. A request is sent once or not at all; what came of it is told as a result, never as an exception.
 */
import { performance } from 'node:perf_hooks';
import type { Metrics, Upstream, UpstreamResult } from '../ports.ts';
import { type CallOwner, UpstreamCall } from './call.ts';
import { Connections } from './connections.ts';
import { DeadlineQueue } from './deadlines.ts';
import { endpointOf } from './http1/connection.ts';
import { requestHead } from './http1/request.ts';

export interface VaspEndpoint {
  readonly name: string;
  /** http: or https:. A path other than `/` replaces the client's target. */
  readonly url: string;
  /** From handing over the request to the last byte of the answer. */
  readonly timeoutMillis: number;
  /** Connections at most; one request at a time on each. */
  readonly connections: number;
  /** Requests that may wait for a free connection; beyond them the VASP counts as unreachable. */
  readonly waiting: number;
  readonly maxAnswerBytes: number;
}

export const DEFAULT_VASP_LIMITS = {
  timeoutMillis: 15_000,
  connections: 256,
  waiting: 1024,
  maxAnswerBytes: 512 * 1024,
} as const satisfies Omit<VaspEndpoint, 'name' | 'url'>;

export interface UpstreamPools extends Upstream {
  /** Lets running requests finish, within their time-outs. */
  close(): Promise<void>;
}

/**
 * @param metrics gets the duration of every answer and the kind of every failure.
 * @param now the monotonic clock, in milliseconds.
 * @throws {TypeError} for a URL that is none, or of another scheme than http and https.
 */
export function createUpstream(
  vasps: readonly VaspEndpoint[],
  metrics: Pick<Metrics, 'upstream' | 'upstreamError'>,
  now: () => number = () => performance.now(),
): UpstreamPools {
  const pools = new Map(vasps.map((vasp) => [vasp.name, new VaspPool(vasp, metrics, now)]));
  return {
    send(vasp, request) {
      const pool = pools.get(vasp);
      if (pool === undefined) throw new RangeError('the upstream knows no VASP of that name');
      return pool.send(request);
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}

class VaspPool implements CallOwner {
  readonly #endpoint: VaspEndpoint;
  readonly #metrics: Pick<Metrics, 'upstream' | 'upstreamError'>;
  readonly #connections: Connections;
  readonly #host: string;
  /** Undefined when the client's target is used. */
  readonly #path: string | undefined;
  readonly #deadlines: DeadlineQueue;
  readonly #now: () => number;
  #running = 0;
  /** Set when the pool is closing. */
  #closed: Promise<void> | undefined;
  #whenIdle: (() => void) | undefined;

  constructor(endpoint: VaspEndpoint, metrics: Pick<Metrics, 'upstream' | 'upstreamError'>, now: () => number) {
    const url = new URL(endpoint.url);
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new TypeError('the URL of a VASP is http or https');
    this.#endpoint = endpoint;
    this.#metrics = metrics;
    this.#host = url.host;
    this.#path = url.pathname === '/' && url.search === '' ? undefined : url.pathname + url.search;
    this.#now = now;
    this.#deadlines = new DeadlineQueue(endpoint.timeoutMillis, now);
    this.#connections = new Connections(endpointOf(url), endpoint.connections, endpoint.maxAnswerBytes, now);
  }

  send(request: Parameters<Upstream['send']>[1]): Promise<UpstreamResult> {
    const { connections, waiting, name, timeoutMillis } = this.#endpoint;
    if (this.#closed !== undefined || this.#running >= connections + waiting) {
      this.#metrics.upstreamError(name, 'unreachable');
      return Promise.resolve({ kind: 'failed', failure: 'unreachable' });
    }
    const { target, contentType, headers, body } = request;
    const head = requestHead(this.#path ?? target, this.#host, contentType, headers, body.length);
    return new Promise((resolve) => {
      const call = new UpstreamCall(this, { head, body }, resolve);
      this.#running += 1;
      this.#deadlines.add(call);
      call.startedAt = call.endsAt - timeoutMillis;
      this.#connections.send(call);
    });
  }

  callIsOver(call: UpstreamCall): void {
    this.#running -= 1;
    if (this.#running === 0) this.#whenIdle?.();
    this.#deadlines.remove(call);
    if (call.failure === undefined) {
      this.#metrics.upstream(this.#endpoint.name, (this.#now() - call.startedAt) / 1000);
    } else {
      this.#metrics.upstreamError(this.#endpoint.name, call.failure);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    this.#connections.close();
  }
}
