/**
 * What Redis holds, as a copy goes through it and makes it: by the connection for background work, which waits some seconds
 * for an answer, and past the holders of shares: no node runs meanwhile.
 */
import type { CopyRow, CopySlice, CopyTable, StoreCopy } from '../../copy-ports.ts';
import { ALL_SHARES } from '../../shares.ts';
import type { RedisConnection } from './connection.ts';
import { ledgerCopyTables } from './copy-ledger.ts';
import { messageCopyTables } from './copy-messages.ts';
import type { RedisCopyTable } from './copy-table.ts';
import { userCopyTables } from './copy-users.ts';
import type { KeySpace } from './keys.ts';
import { listOf, numberOf, textsOf } from './replies.ts';

/** A node that was heard of so lately counts as running: it says every second that it is there. */
const NODE_MILLIS = 3_500;

export class RedisCopy implements StoreCopy {
  readonly #connection: RedisConnection;
  readonly #keys: KeySpace;
  readonly #tables: Readonly<Record<CopyTable, RedisCopyTable>>;

  constructor(connection: RedisConnection, keys: KeySpace) {
    const patient = { ...connection, requests: connection.background };
    const parts = { connection: patient, keys, shares: ALL_SHARES, token: '' };
    this.#connection = patient;
    this.#keys = keys;
    this.#tables = { ...ledgerCopyTables(patient, keys), ...userCopyTables(parts), ...messageCopyTables(parts) };
  }

  count(table: CopyTable): Promise<number> {
    return this.#tables[table].count();
  }

  read(table: CopyTable, after: string | undefined): Promise<CopySlice> {
    return this.#tables[table].read(after);
  }

  async write(table: CopyTable, rows: readonly CopyRow[]): Promise<void> {
    await this.#tables[table].write(rows);
  }

  /** By Redis's own clock, as nodes say it. */
  async users(): Promise<readonly string[]> {
    const { background } = this.#connection;
    const [seconds] = listOf(await background.command('TIME'));
    const since = 1000 * numberOf(seconds) - NODE_MILLIS;
    const nodes = this.#keys.at('common', 'nodes');
    return textsOf(await background.command('ZRANGEBYSCORE', nodes, since, '+inf')).map((id) => `node ${id}`);
  }
}
