/**
 * Messages for users who are not logged in as the chain, the mailbox and the stores know them [X60 to X63]: kept when the
 * VASP says that the recipient is away, announced by a bearer, handed over in the recipient's next session. One mailbox a
 * machine knows what is on its way to which session; with several processes it lives in the primary and the others ask it by
 * messages, so every argument and result is plain data. Part of the ports, in a file of its own because it is long.
 *
 * Whose a message is, and from whom, stands in the store as keyed hashes; names and contents are sealed.
 */
import type { Element } from './csp/element.ts';
import type { CspVersion } from './csp/versions.ts';

/** For what the parts of a message are sealed, and what a notification says. */
export const SEALED_AS = { envelope: 'envelope', content: 'content', notification: 'notification' } as const;

/** What a sender gets to know of, and the recipient gets. Sealed in the store, with `content` apart. */
export interface MessageEnvelope {
  /** The MessageID that the sender was told: the gateway's, or the VASP's where other recipients have it from there. */
  readonly sentId: string;
  /** As the sender wrote it, with this one recipient and a Sender that is the session's user; without MessageID and Validity. */
  readonly info: Element;
  /** The sender wanted a delivery report. */
  readonly wantsReport: boolean;
  /** Of a delivery report: what became of the message that `info` describes, and when. */
  readonly outcome?: { readonly code: number; readonly description: string; readonly at: number };
}

/** `report`: a delivery report on its way to the sender of a kept message. */
export type StoredKind = 'message' | 'report';

/** Why a message is not handed over any more, though nobody acknowledged it. */
export type DeadReason = 'unacknowledged' | 'unreadable' | 'refused';

/** One message to one recipient as it is kept. Times are wall-clock milliseconds. */
export interface StoredMessage {
  /** 22 characters of base64url: what the recipient's MessageID is made of. */
  readonly id: string;
  readonly kind: StoredKind;
  /** Keyed hash of the one who gets it. */
  readonly userKey: string;
  /** Keyed hash of the one who sent it; of a report, of the one to whom the message went. */
  readonly senderKey: string;
  readonly vasp: string;
  /** Id of the policy under which it is kept. */
  readonly policy: string;
  /** Given by the store, rising: the order in which a user's messages are handed over. */
  readonly sequence: number;
  readonly storedAt: number;
  readonly expiresAt: number;
  /** Of the content: what counts against the recipient's quota. */
  readonly bytes: number;
  /** `dead`: handed over in vain too often, kept for the operator. */
  readonly state: 'waiting' | 'dead';
  readonly reason: DeadReason | undefined;
  /** Of a dead one: when it died. */
  readonly diedAt?: number;
  /** How often it was handed over, and when last. */
  readonly tries: number;
  readonly handedAt: number | undefined;
  /** A {@link MessageEnvelope} as JSON, sealed. */
  readonly envelope: Uint8Array;
}

/** What is put into a mailbox, durably and all of it or nothing. */
export interface Deposit {
  readonly message: Omit<StoredMessage, 'sequence' | 'state' | 'reason' | 'diedAt' | 'tries' | 'handedAt'>;
  /** The ContentData element as JSON, sealed; undefined for a message without one, and for reports. */
  readonly content: Uint8Array | undefined;
  /** Messages with the same key are one while the store remembers it: a sender's second try is no second message. */
  readonly duplicate: { readonly key: string; readonly sentId: string; readonly until: number } | undefined;
  /** What a recipient's waiting messages, this one among them, may come to; undefined: no limit. */
  readonly quota: { readonly messages: number; readonly bytes: number } | undefined;
  /** The recipient is to be told by a bearer; undefined: not. */
  readonly notification: NotificationWish | undefined;
}

export type DepositOutcome =
  | { readonly kind: 'stored' }
  /** It is there already, or was: under this id, told to the sender as `sentId`. */
  | { readonly kind: 'known'; readonly id: string; readonly sentId: string }
  /** There is no room: for this recipient, or in the mailbox as a whole. */
  | { readonly kind: 'full'; readonly of: 'recipient' | 'mailbox' };

export interface MailboxTotals {
  /** Messages that wait, over all users; reports and dead ones apart. */
  readonly waiting: number;
  /** Bytes of content of those. */
  readonly waitingBytes: number;
  readonly reports: number;
  readonly dead: number;
}

