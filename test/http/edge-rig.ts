/** A clients' listener whose messages go to a real VASP on sockets: inspected by the upstream client, opaque by http-proxy. */
import type { HttpLimits } from '../../gateway/http/limits.ts';
import { createPassThrough, DEFAULT_PASS_THROUGH_LIMITS } from '../../gateway/upstream/pass-through.ts';
import { createUpstream, DEFAULT_VASP_LIMITS } from '../../gateway/upstream/pool.ts';
import { countingMetrics, type Rig, silentLog, startRig } from './doubles.ts';

export interface EdgeRig extends Rig {
  /** Requests that were handed to the upstream client and have not come back. */
  running(): number;
  stop(): Promise<void>;
}

export interface EdgeRigOptions {
  readonly limits?: Partial<HttpLimits>;
  readonly vaspTimeoutMillis?: number;
  /** Opaque requests that run at the same time. */
  readonly passThroughRunning?: number;
}

/** Everything below `/content/` is opaque. */
export async function startEdgeRig(url: string, options: EdgeRigOptions = {}): Promise<EdgeRig> {
  const { limits = {}, vaspTimeoutMillis = 15_000, passThroughRunning = 512 } = options;
  const { metrics } = countingMetrics();
  const upstream = createUpstream(
    [{ ...DEFAULT_VASP_LIMITS, name: 'im', url, timeoutMillis: vaspTimeoutMillis }],
    metrics,
  );
  const proxy = createPassThrough({
    routes: [{ vasp: 'im', url, paths: ['/content/*'], timeoutMillis: vaspTimeoutMillis }],
    limits: { ...DEFAULT_PASS_THROUGH_LIMITS, running: passThroughRunning },
    metrics,
    log: silentLog,
  });
  let running = 0;
  const rig = await startRig({
    limits,
    passThrough: (request, response) => proxy.handle(request, response),
    handle: async ({ target, contentType, headers, body }) => {
      running += 1;
      const result = await upstream.send('im', { target, contentType, headers, body });
      running -= 1;
      return result.kind === 'answer' ? result : { statusCode: 502, headers: [], body: Buffer.from(result.failure) };
    },
  });
  return {
    ...rig,
    running: () => running,
    async stop() {
      await rig.server.close();
      proxy.close();
      await upstream.close();
    },
  };
}
