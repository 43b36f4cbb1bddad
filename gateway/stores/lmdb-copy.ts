/**
 * What an LMDB environment holds, as a copy goes through it and makes it: slices of rows are read a millisecond or two at a
 * time, and each slice that is written is one transaction, on disk when it is done.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RootDatabase } from 'lmdb';
import type { CopyRow, CopySlice, CopyTable, StoreCopy } from '../copy-ports.ts';
import { durably } from './lmdb-commit.ts';
import { type CopiedDatabases, type LmdbCopyTable, lmdbCopyTables } from './lmdb-copy-tables.ts';

const SLICE_ROWS = 1000;
const SLICE_BYTES = 4 * 2 ** 20;

/** A line of LMDB's list of readers: process, thread, transaction. */
const READER = /^\s*(?<pid>\d+)\s+[0-9a-f]+\s+\S+\s*$/;

export class LmdbCopy implements StoreCopy {
  readonly #environment: RootDatabase<Buffer, string>;
  readonly #tables: Readonly<Record<CopyTable, LmdbCopyTable>>;

  constructor(environment: RootDatabase<Buffer, string>, databases: CopiedDatabases) {
    this.#environment = environment;
    this.#tables = lmdbCopyTables(databases);
  }

  async count(table: CopyTable): Promise<number> {
    this.#environment.resetReadTxn();
    return this.#tables[table].count();
  }

  async read(table: CopyTable, after: string | undefined): Promise<CopySlice> {
    await nextTurn();
    this.#environment.resetReadTxn();
    const rows: CopyRow[] = [];
    let seen = 0;
    let bytes = 0;
    for (const { key, value, expiresAt } of this.#tables[table].rows(after)) {
      seen += 1;
      if (value !== undefined) {
        const life = expiresAt === undefined ? {} : { expiresAt };
        rows.push({ key, value: Buffer.from(value), ...life });
        bytes += value.length;
      }
      if (seen >= SLICE_ROWS || bytes >= SLICE_BYTES) return { rows, next: key, unreadable: seen - rows.length };
    }
    return { rows, next: undefined, unreadable: seen - rows.length };
  }

  async write(table: CopyTable, rows: readonly CopyRow[]): Promise<void> {
    const { put } = this.#tables[table];
    await durably(this.#environment, () => {
      for (const { key, value } of rows) put(key, Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    });
  }

  /** Every process that has read from the environment has its place in the list, until it ends. */
  async users(): Promise<readonly string[]> {
    this.#environment.readerCheck();
    const pids = this.#environment
      .readerList()
      .split('\n')
      .flatMap((line) => READER.exec(line)?.groups?.pid ?? [])
      .filter((pid) => pid !== String(process.pid));
    return [...new Set(pids)].map((pid) => `process ${pid}`);
  }
}
