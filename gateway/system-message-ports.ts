/**
 * On-line System Messages as the chain, the desk and the stores know them [X40 to X46]: what is said to the users of live
 * sessions, what they answer, and what is kept of both. One desk a machine holds the queues; with several processes it
 * lives in the primary and the others ask it by messages, so every argument and result is plain data. Part of the ports, in
 * a file of its own because it is long.
 */
import type { Element } from './csp/element.ts';
import type { SystemMessage, SystemMessageAnswer } from './csp/system-message.ts';
import type { CspVersion, Encoding } from './csp/versions.ts';

/** A live session as those see it who have something to say to its user. Names stand in it: for memory alone. */
export interface Addressee {
  readonly sessionKey: string;
  readonly userKey: string;
  /** Wall-clock milliseconds. */
  readonly openedAt: number;
  /** What policies may look at. `userId` and `clientId` are empty for a session whose names are not known. */
  readonly facts: PersonFacts;
  /** What its users are spoken to in when the client told no language. */
  readonly languageOfVasp: string | undefined;
  /** Others are asked in a conversation with the service contact [X41]. */
  readonly knowsSystemMessages: boolean;
}

export interface PersonFacts {
  readonly userId: string;
  readonly vasp: string;
  readonly clientId: string;
  readonly version: CspVersion;
  readonly encoding: Encoding;
  readonly language: string | undefined;
}

/** Something that policies may have a message for. */
export type Happening =
  | { readonly kind: 'login'; readonly addressee: Addressee }
  /** Users, as the client wrote them, who stand in a contact list of the addressee's from now on. */
  | { readonly kind: 'added-to-contact-list'; readonly addressee: Addressee; readonly users: readonly string[] }
  /** Names of presence attributes, as on the wire, that others may see from now on. */
  | { readonly kind: 'presence-exposed'; readonly addressee: Addressee; readonly attributes: readonly string[] }
  /** `otherUser`: whom it concerns, where it concerns one. */
  | {
      readonly kind: 'presence-authorization-changed';
      readonly addressee: Addressee;
      readonly otherUser: string | undefined;
    }
  /** A transaction of the session was answered with this status. */
  | { readonly kind: 'error'; readonly addressee: Addressee; readonly status: number };

/** How it stands between the desk and a session. */
export interface Standing {
  /** The desk has nothing to do with the user's messages: there is no reason to ask again until it is told that it has. */
  readonly isEmpty: boolean;
  /** Something would go out if the client polled now. */
  readonly isWaiting: boolean;
  /** What has to be answered before anything else is served [X44]; in the user's language. */
  readonly blocking: SystemMessage | undefined;
  /** What silence has led to, to be done in this session before anything else. */
  readonly timedOut: readonly SessionEffect[];
}

/** What has to be done in the user's own session; whatever else an answer does, the desk does itself. */
export type SessionEffect =
  /** Into the user's default contact list [X45]. */
  | { readonly kind: 'add-contact'; readonly user: string }
  | { readonly kind: 'authorize-presence'; readonly user: string }
  | { readonly kind: 'deny-presence'; readonly user: string }
  /** The level of the session from now on: the bits of a service set. `isAtMost`: what it had already is not exceeded. */
  | {
      readonly kind: 'grant';
      readonly level: string;
      readonly low: number;
      readonly high: number;
      readonly isAtMost: boolean;
    }
  | { readonly kind: 'logout' };

/** What a client's word to the gateway is worth. */
export interface Judged {
  /** 200, or 402 with a reason [X40]. */
  readonly status: number;
  readonly description: string | undefined;
  /** To be done now, in order. */
  readonly effects: readonly SessionEffect[];
  /** What {@link SystemMessages.done} is to be told under, once the effects were tried; undefined when there are none. */
  readonly claim: string | undefined;
}

/** An effect that the VASP, or the session's level, did not allow. */
export interface FailedEffect {
  readonly effect: SessionEffect;
  /** The status that it was answered with. */
  readonly status: number;
}

