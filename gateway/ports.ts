/**
 * What the gateway needs of the world, as small interfaces. The chain and the features know these alone; stores, the
 * upstream client, metrics and logs implement them and are put in by `main.ts`.
 */

import type { AuditRecord, AuditStore, ShownText, TextStore } from './audit-ports.ts';
import type { CirAgreement } from './cir-ports.ts';
import type { Element } from './csp/element.ts';
import type { ServiceSet } from './csp/service-tree.ts';
import type { CspVersion, Encoding } from './csp/versions.ts';
import type { DeliveryMethod, MailboxResult, MailboxStore } from './mailbox-ports.ts';
import type { SystemMessageStore } from './system-message-ports.ts';

/** Time as milliseconds. `wall` is for records and tokens, `monotonic` for measuring and time-outs. */
export interface Clock {
  wall(): number;
  monotonic(): number;
}

/** Keyed hashes, signatures and seals. The keys stay inside. */
export interface Secrets {
  /** A keyed hash, base64url, 22 characters (128 bits): how users, clients and sessions are known outside a live session. */
  keyedHash(purpose: string, ...parts: readonly string[]): string;
  /** HMAC-SHA-256 of `data` by the signing key, 32 bytes. */
  sign(data: Uint8Array): Uint8Array;
  /** Whether `signature`, a prefix of an HMAC, was made by any live key; compares in constant time. */
  verify(data: Uint8Array, signature: Uint8Array): boolean;
  /** Encrypts a text so that it can be kept: 30 bytes more than its UTF-8, other ones every time. */
  seal(purpose: string, text: string): Uint8Array;
  /** The text; undefined when it was sealed for another purpose, by a key that is not live any more, or changed since. */
  unseal(purpose: string, sealed: Uint8Array): string | undefined;
  /** Whether the key that seals now has sealed it; false means that it is sealed anew before an older key goes. */
  isSealedByCurrent(purpose: string, sealed: Uint8Array): boolean;
  randomBytes(count: number): Uint8Array;
}

/** A session that a VASP opened and the gateway knows. Holds no credential, and no name that could be read: hashes, and a seal. */
export interface SessionRecord {
  readonly vasp: string;
  /** Keyed hash of the user id, the same in every session and record of that user at that VASP. */
  readonly userKey: string;
  /** Keyed hash of the ClientID. */
  readonly clientKey: string;
  readonly granted: ServiceSet;
  readonly version: CspVersion;
  readonly encoding: Encoding;
  readonly openedAt: number;
  /** What the client was told, in seconds; undefined when neither side named a time. */
  readonly keepAliveSeconds: number | undefined;
  /** Wall-clock milliseconds after which the session is gone. Moves on with use. */
  readonly expiresAt: number;
  /** What the session agreed on, where it agreed on CIR [X51]. */
  readonly cir?: CirAgreement;
  /** Who logged in, sealed; only where policies for users in their sessions, or for users who are away, are in force. */
  readonly person?: Uint8Array;
  /** How the client wants messages of the gateway's handed over, where it said so; pushed where it did not [P8]. */
  readonly delivery?: DeliveryMethod;
}

/** Sessions, by their keyed hash. A resolved promise means that the change is durable. */
export interface SessionStore {
  get(sessionKey: string): Promise<SessionRecord | undefined>;
  /** Whether it took the place of one that was there, over or not. */
  put(sessionKey: string, record: SessionRecord): Promise<boolean>;
  /** Moves the end of a session on, never back; false when there is no such session any more. */
  prolong(sessionKey: string, expiresAt: number): Promise<boolean>;
  delete(sessionKey: string): Promise<void>;
  /** Drops every session that has expired; answers how many are left for each VASP. */
  sweep(now: number): Promise<ReadonlyMap<string, number>>;
  /** The sessions of one user at one VASP, by their keys. Goes through all sessions: for rare questions. */
  ofUser(userKey: string): Promise<ReadonlyMap<string, SessionRecord>>;
  /**
   * The next sessions in the order of their keys, behind `after`: expired ones too, but none that cannot be read. Fewer than
   * `limit` at the end.
   */
  slice(after: string | undefined, limit: number): Promise<readonly (readonly [key: string, record: SessionRecord])[]>;
}

/** What a user accepted, so that the same question is not asked again [X19]. */
export interface Acceptance {
  readonly policy: string;
  readonly version: number;
  /** The option chosen; undefined for a message without options. */
  readonly option: string | undefined;
  readonly acceptedAt: number;
}

