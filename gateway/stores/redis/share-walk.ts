/**
 * Going through what lies in several shares as if it lay in one: the indexes of all are read at the same moment, and what
 * comes first is taken. A record that is gone or cannot be read takes no place among those that were asked for.
 */
import { piecesOf } from '../../slices.ts';
import type { RedisLink } from './connection.ts';
import { bytesOf, listOf, textsOf } from './replies.ts';
import { script } from './script.ts';
import type { RedisShareParts } from './share-parts.ts';

/** A row of an index. */
export interface IndexRow {
  readonly share: number;
  readonly member: string;
  readonly score: number;
}

/** As long as in the store of one machine, so that what fits one fits the other. */
const MAX_NAME_BYTES = 500;
const LAST_CONTROL = 0x1f;
/** Rows that are read of an index at once. */
const AT_ONCE = 500;
/** Records that one script reads: others wait a fraction of a millisecond for it. */
const READ_AT_ONCE = 100;

/** KEYS: records. Which of them are there. */
const WHICH = script(`
local there = {}
for at = 1, #KEYS do there[at] = redis.call('EXISTS', KEYS[at]) end
return there`);

const RECORDS = script(`
local records = {}
for at = 1, #KEYS do records[at] = redis.call('GET', KEYS[at]) end
return records`);

const FIELDS = script(`
local fields = {}
for at = 1, #KEYS do fields[at] = redis.call('HGET', KEYS[at], ARGV[1]) end
return fields`);

/** Behind everything that begins with `text` and a NUL: names end so in indexes. */
export const behind = (text: string): string => `(${text}\u0001`;

/** The first rows of all shares by their members. @param from as ZRANGEBYLEX has it */
export async function rowsByName(
  { connection, shares }: RedisShareParts,
  keyOf: (share: number) => string,
  from: string,
  limit: number,
): Promise<readonly IndexRow[]> {
  const read = async (share: number): Promise<readonly IndexRow[]> => {
    const range = ['ZRANGEBYLEX', keyOf(share), from, '+', 'LIMIT', 0, limit] as const;
    return textsOf(await connection.background.command(...range)).map((member) => ({ share, member, score: 0 }));
  };
  const rows = (await Promise.all(shares.map(read))).flat();
  return rows.sort((a, b) => (a.member < b.member ? -1 : 1)).slice(0, limit);
}

/** The next rows of all shares that are not behind a time, the oldest first. @param before those that were read already */
export async function rowsByTime(
  { connection, shares }: RedisShareParts,
  keyOf: (share: number) => string,
  now: number,
  before: readonly Pick<IndexRow, 'share'>[],
  limit: number,
): Promise<readonly IndexRow[]> {
  const read = async (share: number): Promise<readonly IndexRow[]> => {
    const offset = before.filter((row) => row.share === share).length;
    const range = ['ZRANGEBYSCORE', keyOf(share), '-inf', now, 'WITHSCORES', 'LIMIT', offset, limit] as const;
    return rowsWithScores(share, textsOf(await connection.background.command(...range)));
  };
  const rows = (await Promise.all(shares.map(read))).flat();
  return rows.sort((a, b) => a.score - b.score || (a.member < b.member ? -1 : 1)).slice(0, limit);
}

function rowsWithScores(share: number, texts: readonly string[]): readonly IndexRow[] {
  return Array.from({ length: texts.length / 2 }, (_, at) => ({
    share,
    member: texts[at * 2] ?? '',
    score: Number(texts[at * 2 + 1]),
  }));
}

/**
 * At most so many of what an index leads to.
 *
 * @param next the rows behind those that were read already, fewer than `count` at the end
 * @param look undefined for what is to be left out
 */
export async function found<Row, Found>(
  limit: number,
  next: (before: readonly Row[], count: number) => Promise<readonly Row[]>,
  look: (rows: readonly Row[]) => Promise<readonly (Found | undefined)[]>,
): Promise<readonly Found[]> {
  const all: Found[] = [];
  const before: Row[] = [];
  while (all.length < limit) {
    const count = Math.min(limit - all.length, AT_ONCE);
    const rows = await next(before, count);
    for (const one of rows.length === 0 ? [] : await look(rows)) if (one !== undefined) all.push(one);
    if (rows.length < count) break;
    before.push(...rows);
  }
  return all;
}

/**
 * The records under these keys, in their order: those of a share are read together.
 *
 * @param field of each; undefined: they are no hashes
 */
export async function recordsUnder(
  link: RedisLink,
  places: readonly { readonly share: number; readonly key: string }[],
  field: string | undefined,
): Promise<readonly (Buffer | undefined)[]> {
  const records = new Map<string, Buffer | undefined>();
  const read = async (keys: readonly string[]): Promise<void> => {
    const replies = listOf(
      await link.run(field === undefined ? RECORDS : FIELDS, keys, field === undefined ? [] : [field]),
    );
    for (const [at, key] of keys.entries()) records.set(key, bytesOf(replies[at]));
  };
  const shares = [...new Set(places.map(({ share }) => share))];
  const ofShare = (share: number) => places.filter((place) => place.share === share).map(({ key }) => key);
  await Promise.all(shares.flatMap((share) => piecesOf(ofShare(share), READ_AT_ONCE).map(read)));
  return places.map(({ key }) => records.get(key));
}

/** Which of these ids lie in which share. With one share, all do, whether there is anything or not. */
export async function inTheirShares(
  { connection, shares }: RedisShareParts,
  ids: readonly string[],
  keyOf: (share: number, id: string) => string,
): Promise<readonly (readonly [share: number, ids: readonly string[]])[]> {
  const [only] = shares;
  if (only !== undefined && shares.length === 1) return [[only, ids]];
  const asked = piecesOf(ids, AT_ONCE);
  const ofShare = async (share: number) => {
    const looks = asked.map((some) =>
      connection.requests.run(
        WHICH,
        some.map((id) => keyOf(share, id)),
        [],
      ),
    );
    const there = (await Promise.all(looks)).flatMap(listOf);
    return [share, ids.filter((_, at) => there[at] === 1)] as const;
  };
  return (await Promise.all(shares.map(ofShare))).filter(([, some]) => some.length > 0);
}

/** The member of an index up to its first NUL. */
export function nameOf(member: string): string {
  const end = member.indexOf('\0');
  return end === -1 ? member : member.slice(0, end);
}

/** Names of indexes end with a NUL, and records begin with a line: what stands in one has no such characters. */
export function checkNames(names: readonly string[]): void {
  for (const name of names) {
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw new RangeError('a key of a record has more than 500 bytes');
    if ([...name].some((one) => one.charCodeAt(0) <= LAST_CONTROL))
      throw new RangeError('a key of a record has a control character');
  }
}
