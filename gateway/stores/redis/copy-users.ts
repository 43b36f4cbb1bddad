/**
 * What Redis keeps of users and of the gateway itself as tables of a copy: acceptances, settings, wishes, notes, sessions. Most
 * have no index but their names: all keys of the server are gone through for them.
 */
import { ONLY_ROW } from '../../copy-ports.ts';
import { readWishes } from '../audit-records.ts';
import { copiedAcceptances, copiedSettings } from '../copy-rows.ts';
import { readWishesOf } from '../mailbox-records.ts';
import { readSettings } from '../message-records.ts';
import { readNote } from '../note-record.ts';
import { readAcceptances, readSession, writeAcceptances, writeSession } from '../records.ts';
import type { RedisReply } from './connection.ts';
import { GONE, type RedisCopyTable, rowsOf } from './copy-table.ts';
import { SLICE_ROWS, walkKeys } from './copy-walks.ts';
import { RedisNotes } from './notes.ts';
import { bytesOf, listOf, numberOf, textsOf } from './replies.ts';
import { RedisSessions } from './sessions.ts';
import { RedisSettings } from './settings.ts';
import type { RedisShareParts } from './share-parts.ts';
import { RedisWishes } from './wishes.ts';

type UserTable = 'acceptances' | 'ask-again' | 'notes' | 'user-settings' | 'off-line-wishes' | 'sessions';

export function userCopyTables(parts: RedisShareParts): Readonly<Record<UserTable, RedisCopyTable>> {
  const { connection, keys } = parts;
  const { background } = connection;
  const [settings, wishes, notes] = [
    new RedisSettings(parts),
    new RedisWishes(parts),
    new RedisNotes(connection, keys),
  ];
  const anyShare = (part: string): string => keys.anyShare(part, '*');
  const get = (key: string): Promise<RedisReply> => background.command('GET', key);
  return {
    acceptances: namedTable(parts, {
      glob: anyShare('acceptances'),
      fetch: (key) => background.command('HVALS', key),
      recordOf: (reply) => {
        const all = listOf(reply).flatMap((bytes) => readAcceptances(bytesOf(bytes) ?? Buffer.alloc(0)));
        return all.length === 0 ? undefined : copiedAcceptances(all);
      },
      write: (user, value) => {
        const fields = readAcceptances(value).flatMap((one) => [one.policy, writeAcceptances([one])]);
        return background.command('HSET', keys.of(user, 'acceptances', user), ...fields);
      },
    }),
    'ask-again': askAgain(parts),
    notes: namedTable(parts, {
      glob: keys.at('common', 'note', '*'),
      fetch: get,
      recordOf: (reply) => {
        const bytes = bytesOf(reply);
        if (bytes !== undefined) readNote(bytes);
        return bytes;
      },
      write: (name, value) => notes.put(name, readNote(value)),
    }),
    'user-settings': namedTable(parts, {
      glob: anyShare('settings'),
      fetch: get,
      recordOf: (reply) => {
        const bytes = bytesOf(reply);
        return bytes && copiedSettings(readSettings(bytes));
      },
      write: (user, value) => settings.set(user, readSettings(value)),
    }),
    'off-line-wishes': namedTable(parts, {
      glob: anyShare('wishes'),
      fetch: get,
      recordOf: (reply) => {
        const bytes = bytesOf(reply);
        if (bytes !== undefined) readWishesOf(bytes);
        return bytes;
      },
      write: (user, value) => wishes.set(user, readWishesOf(value)),
    }),
    sessions: sessions(parts),
  };
}

interface Named {
  /** Of the keys; it ends where the name begins. */
  readonly glob: string;
  readonly fetch: (key: string) => Promise<RedisReply>;
  /** Undefined where there is nothing. @throws RecordError */
  readonly recordOf: (reply: RedisReply) => Buffer | undefined;
  readonly write: (name: string, value: Buffer) => Promise<unknown>;
}

function namedTable({ connection }: RedisShareParts, { glob, fetch, recordOf, write }: Named): RedisCopyTable {
  const beforeName = glob.slice(glob.indexOf('}'), -1);
  const nameOf = (key: string): string => key.slice(key.indexOf(beforeName) + beforeName.length);
  return {
    async count() {
      let count = 0;
      for (let after: string | undefined; ; ) {
        const { rows, next } = await walkKeys(connection, glob, after);
        count += rows.length;
        if (next === undefined) return count;
        after = next;
      }
    },
    async read(after) {
      const { rows, next } = await walkKeys(connection, glob, after);
      const replies = await Promise.all(rows.map(fetch));
      return rowsOf(next, rows, (key, at) => {
        const value = recordOf(replies[at] ?? null);
        return value === undefined ? GONE : { key: nameOf(key), value };
      });
    },
    write: (rows) => Promise.all(rows.map(({ key, value }) => write(key, Buffer.from(value)))),
  };
}

function askAgain({ connection, keys }: RedisShareParts): RedisCopyTable {
  const { background } = connection;
  const key = keys.at('common', 'ask-again');
  return {
    count: async () => numberOf(await background.command('EXISTS', key)),
    async read() {
      const bytes = bytesOf(await background.command('GET', key));
      return rowsOf(undefined, bytes === undefined ? [] : [bytes], (value) => {
        readWishes(value);
        return { key: ONLY_ROW, value };
      });
    },
    async write([row]) {
      if (row !== undefined) await background.command('SET', key, row.value);
    },
  };
}

function sessions({ connection, keys, shares }: RedisShareParts): RedisCopyTable {
  const { background } = connection;
  const store = new RedisSessions(connection, keys);
  return {
    async count() {
      let count = 0;
      for (const share of shares) {
        const vasps = textsOf(await background.command('SMEMBERS', keys.inShare(share, 'session-vasps')));
        for (const vasp of vasps)
          count += numberOf(await background.command('ZCARD', keys.inShare(share, 'session-ends', vasp)));
      }
      return count;
    },
    async read(after) {
      const found = await store.slice(after, SLICE_ROWS);
      const next = found.length < SLICE_ROWS ? undefined : found.at(-1)?.[0];
      return rowsOf(next, found, ([key, record]) => ({
        key,
        value: writeSession(record),
        expiresAt: record.expiresAt,
      }));
    },
    write: (rows) => Promise.all(rows.map(({ key, value }) => store.put(key, readSession(Buffer.from(value))))),
  };
}
