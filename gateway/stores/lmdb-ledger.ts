/**
 * The audit chain's tables in LMDB. Entries stand under their sequence numbers, six bytes big-endian, so that the order of
 * keys is the order of the chain and appending fills pages from end to end.
 */
import type { Database, RootDatabase, Transaction } from 'lmdb';
import type { AuditEntry } from '../audit-ports.ts';
import { readEntry, readHead, readText, writeEntry, writeHead, writeText } from './audit-records.ts';
import type { KeptText, LedgerTables, SealedHead, UsersRow } from './ledger-tables.ts';

type StoredEntry = Exclude<AuditEntry, { readonly kind: 'damaged' }>;

/** The databases that the chain is kept in. */
export interface LedgerDatabases {
  /** Single rows of the environment, the head among them. */
  readonly single: Database<Buffer, string>;
  readonly entries: Database<Buffer, Buffer>;
  /** From a record's id to its number. */
  readonly ids: Database<Buffer, string>;
  /** A row for each record: its user and its number. */
  readonly users: Database<Buffer, [string, number]>;
  readonly texts: Database<Buffer, string>;
}

export function openLedgerDatabases(
  environment: RootDatabase<Buffer, string>,
  single: Database<Buffer, string>,
): LedgerDatabases {
  const encoding = 'binary';
  return {
    single,
    entries: environment.openDB({ name: 'audit', encoding, keyEncoding: 'binary' }),
    ids: environment.openDB({ name: 'audit-ids', encoding }),
    users: environment.openDB({ name: 'audit-users', encoding }),
    texts: environment.openDB({ name: 'audit-texts', encoding }),
  };
}

/** The row of {@link LedgerDatabases.single}. */
export const HEAD = 'audit-head';
const SEQUENCE_BYTES = 6;
/** All that a row of `users` says is in its key. */
export const USERS_ROW = Buffer.of(1);

export class LmdbLedger implements LedgerTables {
  readonly #in: LedgerDatabases;
  /** For reading at one moment; empty inside a write transaction. Handed to LMDB as a copy where LMDB writes into it. */
  readonly #at: { readonly transaction?: Transaction };

  /** @param transaction that all reads see the environment of; without one they see the current write transaction. */
  constructor(databases: LedgerDatabases, transaction?: Transaction) {
    this.#in = databases;
    this.#at = transaction === undefined ? {} : { transaction };
  }

  head(): SealedHead | 'damaged' | undefined {
    const bytes = this.#in.single.get(HEAD, this.#at);
    return bytes === undefined ? undefined : readHead(bytes);
  }

  putHead(head: SealedHead): void {
    this.#in.single.putSync(HEAD, writeHead(head));
  }

  entries(from: number, limit: number): AuditEntry[] {
    const range = this.#in.entries.getRange({ start: sequenceKey(from), limit, ...this.#at });
    return decoded(range, ({ key, value }) => readEntry(sequenceIn(key) ?? 0, value));
  }

  lastEntry(): AuditEntry | undefined {
    const [last] = this.#in.entries.getRange({ reverse: true, limit: 1, ...this.#at });
    return last === undefined ? undefined : readEntry(sequenceIn(last.key) ?? 0, last.value);
  }

  putEntry(entry: StoredEntry): void {
    this.#in.entries.putSync(sequenceKey(entry.sequence), writeEntry(entry));
  }

  removeEntry(sequence: number): void {
    this.#in.entries.removeSync(sequenceKey(sequence));
  }

  sequenceOf(id: string): number | undefined {
    return sequenceIn(this.#in.ids.get(id, this.#at));
  }

  putId(id: string, sequence: number): void {
    this.#in.ids.putSync(id, sequenceKey(sequence));
  }

  removeId(id: string): void {
    this.#in.ids.removeSync(id);
  }

  idCount(): number {
    return this.#in.ids.getKeysCount({ ...this.#at });
  }

  ids(after: string | undefined, limit: number): { id: string; sequence: number | undefined }[] {
    const from = after === undefined ? {} : { start: after, exclusiveStart: true };
    const range = this.#in.ids.getRange({ ...from, limit, ...this.#at });
    return decoded(range, ({ key, value }) => ({ id: key, sequence: sequenceIn(value) }));
  }

  sequencesOf(user: string): number[] {
    const range = this.#in.users.getRange({ start: [user, 0], end: [user, Number.MAX_SAFE_INTEGER], ...this.#at });
    return decoded(range, ({ key: [, sequence] }) => sequence);
  }

  isUsers(user: string, sequence: number): boolean {
    return this.#in.users.get([user, sequence], this.#at)?.equals(USERS_ROW) ?? false;
  }

  putUsers(user: string, sequence: number): void {
    this.#in.users.putSync([user, sequence], USERS_ROW);
  }

  removeUsers(user: string, sequence: number): void {
    this.#in.users.removeSync([user, sequence]);
  }

  usersCount(): number {
    return this.#in.users.getKeysCount({ ...this.#at });
  }

  users(after: UsersRow | undefined, limit: number): UsersRow[] {
    const start: [string, number] | undefined = after === undefined ? undefined : [after.user, after.sequence];
    const from = start === undefined ? {} : { start, exclusiveStart: true };
    const range = this.#in.users.getRange({ ...from, limit, ...this.#at });
    return decoded(range, ({ key: [user, sequence] }) => ({ user, sequence }));
  }

  text(hash: string): KeptText | 'damaged' | undefined {
    const bytes = this.#in.texts.get(hash, this.#at);
    return bytes === undefined ? undefined : readText(bytes);
  }

  putText(hash: string, kept: KeptText): void {
    this.#in.texts.putSync(hash, writeText(kept));
  }

  removeText(hash: string): void {
    this.#in.texts.removeSync(hash);
  }

  texts(): { hash: string; kept: KeptText | 'damaged' }[] {
    return decoded(this.#in.texts.getRange({ ...this.#at }), ({ key, value }) => ({
      hash: key,
      kept: readText(value),
    }));
  }
}

/** Each row as something of its own, made before the next one is read: LMDB's buffers are its own. */
function decoded<Row, T>(range: Iterable<Row>, decode: (row: Row) => T): T[] {
  const all: T[] = [];
  for (const row of range) all.push(decode(row));
  return all;
}

/** What an entry stands under, and what an id's row holds. */
export function sequenceKey(sequence: number): Buffer {
  const key = Buffer.alloc(SEQUENCE_BYTES);
  key.writeUIntBE(sequence, 0, SEQUENCE_BYTES);
  return key;
}

/** Undefined when the bytes are none. */
export function sequenceIn(bytes: Uint8Array | undefined): number | undefined {
  if (bytes?.length !== SEQUENCE_BYTES) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUIntBE(0, SEQUENCE_BYTES);
}
