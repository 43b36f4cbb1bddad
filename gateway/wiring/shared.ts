/**
 * What the processes of one machine share: who is asked what, which policies are in force, sessions that the gateway holds
 * itself. `holdShared` makes the things themselves, in the one process or in the primary of several; the chain sees
 * {@link Shared} alone, whose implementation in a worker asks the primary (`workers/`).
 */
import { MemoryWaitingSessions, type WaitingSessions } from '../chain/conversation/waiting-sessions.ts';
import { MemoryNegotiations, type NegotiationMemory } from '../chain/negotiation-memory.ts';
import { MemorySetAside } from '../chain/polling/set-aside.ts';
import type { SessionNews } from '../chain/sessions.ts';
import type { Cir } from '../cir-ports.ts';
import { sandboxVasp, type VaspConfig } from '../config.ts';
import type { AskAgain } from '../policy/ask-again.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import type { SetAside } from '../ports.ts';
import { createSandbox } from '../sandbox/server.ts';
import { startRetention } from '../stores/retention.ts';
import type { Base } from './base.ts';
import { type CirListeners, openCir } from './cir.ts';
import { type OpenPolicies, openPolicies, type PolicySpreading } from './policies.ts';
import { createSessionSweep, type SessionSweep } from './session-sweep.ts';

/** What serving clients needs of it. Whatever is asked for without a promise is in the memory of each process. */
export interface Shared {
  readonly vasps: readonly VaspConfig[];
  readonly policies: PolicySets;
  readonly askAgain: { current(): readonly AskAgain[] };
  readonly negotiations: NegotiationMemory;
  readonly waiting: WaitingSessions;
  readonly setAside: SetAside;
  /** Calling clients [X51]; where its listeners are, clients are told by every process. */
  readonly cirHub: Cir;
  readonly cirListeners: CirListeners;
  /** The other processes that serve clients; undefined when there are none. */
  readonly sessionNews?: SessionNews | undefined;
}

/** The things themselves, and what only the process that holds them does with them. */
export interface HeldShared extends Shared {
  readonly negotiations: MemoryNegotiations;
  readonly waiting: MemoryWaitingSessions;
  readonly policyControl: OpenPolicies;
  readonly sessions: SessionSweep;
  /** The sandbox VASP's URL, when that is the upstream. */
  readonly sandboxUrl: string | undefined;
  close(): Promise<void>;
}

export type HeldResult =
  | { readonly kind: 'held'; readonly shared: HeldShared }
  /** Sentences, each with its place; nothing is left running. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

const SWEEP_NEGOTIATIONS_MILLIS = 1_000;
const SWEEP_SESSIONS_MILLIS = 30_000;

/** @param spread where else policies come in force; undefined when this process does everything */
export async function holdShared(base: Base, spread?: PolicySpreading): Promise<HeldResult> {
  const { config, clock, metrics, log, store, secrets, vaspNames } = base;
  const opened = await openPolicies({
    ...base,
    directory: config.policies,
    parse: base.readPolicies,
    vasps: vaspNames,
    spread,
  });
  if (opened.kind === 'failed') return opened;
  const policyControl = opened.policies;
  const negotiations = new MemoryNegotiations(
    clock,
    config.limits.negotiations,
    (vasp, policy, outcome) => metrics.negotiation(vasp, policy, outcome),
    metrics.evicted,
  );
  const waiting = new MemoryWaitingSessions(clock, secrets, config.limits.negotiations, metrics.evicted);
  const sandbox = config.useSandbox ? createSandbox({ cirPort: 0 }) : undefined;
  const sandboxUrl = sandbox === undefined ? undefined : (await sandbox.listen('127.0.0.1', 0)).url;
  const vasps = sandboxUrl === undefined ? config.vasps : [sandboxVasp(sandboxUrl)];
  const openedCir = await openCir(base, vasps);
  if (openedCir.kind === 'failed') {
    policyControl.close();
    await sandbox?.close();
    return openedCir;
  }
  const { cir } = openedCir;
  const setAside = new MemorySetAside({
    waiting: (key) => void cir.hub.ring(key),
    dropped: () => metrics.reject('session', 'set-aside'),
  });
  const sessions = createSessionSweep(store.sessions, vaspNames, { clock, metrics, log });
  const timers = [
    setInterval(() => negotiations.sweep(), SWEEP_NEGOTIATIONS_MILLIS),
    setInterval(() => waiting.sweep(), SWEEP_SESSIONS_MILLIS),
    setInterval(() => void sessions.sweep(), SWEEP_SESSIONS_MILLIS),
  ];
  const stopRetention = startRetention(store, config.audit.keepMillis, clock, log);
  const shared: HeldShared = {
    vasps,
    policies: policyControl.control.sets,
    askAgain: policyControl.wishes,
    negotiations,
    waiting,
    setAside,
    cirHub: cir.hub,
    cirListeners: cir.offer,
    policyControl,
    sessions,
    sandboxUrl,
    async close() {
      for (const timer of timers) clearInterval(timer);
      stopRetention();
      policyControl.close();
      await cir.close();
      await sandbox?.close();
    },
  };
  return { kind: 'held', shared };
}