/** That a recipient is to be told. One for each user and policy, however many messages wait. */
export interface NotificationWish {
  readonly userKey: string;
  readonly policy: string;
  readonly vasp: string;
  /** A bearer's name in the configuration. */
  readonly bearer: string;
  readonly at: number;
  /** At most one in this time, from one that went out to the next. */
  readonly windowMillis: number;
  /** A {@link NotificationContent} as JSON, sealed. */
  readonly content: Uint8Array;
}

/** Whom to tell, and of whom. Sealed in the store. */
export interface NotificationContent {
  /** The recipient's user id, as the sender wrote it. */
  readonly to: string;
  /** The user id of the last one who sent something. */
  readonly sender: string;
}

/**
 * A notification on its way. `waiting`: goes out at `dueAt`. `sending`: went out, and what came of it is not known yet.
 * `sent`: nothing is to be done, and until `dueAt` nothing goes out. `failed`: given up, for the operator.
 */
export interface StoredNotification extends NotificationWish {
  readonly state: 'waiting' | 'sending' | 'sent' | 'failed';
  readonly dueAt: number;
  readonly tries: number;
  readonly sentAt: number | undefined;
  /** Why the last try failed: a stable code such as `timeout`, `refused-403`, `no-number`, or the system's `ECONNREFUSED`. */
  readonly failure: string | undefined;
}

/** Mailboxes, durable when a promise resolves; every write is idempotent by its id. */
export interface MailboxStore {
  /** @param most messages in all mailboxes together */
  put(deposit: Deposit, most: number): Promise<DepositOutcome>;
  get(id: string): Promise<StoredMessage | undefined>;
  /** What {@link Deposit.content} held. */
  content(id: string): Promise<Uint8Array | undefined>;
  /** What waits for one user, reports too, in order, at most so many. Reads nothing of other users. */
  waiting(userKey: string, limit: number): Promise<readonly StoredMessage[]>;
  /** What was given up of one user's, in order. Reads nothing of other users. */
  dead(userKey: string): Promise<readonly StoredMessage[]>;
  /** How many messages (not reports) wait for one user, and their bytes: one read. */
  counts(userKey: string): Promise<{ readonly messages: number; readonly bytes: number }>;
  /** It was handed over once more. Does nothing where it is gone. */
  handed(id: string, at: number): Promise<void>;
  /** These are done with, and what their senders are to be told is put in the same step. Resolves with those that were there. */
  end(ids: readonly string[], reports: readonly Deposit[]): Promise<readonly string[]>;
  /** It is not handed over any more, and counts no longer. */
  bury(id: string, reason: DeadReason, at: number): Promise<void>;
  /** A dead one waits again, behind all others, until `expiresAt`; false when there is no such dead message. */
  replay(id: string, expiresAt: number): Promise<boolean>;
  /** Waiting ones whose time is over, the oldest first. */
  expired(now: number, limit: number): Promise<readonly StoredMessage[]>;
  /** The next messages in the order of their ids, behind `after`, dead ones too, but none that cannot be read. */
  slice(after: string | undefined, limit: number): Promise<readonly StoredMessage[]>;
  /** How many records this process left out because they cannot be read. */
  unreadable(): Promise<number>;
  totals(): Promise<MailboxTotals>;
  /** Other seals around the same; nothing where it is gone. */
  reseal(id: string, envelope: Uint8Array, content: Uint8Array | undefined): Promise<void>;
  /** What was kept under a duplicate's key, whatever has become of it since; undefined when nothing is remembered. */
  known(duplicateKey: string, now: number): Promise<{ readonly id: string; readonly sentId: string } | undefined>;
  /** Until when something is remembered of second tries; 0 when nothing is. */
  rememberedUntil(): Promise<number>;
  /** Forgets duplicates whose time is over. */
  sweep(now: number): Promise<void>;
  /** Everything of one user: messages to it, its notifications and wishes. Resolves with how many messages there were. */
  forget(userKey: string): Promise<number>;
  readonly notifications: NotificationStore;
  readonly wishes: WishStore;
}

export interface NotificationStore {
  get(userKey: string, policy: string): Promise<StoredNotification | undefined>;
  /** Replaces what stood under the same user and policy. */
  put(notification: StoredNotification): Promise<void>;
  /** Those `waiting` or `sending` whose time has come, the oldest first. */
  due(now: number, limit: number): Promise<readonly StoredNotification[]>;
  remove(userKey: string, policy: string): Promise<void>;
  /** Another seal around the same content; nothing where the content is another by now, or all is gone. */
  reseal(userKey: string, policy: string, before: Uint8Array, content: Uint8Array): Promise<void>;
  /** All, failed ones too, in the order of their keys, behind `after`. */
  slice(
    after: readonly [userKey: string, policy: string] | undefined,
    limit: number,
  ): Promise<readonly StoredNotification[]>;
}

