/**
 * The audit chain in Redis as tables of a copy. Its bytes are those of every store; what is otherwise is where they stand: a
 * text lies apart from how often it is named, numbers are decimal.
 */
import { type CopyRow, ONLY_ROW, pairKey, pairOf } from '../../copy-ports.ts';
import type { RedisConnection } from './connection.ts';
import { type RedisCopyTable, rowsOf } from './copy-table.ts';
import { walkHash, walkMembers } from './copy-walks.ts';
import type { KeySpace } from './keys.ts';
import { type LedgerPart, ledgerKey, readNumber, readUsersRow, writeUsersRow } from './ledger-rows.ts';
import { bytesListOf, bytesOf, numberOf } from './replies.ts';

const SEQUENCE_BYTES = 6;
/** Of a text's record: its format, and how often it is named. */
const TEXT_HEAD_BYTES = 1 + SEQUENCE_BYTES;

type LedgerTable = 'audit-texts' | 'audit-entries' | 'audit-ids' | 'audit-users' | 'audit-head';

export function ledgerCopyTables(
  connection: RedisConnection,
  keys: KeySpace,
): Readonly<Record<LedgerTable, RedisCopyTable>> {
  const { background } = connection;
  const at = (part: LedgerPart): string => ledgerKey(keys, part);
  const length = (part: LedgerPart) => async (): Promise<number> =>
    numberOf(await background.command('HLEN', at(part)));
  const set = (part: LedgerPart, fields: readonly (string | Buffer)[]): Promise<unknown> =>
    background.command('HSET', at(part), ...fields);
  return {
    'audit-texts': {
      count: length('texts'),
      async read(after) {
        const { rows, next } = await walkHash(connection, at('texts'), after);
        const hashes = rows.map(([hash]) => hash);
        const uses = hashes.length === 0 ? [] : bytesListOf(await background.command('HMGET', at('uses'), ...hashes));
        return rowsOf(next, rows, ([hash, text], place) => textRow(hash, text, readNumber(uses[place])));
      },
      async write(rows) {
        for (const { key, value } of rows) {
          const bytes = Buffer.from(value);
          const uses = bytes.readUIntBE(1, SEQUENCE_BYTES);
          await set('texts', [key, Buffer.concat([bytes.subarray(0, 1), bytes.subarray(TEXT_HEAD_BYTES)])]);
          await set('uses', [key, String(uses)]);
        }
      },
    },
    'audit-entries': {
      count: length('entries'),
      async read(after) {
        const { rows, next } = await walkHash(connection, at('entries'), after);
        return rowsOf(next, rows, ([number, value]) => ({ key: number.toString(), value }));
      },
      write: (rows) =>
        set(
          'entries',
          rows.flatMap(({ key, value }) => [key, Buffer.from(value)]),
        ),
    },
    'audit-ids': {
      count: length('ids'),
      async read(after) {
        const { rows, next } = await walkHash(connection, at('ids'), after);
        return rowsOf(next, rows, ([id, number]) => idRow(id, readNumber(number)));
      },
      write: (rows) =>
        set(
          'ids',
          rows.flatMap(({ key, value }) => [key, String(Buffer.from(value).readUIntBE(0, SEQUENCE_BYTES))]),
        ),
    },
    'audit-users': {
      count: async () => numberOf(await background.command('ZCARD', at('users'))),
      async read(after) {
        const { rows, next } = await walkMembers(connection, at('users'), after);
        return rowsOf(next, rows, (member) => {
          const row = readUsersRow(member);
          return row && { key: pairKey(row.user, row.sequence), value: Buffer.alloc(0) };
        });
      },
      async write(rows) {
        const members = rows.map(({ key }) => {
          const [user, sequence] = pairOf(key);
          return writeUsersRow({ user, sequence: Number(sequence) });
        });
        await background.command('ZADD', at('users'), ...members.flatMap((member) => [0, member]));
      },
    },
    'audit-head': {
      count: async () => numberOf(await background.command('EXISTS', at('head'))),
      async read() {
        const value = bytesOf(await background.command('GET', at('head')));
        return { rows: value === undefined ? [] : [{ key: ONLY_ROW, value }], next: undefined, unreadable: 0 };
      },
      async write([row]) {
        if (row !== undefined) await background.command('SET', at('head'), row.value);
      },
    },
  };
}

function textRow(hash: Buffer, text: Buffer, uses: number | undefined): CopyRow {
  const head = Buffer.alloc(TEXT_HEAD_BYTES);
  head.writeUInt8(text[0] ?? 0, 0);
  head.writeUIntBE(uses ?? 0, 1, SEQUENCE_BYTES);
  return { key: hash.toString(), value: Buffer.concat([head, text.subarray(1)]) };
}

function idRow(id: Buffer, sequence: number | undefined): CopyRow | undefined {
  if (sequence === undefined) return undefined;
  const value = Buffer.alloc(SEQUENCE_BYTES);
  value.writeUIntBE(sequence, 0, SEQUENCE_BYTES);
  return { key: id.toString(), value };
}
