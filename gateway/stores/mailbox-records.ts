/**
 * How kept messages and all that belongs to them are written in the store, each beginning with the number of its format. The
 * key of a header holds the user, the sequence and the id; with hashes and usual names a message of 200 bytes takes about
 * 470 bytes in all rows together:
 *
 *     header        format 1 · flags 1 · sender 17 · stored 6 · expires 6 · bytes, tries 1 to 8 each · VASP, policy 1 + n
 *                   each · where the flags say so: handed over 6, reason 1 and died 6 · the sealed envelope
 *     place         format 1 · flags 1 · user 17 · sequence, bytes 1 to 8 each · expires 6
 *     content       format 1 · the sealed content
 *     counts        format 1 · messages, bytes 1 to 8 each
 *     totals        format 1 · waiting, bytes waiting, reports, dead, last sequence 1 to 8 each
 *     duplicate     format 1 · until 6 · id 17 · the id that the sender was told 1 + n
 *     notification  format 1 · state 1 · flags 1 · wished 6 · due 6 · window, tries 1 to 8 each · VASP, bearer 1 + n each ·
 *                   where the flags say so: sent 6, failure 1 + n · the sealed content
 *     wishes        format 1 · flags 1 · where the flags say so: number of bearers 1 and each 1 + n, ETEM handling 1 + n
 *
 * A place has what counting and the indexes need, so that a message whose header is damaged still leaves everything in order.
 */
import type { DeadReason, MailboxTotals, OffLineWishes, StoredMessage, StoredNotification } from '../mailbox-ports.ts';
import { type FieldReader, FieldWriter } from './field-bytes.ts';
import { RecordError } from './records.ts';
import type { UserCounts } from './rules.ts';
import { sound } from './sound-record.ts';

const FORMAT = 1;

/** Their places are what is written: new ones go to the end. */
const REASONS: readonly DeadReason[] = ['unacknowledged', 'unreadable', 'refused'];
const NOTIFICATION_STATES: readonly StoredNotification['state'][] = ['waiting', 'sending', 'sent', 'failed'];

const REPORT = 0x01;
const DEAD = 0x02;
const HANDED = 0x04;

const SENT = 0x01;
const FAILURE = 0x02;

const BEARERS = 0x01;
const ETEM = 0x02;
const NOTIFIES = 0x04;
const NOTIFIES_NOT = 0x08;

/** What the key of a header says. */
export type HeaderKey = Pick<StoredMessage, 'id' | 'userKey' | 'sequence'>;

/** Where a message stands, and what it counts. */
export type Place = Pick<StoredMessage, 'userKey' | 'sequence' | 'kind' | 'state' | 'bytes' | 'expiresAt'>;

export interface DuplicateRow {
  readonly id: string;
  readonly sentId: string;
  readonly until: number;
}

export interface TotalsRow extends MailboxTotals {
  readonly lastSequence: number;
}

export function writeHeader(message: StoredMessage): Buffer {
  const { kind, state, handedAt, reason, diedAt } = message;
  const isDead = state === 'dead' && reason !== undefined;
  const flags = (kind === 'report' ? REPORT : 0) | (isDead ? DEAD : 0) | (handedAt === undefined ? 0 : HANDED);
  const to = begun(flags);
  to.key(message.senderKey);
  to.number(message.storedAt, 6);
  to.number(message.expiresAt, 6);
  to.count(message.bytes);
  to.count(message.tries);
  to.text(message.vasp);
  to.text(message.policy);
  if (handedAt !== undefined) to.number(handedAt, 6);
  if (isDead) {
    to.number(REASONS.indexOf(reason), 1);
    to.number(diedAt ?? 0, 6);
  }
  to.rest(message.envelope);
  return to.bytes();
}

/**
 * The message whose header it is; the bytes may change after.
 *
 * @throws RecordError
 */
export function readHeader(key: HeaderKey, bytes: Buffer): StoredMessage {
  return sound(bytes, FORMAT, 'the header of a kept message', (from) => messageOf(key, from), writeHeader);
}

function messageOf({ id, userKey, sequence }: HeaderKey, from: FieldReader): StoredMessage {
  const flags = from.number(1);
  const senderKey = from.key();
  const storedAt = from.number(6);
  const expiresAt = from.number(6);
  const bytes = from.count();
  const tries = from.count();
  const vasp = from.text();
  const policy = from.text();
  const handedAt = (flags & HANDED) === 0 ? undefined : from.number(6);
  const kind = (flags & REPORT) === 0 ? 'message' : 'report';
  const kept = { id, kind, userKey, senderKey, vasp, policy, sequence, storedAt, expiresAt, bytes } as const;
  if ((flags & DEAD) === 0)
    return { ...kept, state: 'waiting', reason: undefined, tries, handedAt, envelope: from.rest() };
  const reason = REASONS[from.number(1)];
  if (reason === undefined) throw new RecordError('the header of a kept message is damaged');
  return { ...kept, state: 'dead', reason, diedAt: from.number(6), tries, handedAt, envelope: from.rest() };
}

export function writePlace(place: Place): Buffer {
  const to = begun((place.kind === 'report' ? REPORT : 0) | (place.state === 'dead' ? DEAD : 0));
  to.key(place.userKey);
  to.count(place.sequence);
  to.count(place.bytes);
  to.number(place.expiresAt, 6);
  return to.bytes();
}

/** @throws RecordError */
export function readPlace(bytes: Buffer): Place {
  return sound(bytes, FORMAT, 'the place of a kept message', placeOf, writePlace);
}