/** What a user's last 1.3 client agreed on for the time when it is away [P4.3]. */
export interface OffLineWishes {
  /** SupportedOfflineBearer, as on the wire; undefined: nothing was said. */
  readonly bearers: readonly string[] | undefined;
  /** OfflineETEMHandling, as on the wire. */
  readonly etemHandling: string | undefined;
  /** OFFNOTIF was asked for and granted; undefined: nothing was said. */
  readonly notifications: boolean | undefined;
}

export interface WishStore {
  of(userKey: string): Promise<OffLineWishes | undefined>;
  set(userKey: string, wishes: OffLineWishes): Promise<void>;
}

/** A live session as the mailbox sees it: plain data. */
export interface Visitor {
  readonly sessionKey: string;
  readonly userKey: string;
  readonly vasp: string;
  readonly version: CspVersion;
  /** Wall-clock milliseconds: what was handed over before, is handed over anew. */
  readonly openedAt: number;
  /** What its level lets it get: NewMessage, MessageNotification with GetMessage, delivery reports. */
  readonly gets: { readonly messages: boolean; readonly notifications: boolean; readonly reports: boolean };
  /** How it wants messages: pushed (P) or announced (N); and from what size on announced all the same, in bytes. */
  readonly delivery: DeliveryMethod;
}

export interface DeliveryMethod {
  readonly method: 'P' | 'N';
  readonly pushedBytes: number | undefined;
}

/** How it stands with the mailbox of a visitor's user. */
export interface MailStanding {
  /** Nothing at all waits: there is no reason to ask again until something is put in. */
  readonly isEmpty: boolean;
  /** Something would be handed over now. */
  readonly isWaiting: boolean;
  /** Before anything is, or is shown to a client that asks for it, the recipient's block list is wanted [X62]. */
  readonly wantsBlockList: boolean;
}

/** Who may not write to a user, as the VASP says in the user's session [P4.4]. */
export interface AccessLists {
  /** User ids; undefined: the list is not in use. */
  readonly blocked: readonly string[] | undefined;
  /** Those who alone may write; undefined: the list is not in use. */
  readonly granted: readonly string[] | undefined;
}

/** One SendMessage-Request of which the VASP said that recipients are away [X60]. */
export interface DepositOrder {
  readonly vasp: string;
  /** Keyed hash of the session that sends; with the TransactionID and the content it tells a second try from a second message. */
  readonly sessionKey: string;
  readonly senderKey: string;
  /** The user id of the sender. */
  readonly sender: string;
  readonly transactionId: string;
  /** The sender's MessageInfo with its Sender, without Recipient. */
  readonly info: Element;
  readonly content: Element | undefined;
  readonly wantsReport: boolean;
  /** Seconds, as the sender wrote it. */
  readonly validitySeconds: number | undefined;
  /** The VASP's MessageID, where it gave one because other recipients have the message. */
  readonly vaspMessageId: string | undefined;
  readonly recipients: readonly DepositRecipient[];
}

export interface DepositRecipient {
  /** As the sender wrote it. */
  readonly userId: string;
  readonly userKey: string;
  readonly keep: KeepRules;
}

/** What a policy says of keeping a message, as plain data [policy-files §4]. */
export interface KeepRules {
  readonly policy: string;
  readonly messages: number;
  readonly bytes: number;
  readonly keepMillis: number;
  readonly notify: { readonly bearer: string; readonly windowMillis: number } | undefined;
}

/** What became of a deposit for each recipient, in the order of the order. */
export interface DepositResult {
  /** The MessageID for the sender: the VASP's, or the gateway's. */
  readonly sentId: string;
  readonly recipients: readonly ('stored' | 'full' | 'refused')[];
}

/** A kept message as its recipient may see it. */
export interface KeptMessage {
  readonly id: string;
  /** MessageInfo in the words of the visitor's version, with the gateway's MessageID and what is left of Validity. */
  readonly info: Element;
  readonly content: Element | undefined;
}

export interface OutgoingMail {
  readonly transactionId: string;
  readonly primitive: Element;
}

