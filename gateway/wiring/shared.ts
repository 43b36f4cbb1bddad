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
import type { Broadcasts } from '../desk/broadcasts.ts';
import type { Desk } from '../desk/desk.ts';
import type { DeskEvents } from '../desk/parts.ts';
import type { SelfCare } from '../desk/self-care.ts';
import type { MailboxEvents } from '../mailbox/parts.ts';
import type { PostOffice } from '../mailbox/post-office.ts';
import type { Mailbox } from '../mailbox-ports.ts';
import type { AskAgain } from '../policy/ask-again.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import type { SetAside } from '../ports.ts';
import { createSandbox } from '../sandbox/server.ts';
import { startRetention } from '../stores/retention.ts';
import type { SystemMessages } from '../system-message-ports.ts';
import type { Base } from './base.ts';
import { type CirListeners, openCir } from './cir.ts';
import { openDesk } from './desk.ts';
import { openMailbox } from './mailbox.ts';
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
}

/** The things themselves, and what only the process that holds them does with them. */
export interface HeldShared extends Shared {
  readonly negotiations: MemoryNegotiations;
  readonly waiting: MemoryWaitingSessions;
  readonly policyControl: OpenPolicies;
  readonly sessions: SessionSweep;
  readonly systemMessages: Desk;
  readonly broadcasts: Broadcasts;
  readonly mailbox: PostOffice;
  /** Where this machine reaches the clients' listener, once it is known; where users do, unless they were told otherwise. */
  listensAt(url: string): void;
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

/** How what changes here is told to the other processes of this gateway. Nothing of it rejects. */
export interface Spreading extends PolicySpreading {
  /** The desk is concerned with these users, or no longer. */
  readonly concern: DeskEvents['concern'];
  /** Something is kept for these users. */
  readonly mailWaits: MailboxEvents['concern'];
}

/** @param spread the other processes; undefined when this one does everything */
export async function holdShared(base: Base, spread?: Spreading): Promise<HeldResult> {
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
  /** What is open, to be closed the other way round. */
  const open: (() => Promise<void> | void)[] = [() => policyControl.close()];
  const close = async (): Promise<void> => {
    for (const one of open.toReversed()) await one();
  };
  const negotiations = new MemoryNegotiations(
    clock,
    config.limits.negotiations,
    (vasp, policy, outcome) => metrics.negotiation(vasp, policy, outcome),
    metrics.evicted,
  );
  const waiting = new MemoryWaitingSessions(clock, secrets, config.limits.negotiations, metrics.evicted);
  const sandbox = config.useSandbox ? createSandbox({ cirPort: 0 }) : undefined;
  if (sandbox !== undefined) open.push(() => sandbox.close());
  const sandboxUrl = sandbox === undefined ? undefined : (await sandbox.listen('127.0.0.1', 0)).url;
  const vasps = sandboxUrl === undefined ? config.vasps : [sandboxVasp(sandboxUrl)];
  const openedCir = await openCir(base, vasps);
  if (openedCir.kind === 'failed') {
    await close();
    return openedCir;
  }
  const { cir } = openedCir;
  open.push(() => cir.close());
  const setAside = new MemorySetAside({
    waiting: (key) => void cir.hub.ring(key),
    dropped: () => metrics.reject('session', 'set-aside'),
  });
  const sessions = createSessionSweep(store.sessions, vaspNames, { clock, metrics, log });
  let publicUrl = config.publicUrl;
  const openedDesk = await openDesk(base, {
    policies: policyControl.control.sets,
    concern: spread?.concern,
    ring: (userKey) => void cir.hub.ringUser(userKey),
    sessionCount: () => [...sessions.counted().vasps.values()].reduce((all, one) => all + one, 0),
    publicUrl: () => publicUrl,
  });
  if (openedDesk.kind === 'failed') {
    await close();
    return openedDesk;
  }
  const { desk } = openedDesk;
  open.push(() => desk.close());
  const openedMailbox = await openMailbox(base, {
    policies: policyControl.control.sets,
    mailWaits: spread?.mailWaits,
    ring: (userKey) => void cir.hub.ringUser(userKey),
    languageOf: (vasp) => vasps.find(({ name }) => name === vasp)?.language,
  });
  if (openedMailbox.kind === 'failed') {
    await close();
    return openedMailbox;
  }
  const { mailbox } = openedMailbox;
  open.push(() => mailbox.close());
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
    systemMessages: desk.desk,
    selfCare: desk.desk.selfCare,
    broadcasts: desk.broadcasts,
    mailbox: mailbox.postOffice,
    cirHub: cir.hub,
    cirListeners: cir.offer,
    policyControl,
    sessions,
    sandboxUrl,
    listensAt(url) {
      if (config.useSandbox) publicUrl ??= url;
    },
    async close() {
      for (const timer of timers) clearInterval(timer);
      stopRetention();
      await close();
    },
  };
  return { kind: 'held', shared };
}
