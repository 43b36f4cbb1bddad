/**
 * System Messages and users' settings in Redis, each in the share of its user. A record that cannot be read fails what asks
 * for it by name, and is left out, and counted, where all are gone through; rows whose record has gone by itself are removed
 * when they are come upon. Ids of messages that were erased with their user before they had ended are remembered for as long
 * as somebody may still have such a message in memory, so that it is not written again.
 */
import { shareOf } from '../../shares.ts';
import { piecesOf } from '../../slices.ts';
import type { MessageRecord, SystemMessageStore, UserSettings } from '../../system-message-ports.ts';
import { readMessage, writeMessage } from '../message-records.ts';
import { RecordError } from '../records.ts';
import { inTheirOrder, MAX_FORGOTTEN, unended } from '../rules.ts';
import type { RedisArgument, RedisLink, RedisReply } from './connection.ts';
import { CLEAN, FORGET, PUT, REMOVE } from './messages-scripts.ts';
import { bytesOf, numberOf, textsOf } from './replies.ts';
import type { ShareScript } from './script.ts';
import { RedisSettings } from './settings.ts';
import { indexLifeMillis, lifeMillis, MARGIN_MILLIS } from './share-lives.ts';
import { type RedisShareParts, runInShare } from './share-parts.ts';
import { behind, checkNames, found, inTheirShares, nameOf, recordsUnder, rowsByName } from './share-walk.ts';

/** What one script writes or removes: others wait some milliseconds for it. */
const AT_ONCE = 250;
/** More than any user has messages. */
const FORGOTTEN_ROUNDS = 1_000;

interface Row {
  readonly share: number;
  readonly id: string;
}

export class RedisSystemMessages implements SystemMessageStore {
  readonly #parts: RedisShareParts;
  readonly #settings: RedisSettings;
  /** Ids of records that {@link slice} came upon and could not read. */
  readonly #unreadable = new Set<string>();

  constructor(parts: RedisShareParts) {
    this.#parts = parts;
    this.#settings = new RedisSettings(parts);
  }

  async put(records: readonly MessageRecord[]): Promise<void> {
    // What cannot be written is found out before anything is.
    const written = records.map((record) => this.#written(record));
    for (const share of new Set(written.map((one) => one.share))) {
      for (const some of piecesOf(
        written.filter((one) => one.share === share),
        AT_ONCE,
      )) {
        await this.#run(
          PUT,
          share,
          some.flatMap(({ keys }) => keys),
          some.flatMap(({ args }) => args),
        );
      }
    }
    for (const { id } of records) this.#unreadable.delete(id);
  }

