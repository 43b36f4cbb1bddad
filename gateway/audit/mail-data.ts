/**
 * What is told of messages for users who are away and of the notifications of them, ready for JSON: when, how big, how far;
 * never what stands in them, and whose they are and from whom as keyed hashes alone. For operators, and for the users
 * themselves.
 */
import type { MailboxStore, OffLineWishes, StoredMessage, StoredNotification } from '../mailbox-ports.ts';
import { slicesOf } from '../slices.ts';

/** Times are ISO 8601 in UTC. */
export interface MailFields {
  readonly id: string;
  readonly kind: StoredMessage['kind'];
  readonly vasp: string;
  readonly policy: string;
  /** Keyed hash of the one who gets it. */
  readonly user: string;
  /** Keyed hash of the one who sent it. */
  readonly sender: string;
  readonly state: StoredMessage['state'];
  /** Why it is not handed over any more; null while it waits. */
  readonly reason: StoredMessage['reason'] | null;
  readonly diedAt: string | null;
  readonly storedAt: string;
  readonly expiresAt: string;
  readonly bytes: number;
  readonly tries: number;
  /** When it was handed over last. */
  readonly handedAt: string | null;
}

export interface NotificationFields {
  readonly user: string;
  readonly vasp: string;
  readonly policy: string;
  readonly bearer: string;
  readonly state: StoredNotification['state'];
  /** Since when there is something to tell. */
  readonly wantedAt: string;
  /** When it goes out, or may go out next. */
  readonly dueAt: string;
  readonly sentAt: string | null;
  readonly tries: number;
  readonly failure: string | null;
}

/** What is kept for one user who may be away. */
export interface MailData {
  /** In the order in which they are handed over, then those given up. Who sent them is another user's matter. */
  readonly messages: readonly Omit<MailFields, 'sender'>[];
  readonly notifications: readonly NotificationFields[];
  /** What the user's last client wished; null: nothing was said. */
  readonly wishes: OffLineWishes | null;
}

/** Records looked at without letting others work: about a millisecond. */
const SLICE = 200;
/** More than any quota lets in. */
const MOST_OF_ONE_USER = 1_000_000;

export async function mailData(store: MailboxStore, user: string): Promise<MailData> {
  const notifications: NotificationFields[] = [];
  for await (const slice of notificationSlices(store)) {
    notifications.push(...slice.filter(({ userKey }) => userKey === user).map(notificationFields));
  }
  return {
    messages: (await mailOf(store, user)).map((message) => {
      const { sender: _, ...fields } = mailFields(message);
      return fields;
    }),
    notifications,
    wishes: (await store.wishes.of(user)) ?? null,
  };
}

/** What waits for one user, then what was given up. */
export async function mailOf(store: MailboxStore, userKey: string): Promise<readonly StoredMessage[]> {
  return [...(await store.waiting(userKey, MOST_OF_ONE_USER)), ...(await store.dead(userKey))];
}

/** Every message that was given up, some at a time; goes through all messages, where there is one. */
export async function* deadSlices(store: MailboxStore): AsyncGenerator<readonly StoredMessage[]> {
  if ((await store.totals()).dead === 0) return;
  for await (const slice of slicesOf(store, SLICE, ({ id }) => id)) {
    const dead = slice.filter(({ state }) => state === 'dead');
    if (dead.length > 0) yield dead;
  }
}

/** Every notification behind one, some at a time. */
export async function* notificationSlices(
  store: MailboxStore,
  after?: readonly [userKey: string, policy: string],
): AsyncGenerator<readonly StoredNotification[]> {
  for (let last = after; ; ) {
    const slice = await store.notifications.slice(last, SLICE);
    const end = slice.at(-1);
    if (end === undefined) return;
    yield slice;
    if (slice.length < SLICE) return;
    last = [end.userKey, end.policy];
  }
}

export function mailFields(message: StoredMessage): MailFields {
  const { id, kind, vasp, policy, userKey, senderKey, state, reason, storedAt, expiresAt, bytes, tries } = message;
  return {
    id,
    kind,
    vasp,
    policy,
    user: userKey,
    sender: senderKey,
    state,
    reason: reason ?? null,
    diedAt: isoOrNull(message.diedAt),
    storedAt: iso(storedAt),
    expiresAt: iso(expiresAt),
    bytes,
    tries,
    handedAt: isoOrNull(message.handedAt),
  };
}

export function notificationFields(notification: StoredNotification): NotificationFields {
  const { userKey, vasp, policy, bearer, state, at, dueAt, sentAt, tries, failure } = notification;
  return {
    user: userKey,
    vasp,
    policy,
    bearer,
    state,
    wantedAt: iso(at),
    dueAt: iso(dueAt),
    sentAt: isoOrNull(sentAt),
    tries,
    failure: failure ?? null,
  };
}

const iso = (millis: number): string => new Date(millis).toISOString();
const isoOrNull = (millis: number | undefined): string | null => (millis === undefined ? null : iso(millis));
