/**
 * What is kept about one user at one VASP, as the user may ask for it, and erasing it. Works on whatever store the gateway
 * has, beside a running gateway or inside of it; the user is known here by the keyed hash alone.
 */
import type { Store } from '../ports.ts';
import type { MessageRecord, MessageState } from '../system-message-ports.ts';
import { type ErasedFields, entryFields, type RecordFields } from './line.ts';
import { type MailData, mailData } from './mail-data.ts';

/** Everything that is known of a user, ready for JSON; times are ISO 8601 in UTC. */
export interface UserData {
  readonly vasp: string;
  /** The keyed hash. */
  readonly user: string;
  readonly acceptances: readonly {
    readonly policy: string;
    readonly version: number;
    readonly option: string | null;
    readonly acceptedAt: string;
  }[];
  /** With the texts that were shown. */
  readonly records: readonly (RecordFields | ErasedFields)[];
  /** Numbers of entries that cannot be read. */
  readonly damaged: readonly number[];
  readonly sessions: readonly {
    readonly openedAt: string;
    readonly expiresAt: string;
    readonly csp: string;
    readonly encoding: string;
    readonly keepAliveSeconds: number | null;
    /** Codes of the service tree. */
    readonly granted: readonly string[];
  }[];
  /** Messages to the user's sessions, in their order, until 7 days after their end. */
  readonly messages: readonly MessageFields[];
  /** What the user has set, and which versions of messages for a first login need not be said again. */
  readonly settings: {
    readonly help: 'on' | 'off';
    readonly seen: readonly { readonly policy: string; readonly version: number }[];
  };
  /** What others sent while the user was away, without what stands in it. */
  readonly mailbox: MailData;
}

/** Of a message: how far it came and when. Whom it is about is another user's matter. */
export interface MessageFields {
  readonly id: string;
  readonly policy: string;
  readonly version: number;
  readonly broadcast: string | null;
  readonly state: MessageState;
  readonly createdAt: string;
  readonly expiresAt: string;
  /** The first time. */
  readonly sentAt: string | null;
  readonly tries: number;
  readonly deliveredAt: string | null;
  readonly answeredAt: string | null;
  readonly option: string | null;
  readonly way: MessageRecord['way'] | null;
  readonly endedAt: string | null;
}

type UserStore = Pick<Store, 'acceptances' | 'audit' | 'mailbox' | 'sessions' | 'systemMessages' | 'texts'>;

export async function userData(store: UserStore, vasp: string, user: string): Promise<UserData> {
  const acceptances = await store.acceptances.of(user);
  const sessions = await store.sessions.ofUser(user);
  const messages = await store.systemMessages.of(user);
  const { help, seen } = await store.systemMessages.settings(user);
  const records: (RecordFields | ErasedFields)[] = [];
  const damaged: number[] = [];
  for (const entry of await store.audit.recordsOf(user)) {
    if (entry.kind === 'damaged') damaged.push(entry.sequence);
    else if (entry.kind === 'erased') records.push(entryFields(entry));
    else records.push(entryFields(entry, await store.texts.get(entry.record.text)));
  }
  return {
    vasp,
    user,
    acceptances: acceptances.map(({ policy, version, option, acceptedAt }) => ({
      policy,
      version,
      option: option ?? null,
      acceptedAt: iso(acceptedAt),
    })),
    records,
    damaged,
    sessions: [...sessions.values()].map((session) => ({
      openedAt: iso(session.openedAt),
      expiresAt: iso(session.expiresAt),
      csp: session.version,
      encoding: session.encoding,
      keepAliveSeconds: session.keepAliveSeconds ?? null,
      granted: session.granted.codes(),
    })),
    messages: messages.map(messageFields),
    settings: { help, seen: [...seen].map(([policy, version]) => ({ policy, version })) },
    mailbox: await mailData(store.mailbox, user),
  };
}

export function messageFields(record: MessageRecord): MessageFields {
  const { id, policy, version, broadcast, state, tries, option, way } = record;
  return {
    id,
    policy,
    version,
    broadcast: broadcast ?? null,
    state,
    createdAt: iso(record.createdAt),
    expiresAt: iso(record.expiresAt),
    sentAt: isoOrNull(record.sentAt),
    tries,
    deliveredAt: isoOrNull(record.deliveredAt),
    answeredAt: isoOrNull(record.answeredAt),
    option: option ?? null,
    way: way ?? null,
    endedAt: isoOrNull(record.endedAt),
  };
}

/** What was erased, and what stays until when. */
export interface Forgotten {
  readonly vasp: string;
  readonly user: string;
  readonly acceptances: number;
  readonly recordsErased: number;
  /** Records that stay as proof under the keyed hash. */
  readonly recordsKept: number;
  /** When the last of them goes, ISO 8601; null: they are kept for ever, or there are none. */
  readonly keptUntil: string | null;
  /** Entries that cannot be read, and were left as they are. */
  readonly damaged: readonly number[];
  /** Sessions that are open and stay until they end. */
  readonly sessions: number;
  /** Messages to the user that were erased, with the user's settings. */
  readonly messages: number;
  /** Messages of other users that were kept for this one, and were erased with notifications and wishes. */
  readonly mailbox: number;
}

/**
 * Erases a user's acceptances, messages, settings and mailbox, and the content of the audit records when `withRecords`; the chain
 * still verifies.
 *
 * @param keepMillis how long records are kept by configuration; undefined: for ever.
 */
export async function forgetUser(
  store: UserStore,
  vasp: string,
  user: string,
  { withRecords, keepMillis }: { readonly withRecords: boolean; readonly keepMillis: number | undefined },
): Promise<Forgotten> {
  const acceptances = await store.acceptances.forget(user);
  const messages = await store.systemMessages.forget(user);
  const mailbox = await store.mailbox.forget(user);
  const recordsErased = withRecords ? await store.audit.erase(user) : 0;
  const left = await store.audit.recordsOf(user);
  const decided = left.flatMap((entry) => (entry.kind === 'record' ? [entry.record.decidedAt] : []));
  const youngest = decided.length === 0 ? undefined : Math.max(...decided);
  return {
    vasp,
    user,
    acceptances,
    recordsErased,
    recordsKept: decided.length,
    keptUntil: youngest === undefined || keepMillis === undefined ? null : iso(youngest + keepMillis),
    damaged: left.flatMap((entry) => (entry.kind === 'damaged' ? [entry.sequence] : [])),
    sessions: (await store.sessions.ofUser(user)).size,
    messages,
    mailbox,
  };
}

function iso(millis: number): string {
  return new Date(millis).toISOString();
}

function isoOrNull(millis: number | undefined): string | null {
  return millis === undefined ? null : iso(millis);
}