/** All that is kept of one login that the VASP accepted [X19]. */
export interface Accepted {
  readonly remember: readonly Acceptance[];
  readonly records: readonly AuditRecord[];
  /** The texts that the records name. */
  readonly texts: readonly ShownText[];
}

export interface AcceptanceStore {
  /** All acceptances of one user at one VASP: one read. */
  of(userKey: string): Promise<readonly Acceptance[]>;
  /**
   * Keeps all of one login together or nothing of it: each acceptance replaces an older one of the same policy, the records
   * are appended to the audit chain, the texts are kept once. A record whose id is in the chain already is not appended
   * again. Durable when resolved.
   */
  accept(userKey: string, accepted: Accepted): Promise<void>;
  /** Forgets every acceptance of one user; resolves with how many there were. Records in the audit chain stay. */
  forget(userKey: string): Promise<number>;
  /** Forgets one user's acceptance of one policy, or of all when undefined, so that the user is asked again; resolves with how many. */
  forgetPolicies(userKey: string, policy: string | undefined): Promise<number>;
}

/** An operator's wish that users be asked again, as it is stored: see `policy/ask-again.ts`. */
export interface StoredAskAgain {
  /** Undefined: every policy. */
  readonly policy: string | undefined;
  /** Undefined: every VASP. */
  readonly vasp: string | undefined;
  /** A glob over user ids, as the operator wrote it. */
  readonly users: string;
  /** Wall-clock milliseconds: what was accepted before counts no longer. */
  readonly at: number;
}

export interface AskAgainStore {
  list(): Promise<readonly StoredAskAgain[]>;
  /** Keeps a wish in the place of an older one with the same policy, VASP and users. Durable when resolved. */
  add(wish: StoredAskAgain): Promise<void>;
}

/** Small named texts: what the gateway notes for itself. A name has at most 100 characters, a text a few MB. */
export interface NoteStore {
  get(name: string): Promise<string | undefined>;
  /** Replaces it. Durable when resolved. */
  put(name: string, text: string): Promise<void>;
}

/** One place for all durable state. `open` and `close` belong to `main.ts`. */
export interface Store {
  readonly sessions: SessionStore;
  readonly acceptances: AcceptanceStore;
  readonly audit: AuditStore;
  readonly texts: TextStore;
  readonly askAgain: AskAgainStore;
  readonly notes: NoteStore;
  readonly systemMessages: SystemMessageStore;
  readonly mailbox: MailboxStore;
  close(): Promise<void>;
}

/** What of a store belongs to some of the users, and is changed by whoever holds these. */
export interface ShareStores {
  readonly systemMessages: SystemMessageStore;
  readonly mailbox: MailboxStore;
}

/** A store that several machines use. */
export interface SharedStore extends Store {
  /**
   * What belongs to one share of the users (`shares.ts`): whatever goes through all goes through these alone, and every write
   * fails once another node holds the share. @param token of the node that holds it
   */
  ofShare(share: number, token: string): ShareStores;
}

/** A client's HTTP request after the edge gate, its body read. */
export interface ClientRequest {
  /** Path and query as sent. */
  readonly target: string;
  readonly host: string;
  /** The Content-Type header as sent; empty when missing. */
  readonly contentType: string;
  /** End-to-end headers to pass on, name and value in turn, without Host, Content-Length and hop-by-hop ones. */
  readonly headers: readonly string[];
  /** The address at the other end of the connection, a proxy's where one stands between; IPv4 in dots. Empty when it is gone. */
  readonly remoteAddress: string;
  readonly body: Buffer;
}

