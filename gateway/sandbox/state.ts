/**
 * Everything that the sandbox knows: its users, their sessions, lists, presence and messages, in plain maps. One object of
 * this kind is one server; nothing survives it. What happens to the data is written in the files of the handlers.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { Element } from '../csp/element.ts';
import type { CspVersion } from '../csp/versions.ts';
import { canonicalUserId } from './address.ts';
import type { CirPlace } from './cir.ts';

/** Wall-clock time in milliseconds. */
export interface SandboxClock {
  wall(): number;
}

export interface ContactList {
  /** As its owner wrote it. */
  readonly id: string;
  displayName: string;
  /** Nick name by user id; empty when there is none. */
  readonly members: Map<string, string>;
}

/** A block list or a grant list. */
export interface AccessList {
  inUse: boolean;
  /** UserID, GroupID and ScreenName elements. */
  entities: readonly Element[];
}

export interface StoredMessage {
  readonly id: string;
  readonly sender: SandboxUser;
  readonly senderSessionId: string;
  readonly senderClientId: Element | undefined;
  readonly recipient: SandboxUser;
  readonly contentType: string;
  readonly contentEncoding: string | undefined;
  readonly contentBytes: number;
  readonly content: Element | undefined;
  readonly reportWanted: boolean;
  readonly sentAt: number;
  readonly expiresAt: number | undefined;
}

/** A session's wish to hear of another user's presence; no attributes named means all. */
export interface Subscription {
  readonly session: SandboxSession;
  readonly attributes: ReadonlySet<string> | undefined;
}

export interface SandboxUser {
  readonly id: string;
  readonly password: string;
  readonly contactLists: Map<string, ContactList>;
  defaultList: string | undefined;
  /** What the user published, by attribute name. */
  readonly presence: Map<string, Element>;
  /** The attributes that others may see: by user id, by contact list, for everybody else; no list at all means all. */
  readonly attributeLists: {
    readonly users: Map<string, readonly Element[]>;
    readonly contactLists: Map<string, readonly Element[]>;
    everybody: readonly Element[] | undefined;
  };
  readonly block: AccessList;
  readonly grant: AccessList;
  /** Not yet delivered, by MessageID, oldest first. */
  readonly messages: Map<string, StoredMessage>;
  /** Who watches this user, by session. */
  readonly watchers: Map<string, Subscription>;
  readonly sessions: Set<SandboxSession>;
}

/** A primitive of the server that waits to be polled; what it says is put together when it is. */
export type Waiting =
  | { readonly kind: 'message'; readonly messageId: string }
  | { readonly kind: 'presence'; readonly of: SandboxUser; readonly attributes: ReadonlySet<string> | undefined }
  | { readonly kind: 'primitive'; readonly build: (version: CspVersion) => Element };

export interface Outstanding {
  readonly waiting: Waiting;
  readonly sentAt: number;
}

/** How a client is called. */
export interface CirChannel {
  wake(): void;
  close(): void;
}

export interface SandboxSession {
  readonly id: string;
  readonly user: SandboxUser;
  /** As the client gave it; undefined when a 1.3 client gave none. */
  readonly clientId: Element | undefined;
  readonly version: CspVersion;
  /** The SessionCookie of the login, which a call repeats [P9]. */
  readonly cookie: string;
  /** Names the session in its SHTTP address. */
  readonly cirSecret: string;
  /** The client's STCP connection. */
  channel: CirChannel | undefined;
  keepAliveSeconds: number;
  lastHeardAt: number;
  deliveryMethod: 'P' | 'N';
  /** The largest content that is pushed; larger ones are notified of. */
  pushLimitBytes: number;
  waiting: Waiting[];
  /** Sent and not acknowledged, by TransactionID. */
  readonly outstanding: Map<string, Outstanding>;
  /** Findings of running searches, by SearchID. */
  readonly searches: Map<string, readonly string[]>;
  /** Contact lists whose new members are subscribed to by themselves, with the attributes wanted. */
  readonly autoSubscribed: Map<string, ReadonlySet<string> | undefined>;
}

/** A nonce that was handed out and not yet used. */
export interface Challenge {
  readonly nonce: string;
  readonly schema: string;
  readonly expiresAt: number;
}

export interface SandboxSettings {
  readonly domain: string;
  readonly keepAliveMaxSeconds: number;
  readonly redeliverAfterMillis: number;
  /** The Result code of a challenge: servers say 401 or 200 [P7.2]. */
  readonly challengeCode: 200 | 401;
  readonly serverPollMinSeconds: number;
}

export class SandboxState {
  readonly settings: SandboxSettings;
  readonly users = new Map<string, SandboxUser>();
  readonly sessions = new Map<string, SandboxSession>();
  /** When sessions that expired did so, for as long as that is remembered. */
  readonly expired = new Map<string, number>();
  readonly challenges = new Map<string, Challenge>();
  nextSweepAt = 0;
  /** Where clients are called from; undefined while that is not served. */
  cir: CirPlace | undefined;
  readonly #clock: SandboxClock;
  #transactions = 0;
  #numbers = randomInt(1, 0x1000_0000);

  constructor(settings: SandboxSettings, clock: SandboxClock) {
    this.settings = settings;
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.wall();
  }

  addUser(id: string, password: string): void {
    const canonical = canonicalUserId(id, this.settings.domain);
    if (canonical === undefined) throw new RangeError(`${id} is no user id; one looks like alice or wv:alice@sandbox`);
    this.users.set(canonical, {
      id: canonical,
      password,
      contactLists: new Map(),
      defaultList: undefined,
      presence: new Map(),
      attributeLists: { users: new Map(), contactLists: new Map(), everybody: undefined },
      block: { inUse: false, entities: [] },
      grant: { inUse: false, entities: [] },
      messages: new Map(),
      watchers: new Map(),
      sessions: new Set(),
    });
  }

  userOf(address: string | undefined): SandboxUser | undefined {
    if (address === undefined) return undefined;
    const id = canonicalUserId(address, this.settings.domain);
    return id === undefined ? undefined : this.users.get(id);
  }

  /** A TransactionID of the server; its own space, never used twice. */
  nextTransactionId(): string {
    this.#transactions += 1;
    return `s${this.#transactions}`;
  }

  nextMessageId(): string {
    this.#numbers += 1;
    return `0x${this.#numbers.toString(16).padStart(8, '0')}`;
  }

  /** Decimal text: newer token tables send SearchIDs as integers. */
  nextSearchId(): string {
    this.#numbers += 1;
    return String(this.#numbers);
  }

  /** 192 random bits in 32 characters; some clients refuse more than 50 [P1.2]. */
  newSecret(): string {
    return randomBytes(24).toString('base64url');
  }
}

/** Lets something wait to be polled, and calls the client. */
export function enqueue(session: SandboxSession, waiting: Waiting): void {
  session.waiting.push(waiting);
  session.channel?.wake();
}
