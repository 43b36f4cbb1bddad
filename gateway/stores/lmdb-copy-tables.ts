/**
 * The tables of a copy over the databases of LMDB: how the keys of rows are those of databases, which records can be read,
 * and what is counted and indexed beside a record that is put in.
 */
import type { Database } from 'lmdb';
import { type CopyRow, type CopyTable, ONLY_ROW, pairKey, pairOf } from '../copy-ports.ts';
import { readWishes } from './audit-records.ts';
import { readMailRow, writeMailRow } from './copy-mail.ts';
import { copiedAcceptances, copiedSettings } from './copy-rows.ts';
import { HEAD, USERS_ROW as LEDGER_ROW, type LedgerDatabases, sequenceIn, sequenceKey } from './lmdb-ledger.ts';
import { INDEX_ROW, type MailboxDatabases, MailboxTables } from './lmdb-mailbox-tables.ts';
import { USERS_ROW as MESSAGE_ROW, type MessageDatabases } from './lmdb-messages.ts';
import { WISHES } from './lmdb-notes.ts';
import {
  readContent,
  readHeader,
  readNotification,
  readPlace,
  readWishesOf,
  writeContent,
  writeHeader,
  writePlace,
} from './mailbox-records.ts';
import { readMessage, readSettings } from './message-records.ts';
import { readNote } from './note-record.ts';
import { RecordError, readAcceptances, readSession } from './records.ts';

export interface CopiedDatabases {
  readonly single: Database<Buffer, string>;
  readonly ledger: LedgerDatabases;
  readonly sessions: Database<Buffer, string>;
  readonly acceptances: Database<Buffer, string>;
  readonly notes: Database<Buffer, string>;
  readonly messages: MessageDatabases;
  readonly mailbox: MailboxDatabases;
}

/** A row as it was come upon; without a value where it cannot be read. */
export type FoundRow = Pick<CopyRow, 'key'> & Partial<CopyRow>;

export interface LmdbCopyTable {
  count(): number;
  /** Rows behind one, each good until the next is asked for. */
  rows(after: string | undefined): Iterable<FoundRow>;
  /** In a write transaction. */
  put(key: string, value: Buffer): void;
}

export function lmdbCopyTables(databases: CopiedDatabases): Readonly<Record<CopyTable, LmdbCopyTable>> {
  const { single, ledger, sessions, acceptances, notes, messages, mailbox } = databases;
  return {
    'audit-texts': plain(ledger.texts),
    'audit-entries': entries(ledger.entries),
    'audit-ids': plain(ledger.ids),
    'audit-users': auditUsers(ledger),
    'audit-head': oneRow(single, HEAD),
    acceptances: rewritten(plain(acceptances), (value) => copiedAcceptances(readAcceptances(value))),
    'ask-again': oneRow(single, WISHES, (value) => void readWishes(value)),
    notes: plain(notes, (value) => void readNote(value)),
    'system-messages': systemMessages(messages),
    'user-settings': rewritten(plain(messages.settings), (value) => copiedSettings(readSettings(value))),
    mailbox: keptMessages(mailbox),
    notifications: notifications(mailbox),
    'off-line-wishes': plain(mailbox.wishes, (value) => void readWishesOf(value)),
    sessions: withLife(plain(sessions), (value) => readSession(value).expiresAt),
  };
}

/** Fails where nothing can be made of the record. */
type Check = (value: Buffer, key: string) => void;

const NOTHING = Buffer.alloc(0);

const noCheck: Check = () => {};

function checked(key: string, value: Buffer, check: Check): FoundRow {
  return read(key, () => {
    check(value, key);
    return { key, value };
  });
}

function read(key: string, work: () => FoundRow): FoundRow {
  try {
    return work();
  } catch (error) {
    if (error instanceof RecordError) return { key };
    throw error;
  }
}

const behind = <K>(after: K | undefined) => (after === undefined ? {} : { start: after, exclusiveStart: true });

function plain(database: Database<Buffer, string>, check: Check = noCheck): LmdbCopyTable {
  return {
    count: () => countOf(database),
    *rows(after) {
      for (const { key, value } of database.getRange(behind(after))) yield checked(key, value, check);
    },
    put: (key, value) => void database.putSync(key, value),
  };
}

/** Rows in the form that all stores share; none where nothing is left. */
function rewritten(table: LmdbCopyTable, form: (value: Buffer) => Buffer | undefined): LmdbCopyTable {
  return {
    ...table,
    *rows(after) {
      for (const { key, value } of table.rows(after)) {
        const row = value === undefined ? { key } : read(key, () => ({ key, value: form(bytesOf(value)) ?? NOTHING }));
        if (row.value !== NOTHING) yield row;
      }
    },
  };
}

