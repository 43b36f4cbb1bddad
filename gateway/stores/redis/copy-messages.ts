/**
 * Messages in Redis as tables of a copy: System Messages, kept messages, notifications. They are found by the indexes of their
 * shares, and what is counted and indexed beside them comes anew with each that is put in.
 */
import { pairKey, pairOf } from '../../copy-ports.ts';
import { shareOf } from '../../shares.ts';
import { readMailRow, writeMailRow } from '../copy-mail.ts';
import { readContent, readHeader, readNotification, readPlace, writeHeader, writePlace } from '../mailbox-records.ts';
import { readMessage } from '../message-records.ts';
import { GONE, type RedisCopyTable, rowsOf } from './copy-table.ts';
import { walkIndexes } from './copy-walks.ts';
import { MailboxRows, messageOf, wholeRowOf } from './mailbox-rows.ts';
import { INDEXES } from './mailbox-scripts.ts';
import { RedisSystemMessages } from './messages.ts';
import { RedisNotifications } from './notifications.ts';
import { bytesOf, listOf, numberOf } from './replies.ts';
import { type ShareScript, shareScript } from './script.ts';
import { indexLifeMillis, lifeMillis, MARGIN_MILLIS } from './share-lives.ts';
import { type RedisShareParts, runInShare } from './share-parts.ts';
import { nameOf } from './share-walk.ts';

type MessageTable = 'system-messages' | 'mailbox' | 'notifications';

/**
 * KEYS 6: message. ARGV: id, user, kind, bytes, what is kept of it, content; state, sequence, when it expires, lives. In the
 * place of one with the same id, behind which everything new is put.
 */
const RESTORE: ShareScript = shareScript(`${INDEXES}
local mail = KEYS[6]
local id, user, kind, bytes, header, content = unpack(ARGV, 1, 6)
local state, sequence, expiresAt, life, indexLife = ARGV[7], ARGV[8], ARGV[9], ARGV[10], tonumber(ARGV[11])
local row = rowOf(id)
if row then take(row) end
redis.call('DEL', mail)
redis.call('HSET', mail, 'h', header)
if content ~= '' then redis.call('HSET', mail, 'c', content) end
redis.call('PEXPIRE', mail, life)
if tonumber(redis.call('HGET', totals, 'last') or 0) < tonumber(sequence) then
  redis.call('HSET', totals, 'last', sequence)
end
add({ id = id, sequence = sequence, kind = kind, bytes = bytes, user = user }, state, expiresAt, indexLife)
return 1`);

export function messageCopyTables(parts: RedisShareParts): Readonly<Record<MessageTable, RedisCopyTable>> {
  return {
    'system-messages': systemMessages(parts),
    mailbox: keptMessages(parts),
    notifications: notifications(parts),
  };
}

async function indexCount({ connection, shares }: RedisShareParts, keyOf: (share: number) => string): Promise<number> {
  const counts = await Promise.all(shares.map((share) => connection.background.command('ZCARD', keyOf(share))));
  return counts.reduce<number>((sum, count) => sum + numberOf(count), 0);
}

function systemMessages(parts: RedisShareParts): RedisCopyTable {
  const { connection, keys } = parts;
  const store = new RedisSystemMessages(parts);
  const index = (share: number): string => keys.inShare(share, 'said-ids');
  return {
    count: () => indexCount(parts, index),
    async read(after) {
      const { rows, next } = await walkIndexes(connection, index, after);
      const get = ({ share, member }: { readonly share: number; readonly member: string }) =>
        connection.background.command('GET', keys.inShare(share, 'said', nameOf(member)));
      const records = await Promise.all(rows.map(get));
      return rowsOf(next, rows, ({ member }, at) => {
        const [key, value] = [nameOf(member), bytesOf(records[at] ?? null)];
        if (value === undefined) return GONE;
        readMessage(key, value);
        return { key, value };
      });
    },
    write: (rows) => store.put(rows.map(({ key, value }) => readMessage(key, Buffer.from(value)))),
  };
}

function keptMessages(parts: RedisShareParts): RedisCopyTable {
  const { connection } = parts;
  const { background } = connection;
  const places = new MailboxRows(parts);
  const ids = (share: number): string => places.index(share, 'ids');
  return {
    count: () => indexCount(parts, ids),
    async read(after) {
      const { rows, next } = await walkIndexes(connection, ids, after);
      const fields = await Promise.all(
        rows.map(({ share, member }) => background.command('HMGET', places.mail(share, nameOf(member)), 'h', 'c')),
      );
      return rowsOf(next, rows, ({ member }, at) => {
        const [header, content] = listOf(fields[at]).map(bytesOf);
        if (header === undefined) return GONE;
        const key = nameOf(member);
        const message = messageOf(key, header);
        if (content !== undefined) readContent(content);
        const value = writeMailRow({ place: writePlace(message), header: writeHeader(message), content });
        return { key, value };
      });
    },
    async write(rows) {
      const restore = async (id: string, value: Uint8Array): Promise<void> => {
        const row = readMailRow(value);
        const { userKey, sequence } = readPlace(row.place);
        const message = readHeader({ id, userKey, sequence }, row.header);
        const { kind, state, bytes, expiresAt, diedAt } = message;
        const share = shareOf(userKey);
        const life =
          state === 'dead'
            ? lifeMillis(diedAt ?? 0, MARGIN_MILLIS.deadMail)
            : lifeMillis(expiresAt, MARGIN_MILLIS.mail);
        await runInShare(
          parts,
          RESTORE,
          share,
          [...places.indexes(share), places.mail(share, id)],
          [
            ...[id, userKey, kind === 'report' ? 'r' : 'm', bytes, wholeRowOf(message), row.content ?? ''],
            ...[state === 'dead' ? 'd' : 'w', sequence, expiresAt, life, indexLifeMillis(life)],
          ],
          background,
        );
      };
      await Promise.all(rows.map(({ key, value }) => restore(key, value)));
    },
  };
}

function notifications(parts: RedisShareParts): RedisCopyTable {
  const { connection } = parts;
  const store = new RedisNotifications(parts);
  const names = (share: number): string => store.index(share, 'names');
  const named = (member: string): readonly [userKey: string, policy: string] => {
    const userKey = nameOf(member);
    return [userKey, member.slice(userKey.length + 1)];
  };
  return {
    count: () => indexCount(parts, names),
    async read(after) {
      const { rows, next } = await walkIndexes(connection, names, after);
      const get = ({ member }: { readonly member: string }) => {
        const [userKey, policy] = named(member);
        return connection.background.command('GET', store.key({ userKey, policy }));
      };
      const records = await Promise.all(rows.map(get));
      return rowsOf(next, rows, ({ member }, at) => {
        const value = bytesOf(records[at] ?? null);
        if (value === undefined) return GONE;
        const [userKey, policy] = named(member);
        readNotification(userKey, policy, value);
        return { key: pairKey(userKey, policy), value };
      });
    },
    write: (rows) =>
      Promise.all(rows.map(({ key, value }) => store.put(readNotification(...pairOf(key), Buffer.from(value))))),
  };
}
