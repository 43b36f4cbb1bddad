/** What every worker does for the primary, and what it is told when it begins: plain data, as it crosses. */
import type { MetricSnapshot } from '../admin/metrics.ts';
import type { CirOffer } from '../cir-ports.ts';
import type { Address, Config, VaspConfig } from '../config.ts';
import type { KeySet } from '../keys/key-file.ts';
import type { VaspHealth } from '../upstream/guard.ts';
import type { VaspStateChange } from '../upstream/vasp-states.ts';
import type { MailboxNews, MailboxStart } from './mailbox.ts';
import type { PolicyNews, SentSet } from './policies.ts';
import type { SetAsideNews } from './set-aside.ts';
import type { SystemMessageNews, SystemMessageStart } from './system-messages.ts';

/** For a worker to load, to read the policies and to listen, on a slow and busy machine. */
export const START_MILLIS = 60_000;

export interface StartOrder {
  /** What concerns one process alone is its share already. */
  readonly config: Config;
  /** With the sandbox's place where that is the VASP. */
  readonly vasps: readonly VaspConfig[];
  readonly listen: Address;
  /** Every set that a negotiation may be under, the one in force last. */
  readonly policies: readonly SentSet[];
  /** Sessions for which something was set aside. */
  readonly setAside: readonly string[];
  /** Of messages to users in their sessions. */
  readonly systemMessages: SystemMessageStart;
  /** Of messages that are kept for users who are away. */
  readonly mailbox: MailboxStart;
  /** Whether everything that other machines change is heard here. */
  readonly hearsOthers: boolean;
  /** Where the primary hears clients and calls them. */
  readonly cirListeners: Pick<CirOffer, 'tcp' | 'udp'>;
}

export type StartAnswer =
  | { readonly kind: 'listening'; readonly address: Address }
  /** Sentences, each with its place. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

/** Served by the primary to each worker under the name `start`: a worker says itself when it can listen to messages. */
export interface StartService {
  order(): Promise<StartOrder>;
  /** To be called once. */
  started(answer: StartAnswer): Promise<void>;
}

/** Served by each worker under the name `worker`. What comes before the start has ended waits for that. */
export interface WorkerService extends PolicyNews, SetAsideNews, SystemMessageNews, MailboxNews {
  /** Answers end their connections from now on; the listener goes on. */
  announceEnd(): Promise<void>;
  /** Waits for clients and running requests, closes everything, tells what it counted, and exits. */
  stop(drainMillis: number, patienceMillis: number): Promise<MetricSnapshot>;
  figures(): Promise<MetricSnapshot>;
  vaspHealth(): Promise<readonly VaspHealth[]>;
  vaspStateChanged(change: VaspStateChange): Promise<void>;
  reloadCertificate(): Promise<void>;
  /** Signs and verifies with these from now on. */
  useKeys(keys: KeySet): Promise<void>;
  /** Fingerprints of the keys that it uses, the first signs. */
  keys(): Promise<readonly string[]>;
  /** Wishes to ask again are new in the store. */
  wishesChanged(): Promise<void>;
  /** A session was opened, changed or ended elsewhere. */
  sessionChanged(sessionKey: string): Promise<void>;
  /** What other machines told may have been missed. */
  missed(): Promise<void>;
  /** Whether everything that other machines change is heard here. */
  hearsOthers(hears: boolean): Promise<void>;
}

/** Served by the primary under the name `sessions`: the others are told before this resolves. */
export interface SessionService {
  changed(sessionKey: string): Promise<void>;
  /** Something was set aside for a session, or all of it was taken, in the engine that the machines share. */
  setAsideChanged(sessionKey: string, isWaiting: boolean, at: number): Promise<void>;
}
