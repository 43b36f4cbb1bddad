/**
 * What the processes of one machine share: which policies are in force, and what is kept for users and said to them.
 * `holdShared` makes the things themselves, in the one process or in the primary of several; the chain sees {@link Shared}
 * alone, whose implementation in a worker asks the primary (`workers/`).
 */
import type { WaitingSessions } from '../chain/conversation/waiting-sessions.ts';
import type { NegotiationMemory } from '../chain/negotiation-memory.ts';
import type { SessionNews } from '../chain/sessions.ts';
import type { Cir } from '../cir-ports.ts';
import { sandboxVasp, type VaspConfig } from '../config.ts';
import type { SelfCare } from '../desk/self-care.ts';
import type { Mailbox } from '../mailbox-ports.ts';
import type { AskAgain } from '../policy/ask-again.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import type { SetAside } from '../ports.ts';
import { createSandbox } from '../sandbox/server.ts';
import { startRetention } from '../stores/retention.ts';
import type { SystemMessages } from '../system-message-ports.ts';
import { openAlone } from './alone.ts';
import { openAmongNodes } from './among-nodes.ts';
import type { Base } from './base.ts';
import type { CirListeners } from './cir.ts';
import type { ClientNews, Kept } from './kept.ts';
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
  /** What is said to users in their sessions [X40]. */
  readonly systemMessages: SystemMessages;
  /** The same outside of sessions. */
  readonly selfCare: SelfCare;
  /** What is kept for users who are away [X60]. */
  readonly mailbox: Mailbox;
  /** Calling clients [X51]; where its listeners are, clients are told by every process. */
  readonly cirHub: Cir;
  readonly cirListeners: CirListeners;
  /** The other processes that serve clients; undefined when there are none. */
  readonly sessionNews?: SessionNews | undefined;
  /** Whether everything that others change is heard here; absent: always. */
  readonly hearsOthers?: (() => boolean) | undefined;
}

/** The things themselves, and what only the process that holds them does with them. */
export interface HeldShared extends Shared, Omit<Kept, keyof Shared> {
  readonly negotiations: Kept['negotiations'];
  readonly systemMessages: Kept['systemMessages'];
  readonly mailbox: Kept['mailbox'];
  readonly policyControl: OpenPolicies;
  readonly sessions: SessionSweep;
  /** Where this machine reaches the clients' listener, once it is known; where users do, unless they were told otherwise. */
  listensAt(url: string): void;
  /** What serves clients in this process is there, and is told what changes. */
  servedBy(clients: Pick<ClientNews, 'sessionChanged' | 'missed'>): void;
  /** The sandbox VASP's URL, when that is the upstream. */
  readonly sandboxUrl: string | undefined;
}

export type HeldResult =
  | { readonly kind: 'held'; readonly shared: HeldShared }
  /** Sentences, each with its place; nothing is left running. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

const SWEEP_SESSIONS_MILLIS = 30_000;

/** How what changes here is told to the worker processes of this machine. Nothing of it rejects. */
export interface Spreading extends PolicySpreading, ClientNews {}

/** @param spread the worker processes; undefined when this one does everything */
export async function holdShared(base: Base, spread?: Spreading): Promise<HeldResult> {
  const { config, clock, metrics, log, store, vaspNames } = base;
  const opened = await openPolicies({
    ...base,
    directory: config.policies,
    parse: base.readPolicies,
    vasps: vaspNames,
    spread,
  });
  if (opened.kind === 'failed') return opened;
  const policyControl = opened.policies;
  /** What is open, to be closed the other way round. */
  const open: (() => Promise<void> | void)[] = [() => policyControl.close()];
  const close = async (): Promise<void> => {
    for (const one of open.toReversed()) await one();
  };
  const sandbox = config.useSandbox ? createSandbox({ cirPort: 0 }) : undefined;
  if (sandbox !== undefined) open.push(() => sandbox.close());
  const sandboxUrl = sandbox === undefined ? undefined : (await sandbox.listen('127.0.0.1', 0)).url;
  const vasps = sandboxUrl === undefined ? config.vasps : [sandboxVasp(sandboxUrl)];
  const sessions = createSessionSweep(store.sessions, vaspNames, { clock, metrics, log });
  let publicUrl = config.publicUrl;
  let clients: Pick<ClientNews, 'sessionChanged' | 'missed'> | undefined;
  const around = {
    vasps,
    policies: policyControl.control.sets,
    sessionCount: () => [...sessions.counted().vasps.values()].reduce((all, one) => all + one, 0),
    publicUrl: () => publicUrl,
    workers: spread,
    clients: () => clients,
  };
  const { redis } = base;
  const openedKept =
    redis === undefined || config.store.kind !== 'redis'
      ? await openAlone(base, around)
      : await openAmongNodes(base, { ...redis, address: config.store.address }, around);
  if (openedKept.kind === 'failed') {
    await close();
    return openedKept;
  }
  const { kept } = openedKept;
  open.push(() => kept.close());
  const timer = setInterval(() => void sessions.sweep(), SWEEP_SESSIONS_MILLIS);
  open.push(() => clearInterval(timer));
  open.push(startRetention(store, { keepMillis: config.audit.keepMillis, mayDrop: kept.isFirst, clock, log }));
  const { nodes } = kept;
  return {
    kind: 'held',
    shared: {
      ...kept,
      vasps,
      policies: policyControl.control.sets,
      askAgain: policyControl.wishes,
      sessionNews: nodes === undefined ? undefined : { changed: (sessionKey) => nodes.sessionChanged(sessionKey) },
      hearsOthers: nodes === undefined ? undefined : () => nodes.hearsOthers(),
      policyControl,
      sessions,
      sandboxUrl,
      listensAt(url) {
        if (config.useSandbox) publicUrl ??= url;
      },
      servedBy(served) {
        clients = served;
      },
      close,
    },
  };
}