function placeOf(from: FieldReader): Place {
  const flags = from.number(1);
  return {
    kind: (flags & REPORT) === 0 ? 'message' : 'report',
    state: (flags & DEAD) === 0 ? 'waiting' : 'dead',
    userKey: from.key(),
    sequence: from.count(),
    bytes: from.count(),
    expiresAt: from.number(6),
  };
}

export function writeContent(content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(FORMAT), content]);
}

/**
 * In an array of its own.
 *
 * @throws RecordError
 */
export function readContent(bytes: Buffer): Uint8Array {
  if (bytes[0] !== FORMAT) throw new RecordError('the content of a kept message is damaged');
  return new Uint8Array(bytes.subarray(1));
}

export function writeCounts({ messages, bytes }: UserCounts): Buffer {
  return counts(messages, bytes);
}

/** @throws RecordError */
export function readCounts(bytes: Buffer): UserCounts {
  const read = (from: FieldReader) => ({ messages: from.count(), bytes: from.count() });
  return sound(bytes, FORMAT, 'the counts of a mailbox', read, writeCounts);
}

export function writeTotals(row: TotalsRow): Buffer {
  return counts(row.waiting, row.waitingBytes, row.reports, row.dead, row.lastSequence);
}

/** @throws RecordError */
export function readTotals(bytes: Buffer): TotalsRow {
  return sound(bytes, FORMAT, 'the totals of the mailboxes', totalsOf, writeTotals);
}

function totalsOf(from: FieldReader): TotalsRow {
  return {
    waiting: from.count(),
    waitingBytes: from.count(),
    reports: from.count(),
    dead: from.count(),
    lastSequence: from.count(),
  };
}

function counts(...numbers: readonly number[]): Buffer {
  const to = new FieldWriter();
  to.number(FORMAT, 1);
  for (const number of numbers) to.count(number);
  return to.bytes();
}

export function writeDuplicate({ until, id, sentId }: DuplicateRow): Buffer {
  const to = new FieldWriter();
  to.number(FORMAT, 1);
  to.number(until, 6);
  to.key(id);
  to.text(sentId);
  return to.bytes();
}

/** @throws RecordError */
export function readDuplicate(bytes: Buffer): DuplicateRow {
  const read = (from: FieldReader) => ({ until: from.number(6), id: from.key(), sentId: from.text() });
  return sound(bytes, FORMAT, 'a deposit that is remembered', read, writeDuplicate);
}

export function writeNotification(notification: StoredNotification): Buffer {
  const { sentAt, failure } = notification;
  const to = begun(NOTIFICATION_STATES.indexOf(notification.state));
  to.number((sentAt === undefined ? 0 : SENT) | (failure === undefined ? 0 : FAILURE), 1);
  to.number(notification.at, 6);
  to.number(notification.dueAt, 6);
  to.count(notification.windowMillis);
  to.count(notification.tries);
  to.text(notification.vasp);
  to.text(notification.bearer);
  if (sentAt !== undefined) to.number(sentAt, 6);
  if (failure !== undefined) to.text(failure);
  to.rest(notification.content);
  return to.bytes();
}

/** @throws RecordError */
export function readNotification(userKey: string, policy: string, bytes: Buffer): StoredNotification {
  const read = (from: FieldReader) => notificationOf(userKey, policy, from);
  return sound(bytes, FORMAT, 'a notification', read, writeNotification);
}

function notificationOf(userKey: string, policy: string, from: FieldReader): StoredNotification {
  const state = NOTIFICATION_STATES[from.number(1)];
  if (state === undefined) throw new RecordError('a notification is damaged');
  const flags = from.number(1);
  const at = from.number(6);
  const dueAt = from.number(6);
  const windowMillis = from.count();
  const tries = from.count();
  const vasp = from.text();
  const bearer = from.text();
  const sentAt = (flags & SENT) === 0 ? undefined : from.number(6);
  const failure = (flags & FAILURE) === 0 ? undefined : from.text();
  const content = from.rest();
  return { userKey, policy, vasp, bearer, at, windowMillis, content, state, dueAt, tries, sentAt, failure };
}

export function writeWishesOf({ bearers, etemHandling, notifications }: OffLineWishes): Buffer {
  const said = notifications === undefined ? 0 : notifications ? NOTIFIES : NOTIFIES_NOT;
  const to = begun((bearers === undefined ? 0 : BEARERS) | (etemHandling === undefined ? 0 : ETEM) | said);
  if (bearers !== undefined) {
    to.count(bearers.length);
    for (const bearer of bearers) to.text(bearer);
  }
  if (etemHandling !== undefined) to.text(etemHandling);
  return to.bytes();
}

/** @throws RecordError */
export function readWishesOf(bytes: Buffer): OffLineWishes {
  return sound(bytes, FORMAT, 'wishes for the time off line', wishesOf, writeWishesOf);
}

function wishesOf(from: FieldReader): OffLineWishes {
  const flags = from.number(1);
  let bearers: string[] | undefined;
  if ((flags & BEARERS) !== 0) {
    bearers = [];
    for (let left = from.count(); left > 0; left -= 1) bearers.push(from.text());
  }
  const etemHandling = (flags & ETEM) === 0 ? undefined : from.text();
  const notifications = (flags & NOTIFIES) !== 0 ? true : (flags & NOTIFIES_NOT) !== 0 ? false : undefined;
  return { bearers, etemHandling, notifications };
}

/** A record that begins with its format and a byte of flags. */
function begun(flags: number): FieldWriter {
  const to = new FieldWriter();
  to.number(FORMAT, 1);
  to.number(flags, 1);
  return to;
}