/** What the client gets. Content-Length is made by the server. */
export interface ClientReply {
  readonly statusCode: number;
  /** Name and value in turn; Content-Type included. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/** Why a VASP gave no answer. `unreachable`: no byte of the request went out. */
export type UpstreamFailure = 'unreachable' | 'timeout' | 'broken' | 'too-large';

/** Why a request was not even tried: `busy` is a line of waiting requests that is full. */
export type NotSent = 'busy' | 'breaker-open' | 'suspended';

export type UpstreamResult =
  | {
      readonly kind: 'answer';
      readonly statusCode: number;
      readonly contentType: string;
      readonly headers: readonly string[];
      readonly body: Buffer;
    }
  | { readonly kind: 'failed'; readonly failure: UpstreamFailure };

/** What the operator has said of a VASP: `draining` takes no new logins, to `suspended` nothing goes. */
export type VaspState = 'serving' | 'draining' | 'suspended';

/** Whether VASPs can be had now, answered from this process's memory. */
export interface VaspAvailability {
  stateOf(vasp: string): VaspState;
  /** Whether so much has failed that a request would be refused without being sent. */
  isDown(vasp: string): boolean;
}

/** The way to the VASPs. Never retries: a request is sent once or not at all. */
export interface Upstream {
  /** `target`, `headers` and `body` as the client sent them, or as a rule changed them. */
  send(
    vasp: string,
    request: {
      readonly target: string;
      readonly contentType: string;
      readonly headers: readonly string[];
      readonly body: Uint8Array;
    },
  ): Promise<UpstreamResult>;
}

/**
 * What a VASP has sent while its session's client was waiting for something else [P8.2], in order, until the client polls.
 * In memory: a VASP repeats what nobody acknowledged.
 */
export interface SetAside {
  /** Answered from this process's memory, so it may be a moment old when other processes put and take. */
  isWaiting(sessionKey: string): boolean;
  /** Messages of one transaction each, in the encoding of the session, behind what waits already. */
  put(sessionKey: string, messages: readonly Uint8Array[]): Promise<void>;
  /** The next message, taken away; undefined when nothing waits. */
  take(sessionKey: string): Promise<SetAsideMessage | undefined>;
  /** The session is over. */
  drop(sessionKey: string): Promise<void>;
}

export interface SetAsideMessage {
  readonly message: Uint8Array;
  /** Whether another waits behind it. */
  readonly isMore: boolean;
}

/** A live session: its place in the store and its record as last read. */
export interface LiveSession {
  readonly key: string;
  readonly record: SessionRecord;
}

/** Primitives that the gateway itself sends to the clients of sessions [X40, X42]: one such source for each use of it. */
export interface OwnMessages {
  /** Whether there is anything to ask; from this process's memory, so it may be a moment old. */
  concerns(session: LiveSession): boolean;
  /** Whether {@link take} would give something now; `first`: before all that anybody else has for the session [X44]. */
  waits(session: LiveSession): Promise<'nothing' | 'something' | 'first'>;
  /** The next primitive, handed over from now on under its own TransactionID; undefined when nothing waits. */
  take(session: LiveSession): Promise<OwnMessage | undefined>;
  /** The session is over. */
  ended(session: LiveSession): Promise<void>;
}

export interface OwnMessage {
  readonly transactionId: string;
  readonly primitive: Element;
}

/** Where in the gateway something was refused. */
export type RejectLayer =
  | 'edge'
  | 'body'
  | 'overload'
  | 'scan'
  | 'envelope'
  | 'session'
  | 'service-level'
  | 'pages'
  | 'admin';

/** What is counted, by the names of the operations contract. Labels never hold a user. */
export interface Metrics {
  login(vasp: string, outcome: string): void;
  negotiation(vasp: string, policy: string, outcome: string): void;
  negotiationDuration(seconds: number): void;
  request(vasp: string, primitive: string, encoding: Encoding | 'none', outcome: string, seconds: number): void;
  upstream(vasp: string, seconds: number): void;
  upstreamError(vasp: string, kind: UpstreamFailure | 'not-protocol' | NotSent): void;
  reject(layer: RejectLayer, reason: string): void;
  /** What a bounded memory gave up to make room: see the table of limits. */
  evicted(memory: string): void;
  /** A header with a subscriber's number that came from an address that is not trusted, and was removed. */
  untrustedHeader(header: string): void;
  /** Connections of clients that are open now. */
  connections(listener: string, count: number): void;
  sessions(vasp: string, count: number): void;
  policyReload(result: 'loaded' | 'unchanged' | 'failed'): void;
  /** A request for one of the gateway's web pages [X21, X46]. */
  page(page: 'consent' | 'word' | 'self-care', outcome: string): void;
  /** What became of messages for users who are away. */
  mailbox(result: MailboxResult, count?: number): void;
}

/** One line a login decision and a refused message. Fields are hashes, names and codes: never content [operations §5]. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, string | number | boolean | undefined>>): void;
  warn(event: string, fields?: Readonly<Record<string, string | number | boolean | undefined>>): void;
  error(event: string, fields?: Readonly<Record<string, string | number | boolean | undefined>>): void;
}
