/**
 * Serving clients, as the rest of the program sees it: by this process alone, or by worker processes (`primary.ts`). The
 * admin listener and the stop do not know which.
 */
import type { MetricSnapshot } from '../admin/metrics.ts';
import type { Address } from '../config.ts';
import type { KeySet } from '../keys/key-file.ts';
import type { VaspHealth } from '../upstream/guard.ts';
import type { RestartState, WorkerRow } from '../workers/pool.ts';
import type { Base } from './base.ts';
import { createClientSide } from './client-side.ts';
import type { HeldShared } from './shared.ts';

export type ListenResult =
  | { readonly kind: 'listening'; readonly address: Address }
  /** Sentences, each with its place. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

export interface Serving {
  /** Rejects with the system's error when the address cannot be had, where this process listens itself. */
  listen(): Promise<ListenResult>;
  /** Why clients cannot be served now; undefined when they can. */
  trouble(): string | undefined;
  /** Answers end their connections from now on; the listener goes on. */
  announceEnd(): Promise<void>;
  /** Takes no more connections and lets running requests finish, for as long as is configured at most [operations §6]. */
  drain(): Promise<void>;
  /** Cuts what is left. */
  close(): Promise<void>;
  reloadCertificate(): Promise<void>;
  /** The other processes of this machine use these keys when it resolves, or do not answer. Never rejects. */
  useKeys(keys: KeySet): Promise<void>;
  /** Fingerprints of the keys that each of them uses. */
  keysOfWorkers(): Promise<readonly { readonly pid: number; readonly keys: readonly string[] }[]>;
  /** What those who send to VASPs know of them, a list of each process. */
  vaspHealth(): Promise<readonly (readonly VaspHealth[])[]>;
  /** What changed here until now holds in the other processes too. */
  settled(): Promise<void>;
  /** What other processes have counted. */
  figures(): Promise<readonly MetricSnapshot[]>;
  /** Undefined when this process does everything. */
  readonly workers: WorkerControl | undefined;
}

export interface WorkerControl {
  rows(): readonly WorkerRow[];
  restartState(): RestartState;
  /** Begins to replace every worker, one after the other; false when that is under way. */
  beginRestart(): boolean;
}

export function serveHere(base: Base, shared: HeldShared): Serving {
  const clients = createClientSide(base, shared);
  shared.servedBy({
    sessionChanged: async (sessionKey) => clients.forgetSession(sessionKey),
    missed: async () => clients.forgetSessions(),
  });
  const { listen, limits } = base.config;
  return {
    async listen() {
      const address = await clients.listen(listen);
      base.metrics.workers(1);
      return { kind: 'listening', address };
    },
    trouble: () => undefined,
    announceEnd: async () => clients.announceEnd(),
    drain: () => clients.drain(limits.drainMillis),
    close: () => clients.close(),
    reloadCertificate: async () => clients.reloadCertificate(),
    useKeys: async () => {},
    keysOfWorkers: async () => [],
    vaspHealth: async () => [clients.vaspHealth()],
    settled: async () => {},
    figures: async () => [],
    workers: undefined,
  };
}