/** The desk, as the chain of one process asks it. Rejects when the store, or the process that holds it, fails. */
export interface SystemMessages {
  /**
   * From this process's memory, so it may be a moment old: false when the desk has nothing to do with the user's messages.
   * True also where that is not known yet.
   */
  concerns(userKey: string): boolean;
  /** What is to be looked for: from this process's memory. */
  interests(): Interests;
  standing(addressee: Addressee): Promise<Standing>;
  /** The next primitive to the session, handed over from now on under its own TransactionID; undefined when there is none. */
  take(addressee: Addressee): Promise<OutgoingMessage | undefined>;
  /** The client answered under a TransactionID of the desk's: Status, MessageDelivered, SystemMessage-User. */
  answered(addressee: Addressee, transactionId: string, answer: Element): Promise<Judged | undefined>;
  /** MessageDelivered for a MessageID of the desk's, under whatever TransactionID. */
  delivered(addressee: Addressee, messageId: string): Promise<void>;
  /** A SystemMessage-User. */
  chosen(addressee: Addressee, answers: readonly SystemMessageAnswer[]): Promise<Judged>;
  /** A text to the service contact [X46]. What the user is told comes as messages. */
  wrote(addressee: Addressee, text: string): Promise<Judged>;
  /** The effects of an answer were tried; durable when resolved. */
  done(addressee: Addressee, claim: string, failed: readonly FailedEffect[]): Promise<void>;
  happened(happening: Happening): Promise<void>;
  /** The session is over. */
  ended(sessionKey: string, userKey: string): Promise<void>;
}

/** What the policies in force wait for; all false when there are no on-line policies. */
export interface Interests {
  /** There are on-line policies, or messages of earlier ones. */
  readonly any: boolean;
  readonly logins: boolean;
  readonly contactLists: boolean;
  readonly presence: boolean;
  readonly authorizations: boolean;
  readonly errors: boolean;
}

export interface OutgoingMessage {
  readonly transactionId: string;
  readonly primitive: Element;
}

/** How far a message has come. The last five are ends. */
export type MessageState = 'open' | 'inbox' | 'delivered' | 'answered' | 'expired' | 'withdrawn' | 'read';

/**
 * One message to one user as it is kept [the three levels of proof: sent, delivered, answered]. No name: keyed hashes, and
 * what has to name somebody sealed. Times are wall-clock milliseconds.
 */
export interface MessageRecord {
  /** 22 characters of base64url. */
  readonly id: string;
  readonly userKey: string;
  readonly vasp: string;
  readonly policy: string;
  readonly version: number;
  /** Hash of the policy's definition, under which it is kept for as long as messages of it are. */
  readonly definition: string;
  /** Rises with every message that is made: the order in which a user's messages go out. */
  readonly sequence: number;
  /** Keyed hash of the other user that it is about. */
  readonly aboutKey: string | undefined;
  /** That user's id, sealed. */
  readonly about: Uint8Array | undefined;
  /** The sending of an operator that it belongs to. */
  readonly broadcast: string | undefined;
  readonly state: MessageState;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** The first time. */
  readonly sentAt: number | undefined;
  /** How often it went out, in all sessions. */
  readonly tries: number;
  readonly deliveredAt: number | undefined;
  readonly answeredAt: number | undefined;
  /** Id of the option chosen. */
  readonly option: string | undefined;
  /** How the answer came. */
  readonly way: 'system-message' | 'conversation' | 'page' | undefined;
  /** When it came to its end. */
  readonly endedAt: number | undefined;
}

/** A user's own settings, and what need not be said again. */
export interface UserSettings {
  /** Whether help messages are wanted. */
  readonly help: 'on' | 'off';
  /** Versions of `first-login` messages that have done their work, by policy id. */
  readonly seen: ReadonlyMap<string, number>;
}

/** Messages and settings, durable when a promise resolves; every write replaces what stood under the same id. */
export interface SystemMessageStore {
  put(records: readonly MessageRecord[]): Promise<void>;
  get(id: string): Promise<MessageRecord | undefined>;
  /** All of one user, ended ones too, in their order. */
  of(userKey: string): Promise<readonly MessageRecord[]>;
  /** The next records in the order of their ids, behind `after`, without those that cannot be read; fewer than `limit` at the end. */
  slice(after: string | undefined, limit: number): Promise<readonly MessageRecord[]>;
  /** How many records this process left out of slices because they cannot be read. */
  unreadable(): Promise<number>;
  /** Removes these. */
  remove(ids: readonly string[]): Promise<void>;
  settings(userKey: string): Promise<UserSettings>;
  set(userKey: string, settings: UserSettings): Promise<void>;
  /** Everything of one user; resolves with how many messages there were. */
  forget(userKey: string): Promise<number>;
}

export const DEFAULT_SETTINGS: UserSettings = { help: 'on', seen: new Map() };