function withLife(table: LmdbCopyTable, expiresAt: (value: Buffer) => number): LmdbCopyTable {
  return {
    ...table,
    *rows(after) {
      for (const { key, value } of table.rows(after)) {
        if (value === undefined) yield { key };
        else yield read(key, () => ({ key, value, expiresAt: expiresAt(bytesOf(value)) }));
      }
    },
  };
}

function oneRow(database: Database<Buffer, string>, name: string, check: Check = noCheck): LmdbCopyTable {
  return {
    count: () => (database.doesExist(name) ? 1 : 0),
    *rows(after) {
      const value = after === undefined ? database.getBinary(name) : undefined;
      if (value !== undefined) yield checked(ONLY_ROW, value, check);
    },
    put: (_, value) => void database.putSync(name, value),
  };
}

function entries(database: Database<Buffer, Buffer>): LmdbCopyTable {
  return {
    count: () => countOf(database),
    *rows(after) {
      const start = after === undefined ? {} : { start: sequenceKey(Number(after) + 1) };
      for (const { key, value } of database.getRange(start)) yield { key: String(sequenceIn(key) ?? 0), value };
    },
    put: (key, value) => void database.putSync(sequenceKey(Number(key)), value),
  };
}

function auditUsers({ users }: LedgerDatabases): LmdbCopyTable {
  const keyOf = (key: string): [string, number] => {
    const [user, sequence] = pairOf(key);
    return [user, Number(sequence)];
  };
  return {
    count: () => countOf(users),
    *rows(after) {
      const start = after === undefined ? undefined : keyOf(after);
      for (const [user, sequence] of users.getKeys(behind(start)))
        yield { key: pairKey(user, sequence), value: Buffer.alloc(0) };
    },
    put: (key) => void users.putSync(keyOf(key), LEDGER_ROW),
  };
}

function systemMessages({ messages, users }: MessageDatabases): LmdbCopyTable {
  return {
    ...plain(messages, (value, id) => void readMessage(id, value)),
    put(id, value) {
      messages.putSync(id, value);
      users.putSync([readMessage(id, value).userKey, id], MESSAGE_ROW);
    },
  };
}

function keptMessages(mailbox: MailboxDatabases): LmdbCopyTable {
  const tables = new MailboxTables(mailbox);
  const rowOf = (id: string): Buffer => {
    const place = tables.place(id);
    if (place === undefined) throw new RecordError('a kept message has no place');
    const header = writeHeader(tables.header(id, place));
    const content = mailbox.contents.getBinary(id);
    return writeMailRow({ place: writePlace(place), header, content: content && writeContent(readContent(content)) });
  };
  return {
    count: () => countOf(mailbox.places),
    *rows(after) {
      for (const key of mailbox.places.getKeys(behind(after))) yield read(key, () => ({ key, value: rowOf(key) }));
    },
    put(id, value) {
      const row = readMailRow(value);
      const place = readPlace(row.place);
      const before = tables.place(id);
      if (before !== undefined) tables.remove(id, before);
      const content = row.content && readContent(row.content);
      tables.insert(readHeader({ id, userKey: place.userKey, sequence: place.sequence }, row.header), content);
      tables.reached(place.sequence);
    },
  };
}

function notifications(mailbox: MailboxDatabases): LmdbCopyTable {
  const { notificationsByTime } = mailbox;
  const keyOf = (key: string): [string, string] => [...pairOf(key)];
  return {
    count: () => countOf(mailbox.notifications),
    *rows(after) {
      const start = after === undefined ? undefined : keyOf(after);
      for (const { key, value } of mailbox.notifications.getRange(behind(start)))
        yield checked(pairKey(...key), value, () => void readNotification(...key, value));
    },
    put(key, value) {
      const [userKey, policy] = keyOf(key);
      const before = mailbox.notifications.getBinary([userKey, policy]);
      if (before !== undefined)
        notificationsByTime.removeSync([readNotification(userKey, policy, before).dueAt, userKey, policy]);
      mailbox.notifications.putSync([userKey, policy], value);
      const { state, dueAt } = readNotification(userKey, policy, value);
      if (state === 'waiting' || state === 'sending') notificationsByTime.putSync([dueAt, userKey, policy], INDEX_ROW);
    },
  };
}

function countOf(database: { getStats(): object }): number {
  const stats = database.getStats();
  return 'entryCount' in stats && typeof stats.entryCount === 'number' ? stats.entryCount : 0;
}

function bytesOf(value: Uint8Array): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