  async get(id: string): Promise<MessageRecord | undefined> {
    const { connection, shares } = this.#parts;
    const read = (share: number): Promise<RedisReply> => connection.requests.command('GET', this.#key(share, id));
    const bytes = (await Promise.all(shares.map(read))).map(bytesOf).find((one) => one !== undefined);
    return bytes === undefined ? undefined : readMessage(id, bytes);
  }

  async of(userKey: string): Promise<readonly MessageRecord[]> {
    const stored = await this.#storedOf(userKey);
    await this.#clean(stored.flatMap(({ row, bytes }) => (bytes === undefined ? [row] : [])));
    return inTheirOrder(stored.flatMap(({ row, bytes }) => (bytes === undefined ? [] : readMessage(row.id, bytes))));
  }

  async slice(after: string | undefined, limit: number): Promise<readonly MessageRecord[]> {
    const strays: Row[] = [];
    const next = (before: readonly Row[], count: number) => this.#behind(before.at(-1)?.id ?? after, count);
    const records = await found(limit, next, async (rows) => {
      const read = await this.#read(this.#parts.connection.background, rows);
      strays.push(...rows.filter((_, at) => read[at] === undefined));
      return rows.map(({ id }, at) => this.#readable(id, read[at]));
    });
    await this.#clean(strays);
    return records;
  }

  async unreadable(): Promise<number> {
    return this.#unreadable.size;
  }

  async remove(ids: readonly string[]): Promise<void> {
    const byShare = await inTheirShares(this.#parts, ids, (share, id) => this.#key(share, id));
    for (const [share, all] of byShare)
      for (const some of piecesOf(all, AT_ONCE)) await this.#run(REMOVE, share, this.#keys(share, some), some);
    for (const id of ids) this.#unreadable.delete(id);
  }

  async settings(userKey: string): Promise<UserSettings> {
    return this.#settings.of(userKey);
  }

  async set(userKey: string, settings: UserSettings): Promise<void> {
    await this.#settings.set(userKey, settings);
  }

  async forget(userKey: string): Promise<number> {
    const share = shareOf(userKey);
    let there = 0;
    // What is put in at the same moment is found on the next way round.
    for (let round = 0; round < FORGOTTEN_ROUNDS; round += 1) {
      const stored = await this.#storedOf(userKey);
      if (round > 0 && stored.length === 0) break;
      const records = stored.flatMap(({ row, bytes }) =>
        bytes === undefined ? [] : (this.#readable(row.id, bytes) ?? []),
      );
      const ids = stored.map(({ row }) => row.id);
      const open = unended([], records);
      const keys = [this.#forgotten(userKey), this.#settings.key(userKey), ...this.#keys(share, ids)];
      const life = Math.max(0, ...records.map(lifeOf));
      there += numberOf(await this.#run(FORGET, share, keys, [life, MAX_FORGOTTEN, open.length, ...open, ...ids]));
      for (const id of ids) this.#unreadable.delete(id);
    }
    return there;
  }

  #written(record: MessageRecord) {
    const { id, userKey } = record;
    checkNames([id, userKey]);
    const share = shareOf(userKey);
    const life = lifeOf(record);
    return {
      share,
      keys: [this.#forgotten(userKey), this.#key(share, id)],
      args: [id, userKey, writeMessage(record), life, indexLifeMillis(life)],
    };
  }

  async #behind(id: string | undefined, count: number): Promise<readonly Row[]> {
    const from = id === undefined ? '-' : behind(id);
    const rows = await rowsByName(this.#parts, (share) => this.#index(share, 'ids'), from, count);
    return rows.map(({ share, member }) => ({ share, id: nameOf(member) }));
  }

  async #storedOf(userKey: string): Promise<readonly { readonly row: Row; readonly bytes: Buffer | undefined }[]> {
    const { requests } = this.#parts.connection;
    const share = shareOf(userKey);
    const range = ['ZRANGEBYLEX', this.#index(share, 'users'), `[${userKey}\0`, behind(userKey)] as const;
    const ids = textsOf(await requests.command(...range)).map((member) => member.slice(userKey.length + 1));
    const rows = ids.map((id) => ({ share, id }));
    const records = await this.#read(requests, rows);
    return rows.map((row, at) => ({ row, bytes: records[at] }));
  }

  #read(link: RedisLink, rows: readonly Row[]): Promise<readonly (Buffer | undefined)[]> {
    const places = rows.map(({ share, id }) => ({ share, key: this.#key(share, id) }));
    return recordsUnder(link, places, undefined);
  }

  #readable(id: string, bytes: Buffer | undefined): MessageRecord | undefined {
    try {
      return bytes === undefined ? undefined : readMessage(id, bytes);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#unreadable.add(id);
      return undefined;
    }
  }

  /** What was read is right without it: it is tried again by whoever comes upon them next. */
  async #clean(strays: readonly Row[]): Promise<void> {
    for (const share of new Set(strays.map((stray) => stray.share))) {
      const ids = strays.filter((stray) => stray.share === share).map(({ id }) => id);
      await this.#run(CLEAN, share, this.#keys(share, ids), ids).catch(() => undefined);
    }
  }

  #key(share: number, id: string): string {
    return this.#parts.keys.inShare(share, 'said', id);
  }

  #keys(share: number, ids: readonly string[]): readonly string[] {
    return ids.map((id) => this.#key(share, id));
  }

  #index(share: number, name: 'ids' | 'users'): string {
    return this.#parts.keys.inShare(share, `said-${name}`);
  }

  /** Ids of a user's messages that were erased before they had ended. */
  #forgotten(userKey: string): string {
    return this.#parts.keys.of(userKey, 'said-forgotten', userKey);
  }

  #run(
    script: ShareScript,
    share: number,
    keys: readonly string[],
    args: readonly RedisArgument[],
  ): Promise<RedisReply> {
    const all = [this.#index(share, 'ids'), this.#index(share, 'users'), ...keys];
    return runInShare(this.#parts, script, share, all, args);
  }
}

function lifeOf({ expiresAt, endedAt }: MessageRecord): number {
  return lifeMillis(Math.max(expiresAt, endedAt ?? 0), MARGIN_MILLIS.systemMessage);
}