/** The mailbox, as the chain asks it. */
export interface Mailbox {
  /** From this process's memory: something may wait for the user. True also where that is not known yet. */
  concerns(userKey: string): boolean;
  /** Whether anything is kept, or may be: policies for off-line users are in force, or messages of earlier ones wait. */
  isOpen(): boolean;
  /** Keeps a message durably for each of these recipients, or says why not. Rejects when the store cannot be had. */
  deposit(order: DepositOrder): Promise<DepositResult>;
  /**
   * From this process's memory: a message sent under this TransactionID in this session was kept a short time ago. True also
   * where that is not known.
   */
  mayRepeat(sessionKey: string, transactionId: string): boolean;
  /** The MessageID that the sender was told when this very message was kept for all its recipients; undefined: it was not. */
  repeated(order: DepositOrder): Promise<string | undefined>;
  /** How many messages wait for a user. */
  count(userKey: string): Promise<number>;
  /** A session was opened; `isReady`: its services are agreed on already, so there is nothing to wait for [X62]. */
  arrived(visitor: Visitor, isReady: boolean): Promise<void>;
  /** The session has agreed on its services. */
  ready(sessionKey: string, userKey: string): Promise<void>;
  /** `polls`: the client asks for what waits; one that polls twice, or half a minute passes, without agreeing on services needs none. */
  standing(visitor: Visitor, polls: boolean): Promise<MailStanding>;
  /** What the VASP says of the recipient's lists: messages of those who may not write are dropped [X62]. `unknown`: ask again later. */
  accessLists(visitor: Visitor, lists: AccessLists | 'unknown'): Promise<void>;
  /** The user has changed the lists. */
  listsChanged(userKey: string): Promise<void>;
  /** The next primitive for the client; undefined when nothing is to be handed over now. */
  take(visitor: Visitor): Promise<OutgoingMail | undefined>;
  /** A client's answer to a primitive of ours; 200 to 299 takes what it can take. */
  answered(visitor: Visitor, transactionId: string, code: number): Promise<void>;
  /** MessageDelivered: the message leaves the box. False when there is no such message of this user's. */
  delivered(visitor: Visitor, messageId: string): Promise<boolean>;
  /** What GetMessageList shows of it: all that the user may see, in order. */
  list(visitor: Visitor): Promise<readonly Element[]>;
  /** What GetMessage gives; the message stays until it is acknowledged. `later`: whether the sender may write is not known yet. */
  fetch(visitor: Visitor, messageId: string): Promise<KeptMessage | 'later' | undefined>;
  /** The user does not want it, or has sent it on: it leaves the box, and the sender may hear of it. */
  settle(visitor: Visitor, messageId: string, how: 'rejected' | 'forwarded'): Promise<boolean>;
  /** What a user's 1.3 client wishes for the time when it is away. */
  wishes(userKey: string, wishes: OffLineWishes): Promise<void>;
  /** The session is over. */
  ended(sessionKey: string, userKey: string): Promise<void>;
}

/** How a message left a mailbox or did not get into it: `sapgw_mailbox_total{result}`. */
export type MailboxResult =
  | 'stored'
  | 'duplicate'
  | 'full'
  | 'failed'
  | 'handed-over'
  | 'delivered'
  | 'rejected'
  | 'forwarded'
  | 'blocked'
  | 'expired'
  | 'dead'
  | 'replayed'
  | 'purged'
  | 'forgotten'
  | 'reported';

/**
 * What a bearer made of one notification. `refused`: it is of no use to try again. `mayHaveSent`: the user may have got it all
 * the same, and would get it twice by another try soon.
 */
export type BearerOutcome =
  | { readonly kind: 'sent' }
  | { readonly kind: 'refused'; readonly failure: string }
  | { readonly kind: 'try-again'; readonly failure: string; readonly mayHaveSent?: true };

/** One notification as a bearer sends it. */
export interface BearerMessage {
  /** The same at every try of the same notification. */
  readonly id: string;
  /** User id of the recipient, as the sender wrote it. */
  readonly user: string;
  /** The recipient's number in digits with a plus; undefined where none is known. */
  readonly number: string | undefined;
  readonly text: string;
  readonly vasp: string;
  readonly policy: string;
  readonly count: number;
}

/** A way to reach people outside of sessions. */
export interface Bearer {
  /** Never rejects, and answers within seconds. */
  send(message: BearerMessage): Promise<BearerOutcome>;
  close(): Promise<void>;
}
