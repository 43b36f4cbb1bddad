/**
 * What the gateway needs of the world, as small interfaces. The chain and the features know these alone; stores, the
 * upstream client, metrics and logs implement them and are put in by `main.ts`.
 */
import type { ServiceSet } from './csp/service-tree.ts';
import type { CspVersion, Encoding } from './csp/versions.ts';

/** Time as milliseconds. `wall` is for records and tokens, `monotonic` for measuring and time-outs. */
export interface Clock {
  wall(): number;
  monotonic(): number;
}

/** Keyed hashes and signatures. The keys stay inside. */
export interface Secrets {
  /** A keyed hash, base64url, 22 characters (128 bits): how users, clients and sessions are known outside a live session. */
  keyedHash(purpose: string, ...parts: readonly string[]): string;
  /** HMAC-SHA-256 of `data` by the signing key, 32 bytes. */
  sign(data: Uint8Array): Uint8Array;
  /** Whether `signature`, a prefix of an HMAC, was made by any live key; compares in constant time. */
  verify(data: Uint8Array, signature: Uint8Array): boolean;
  randomBytes(count: number): Uint8Array;
}

/** A session that a VASP opened and the gateway knows. Holds no credential and no name: hashes only. */
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
}

/** Sessions, by their keyed hash. A resolved promise means that the change is durable. */
export interface SessionStore {
  get(sessionKey: string): Promise<SessionRecord | undefined>;
  put(sessionKey: string, record: SessionRecord): Promise<void>;
  delete(sessionKey: string): Promise<void>;
  /** Drops every session that has expired; answers how many are left for each VASP. */
  sweep(now: number): Promise<ReadonlyMap<string, number>>;
}

/** What a user accepted, so that the same question is not asked again [X19]. */
export interface Acceptance {
  readonly policy: string;
  readonly version: number;
  /** The option chosen; undefined for a message without options. */
  readonly option: string | undefined;
  readonly acceptedAt: number;
}

/** One decision of one user about one policy, as it is proven later [policy-files §2]. No name: keyed hashes only. */
export interface AuditRecord {
  /** Keyed hash of the question's token: the same decision is recorded once, however often it is written. */
  readonly id: string;
  /** Keyed hash of the user id, as in sessions and acceptances. */
  readonly user: string;
  readonly vasp: string;
  readonly policy: string;
  readonly version: number;
  /** `shown`: the message needed no answer and got none. */
  readonly outcome: 'accepted' | 'shown';
  /** The option chosen; undefined for a message without options. */
  readonly option: string | undefined;
  /** SHA-256, hexadecimal, of the text that was shown: see {@link ShownText}. */
  readonly text: string;
  /** The text's language, a tag as the policy writes it. */
  readonly language: string;
  /** Wall-clock milliseconds. */
  readonly presentedAt: number;
  readonly decidedAt: number;
  /** How often the question was put until then, from 1. */
  readonly tries: number;
  readonly way: WayOfAsking;
  /** The level that the option grants; undefined when it grants none in particular. */
  readonly level: string | undefined;
  /** Names of the levels that the login got; what they have in common was granted. */
  readonly granted: readonly string[];
  readonly csp: CspVersion;
  readonly charge: AuditCharge | undefined;
}

/** How the question reached the user, and the answer the gateway. */
export type WayOfAsking =
  /** In the Login-Response, answered with the next Login-Request [X12, X13]. */
  | 'system-message'
  /** In the Login-Response, answered by an Outband SystemMessage-User [X13]. */
  | 'system-message-user'
  /** On the gateway's web page [X21]. */
  | 'page'
  /** In a conversation with the service contact [X21]. */
  | 'conversation';

export interface AuditCharge {
  readonly amount: string;
  readonly currency: string;
  readonly per: string;
  readonly estimate: boolean;
}

/**
 * What users saw of one question: the message, its options under their numbers, the proof that was asked for. The user's
 * own id stands in it as `{user}`, so that the text names nobody and is the same for all.
 */
export interface ShownText {
  /** SHA-256 of the text's UTF-8, hexadecimal. */
  readonly hash: string;
  readonly text: string;
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
  /** Adds acceptances, each replacing an older one of the same policy. Durable when resolved. */
  add(userKey: string, accepted: readonly Acceptance[]): Promise<void>;
  /** Forgets everything about one user. */
  forget(userKey: string): Promise<void>;
}

/** One place for all durable state. `open` and `close` belong to `main.ts`. */
export interface Store {
  readonly sessions: SessionStore;
  readonly acceptances: AcceptanceStore;
  close(): Promise<void>;
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

export type UpstreamResult =
  | {
      readonly kind: 'answer';
      readonly statusCode: number;
      readonly contentType: string;
      readonly headers: readonly string[];
      readonly body: Buffer;
    }
  | { readonly kind: 'failed'; readonly failure: UpstreamFailure };

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

/** What is counted, by the names of the operations contract. Labels never hold a user. */
export interface Metrics {
  login(vasp: string, outcome: string): void;
  negotiation(vasp: string, policy: string, outcome: string): void;
  negotiationDuration(seconds: number): void;
  request(vasp: string, primitive: string, encoding: Encoding | 'none', outcome: string, seconds: number): void;
  upstream(vasp: string, seconds: number): void;
  upstreamError(vasp: string, kind: UpstreamFailure | 'not-protocol'): void;
  reject(layer: 'edge' | 'body' | 'scan' | 'envelope' | 'session' | 'service-level', reason: string): void;
  sessions(vasp: string, count: number): void;
  policyReload(result: 'loaded' | 'unchanged' | 'failed'): void;
}

/** One line a login decision and a refused message. Fields are hashes, names and codes: never content [operations §5]. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, string | number | boolean | undefined>>): void;
  warn(event: string, fields?: Readonly<Record<string, string | number | boolean | undefined>>): void;
  error(event: string, fields?: Readonly<Record<string, string | number | boolean | undefined>>): void;
}
