/**
 * The ways in which a copy goes through what lies in Redis: an index of a share after the other, a table of the audit chain, and
 * all keys of a kind where no index has them. A cursor that an earlier process left is good as long as the server runs.
 */
import { SHARES } from '../../shares.ts';
import type { RedisConnection, RedisReply } from './connection.ts';
import { listOf, textOf, textsOf } from './replies.ts';

/** Rows of one slice. */
export const SLICE_ROWS = 500;

export interface Walked<Row> {
  readonly rows: readonly Row[];
  readonly next: string | undefined;
}

/** A row of an index, by its member. */
export interface IndexMember {
  readonly share: number;
  readonly member: string;
}

/** The next members of an index, in the order of shares and members. */
export async function walkIndexes(
  { background }: RedisConnection,
  keyOf: (share: number) => string,
  after: string | undefined,
): Promise<Walked<IndexMember>> {
  const [first, last] = cursorOf(after ?? '0');
  for (let share = first; share < SHARES; share += 1) {
    const from = share === first && last !== undefined ? `(${last}` : '-';
    const range = ['ZRANGEBYLEX', keyOf(share), from, '+', 'LIMIT', 0, SLICE_ROWS] as const;
    const members = textsOf(await background.command(...range));
    const rows = members.map((member) => ({ share, member }));
    if (members.length === SLICE_ROWS) return { rows, next: `${share} ${members.at(-1) ?? ''}` };
    if (members.length > 0) return { rows, next: share + 1 < SHARES ? String(share + 1) : undefined };
  }
  return { rows: [], next: undefined };
}

/** A share, and the last member of it where it was begun. */
function cursorOf(after: string): readonly [share: number, member: string | undefined] {
  const at = after.indexOf(' ');
  return at === -1 ? [Number(after), undefined] : [Number(after.slice(0, at)), after.slice(at + 1)];
}

/** The next fields and values, in turn, of a hash. */
export async function walkHash(
  { background }: RedisConnection,
  key: string,
  after: string | undefined,
): Promise<Walked<readonly [field: Buffer, value: Buffer]>> {
  const [cursor, all] = listOf(await background.command('HSCAN', key, after ?? '0', 'COUNT', SLICE_ROWS));
  const replies = listOf(all);
  const rows = Array.from(
    { length: replies.length / 2 },
    (_, at) => [bufferOf(replies[2 * at]), bufferOf(replies[2 * at + 1])] as const,
  );
  const next = textOf(cursor);
  return { rows, next: next === '0' ? undefined : next };
}

/** The next members of an index of bytes. */
export async function walkMembers(
  { background }: RedisConnection,
  key: string,
  after: string | undefined,
): Promise<Walked<Buffer>> {
  const from = after === undefined ? '-' : Buffer.concat([Buffer.from('('), Buffer.from(after, 'base64')]);
  const reply = await background.command('ZRANGEBYLEX', key, from, '+', 'LIMIT', 0, SLICE_ROWS);
  const rows = listOf(reply).map(bufferOf);
  const last = rows.at(-1);
  return { rows, next: last === undefined || rows.length < SLICE_ROWS ? undefined : last.toString('base64') };
}

/** The next keys that match, on one server after the other. @param pattern a glob */
export async function walkKeys(
  connection: RedisConnection,
  pattern: string,
  after: string | undefined,
): Promise<Walked<string>> {
  const [server = 0, cursor = 0] = (after ?? '0 0').split(' ');
  const found = await connection.scan(Number(server), String(cursor), pattern, SLICE_ROWS);
  if (found === undefined) return { rows: [], next: undefined };
  const next = found.cursor === '0' ? `${Number(server) + 1} 0` : `${server} ${found.cursor}`;
  return { rows: found.keys, next };
}

function bufferOf(reply: RedisReply | undefined): Buffer {
  if (Buffer.isBuffer(reply)) return reply;
  throw new TypeError('Redis answered with something of another kind');
}
