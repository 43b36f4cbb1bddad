/**
 * What is kept for users and said to them, as the rest of the wiring knows it, whoever holds it: this machine alone
 * (`alone.ts`), or the nodes of a gateway together (`among-nodes.ts`).
 */
import type { MessageActions } from '../admin/api-messages.ts';
import type { WaitingSessions } from '../chain/conversation/waiting-sessions.ts';
import type { NegotiationCounts, NegotiationMemory } from '../chain/negotiation-memory.ts';
import type { Cir } from '../cir-ports.ts';
import type { VaspConfig } from '../config.ts';
import type { SelfCare } from '../desk/self-care.ts';
import type { Mailbox } from '../mailbox-ports.ts';
import type { Shares } from '../node-ports.ts';
import type { OpenNodes } from '../nodes/open-nodes.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import type { SetAside } from '../ports.ts';
import type { SystemMessages } from '../system-message-ports.ts';
import type { MailboxNews, MailboxStart } from '../workers/mailbox.ts';
import type { SetAsideNews } from '../workers/set-aside.ts';
import type { SystemMessageNews } from '../workers/system-messages.ts';
import type { CirListeners } from './cir.ts';

export interface Kept {
  readonly negotiations: NegotiationMemory & NegotiationCounts;
  readonly waiting: WaitingSessions;
  readonly setAside: SetAside;
  readonly systemMessages: SystemMessages & {
    /** Whether anything may be open. */
    readonly hasMessages: boolean;
    /** Takes back everything that is open for a user whose data is erased. */
    forget(userKey: string): Promise<number>;
  };
  readonly selfCare: SelfCare;
  readonly broadcasts: MessageActions;
  readonly mailbox: Mailbox & {
    known(): MailboxStart;
    /** Something waits for these users that did not. */
    changed(userKeys: readonly string[]): Promise<void>;
  };
  readonly cirHub: Cir;
  readonly cirListeners: CirListeners;
  /** Undefined where this machine is alone. */
  readonly nodes: KeptAmongNodes | undefined;
  /** Whether this machine does what is to be done once: drops what is too old. */
  readonly isFirst: () => boolean;
  close(): Promise<void>;
}

/** What there is only where several machines share one store. */
export interface KeptAmongNodes {
  readonly nodes: OpenNodes;
  readonly shares: Shares;
  /** A process of this machine has changed a session: told to the other machines when it resolves. */
  sessionChanged(sessionKey: string): Promise<void>;
  /** A process of this machine has set something aside, or taken all: told to the other machines when it resolves. */
  setAsideChanged(sessionKey: string, isWaiting: boolean, at: number): Promise<void>;
  /** Whether everything that the others change is heard here. */
  hearsOthers(): boolean;
}

/** What is told to the processes of this machine that serve clients, be it this one alone. Nothing of it rejects. */
export interface ClientNews extends SystemMessageNews, MailboxNews, SetAsideNews {
  sessionChanged(sessionKey: string): Promise<void>;
  /** Words of other machines may have been missed. */
  missed(): Promise<void>;
  /** Whether everything that other machines change is heard here. */
  hearsOthers(hears: boolean): Promise<void>;
}

export interface KeptSurroundings {
  readonly vasps: readonly VaspConfig[];
  readonly policies: PolicySets;
  /** Open sessions, as they were counted last. */
  readonly sessionCount: () => number;
  /** Where users reach the pages; undefined where nobody said it. */
  readonly publicUrl: () => string | undefined;
  /** The processes that serve clients, beside this one; undefined where there are none. */
  readonly workers: ClientNews | undefined;
  /** The part of this process that serves clients, as far as there is one. */
  readonly clients: () => Pick<ClientNews, 'sessionChanged' | 'missed'> | undefined;
}

export type KeptResult =
  | { readonly kind: 'open'; readonly kept: Kept }
  /** Sentences, each with its place; nothing is left open. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };
