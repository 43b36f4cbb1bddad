/**
 * Kept messages as they lie in Redis, and all ways to read them. A record that cannot be read fails what asks for it by its
 * name, and is left out, and counted, where messages are gone through; rows whose record has gone by itself are removed when
 * they are come upon.
 */
import type { StoredMessage } from '../../mailbox-ports.ts';
import { shareOf } from '../../shares.ts';
import { readHeader, writeHeader } from '../mailbox-records.ts';
import { RecordError } from '../records.ts';
import type { RedisLink, RedisReply } from './connection.ts';
import { CLEAN } from './mailbox-scripts.ts';
import { bytesOf, textsOf } from './replies.ts';
import { type RedisShareParts, runInShare } from './share-parts.ts';
import { behind, found, nameOf, recordsUnder, rowsByName, rowsByTime } from './share-walk.ts';

/** A message and what stands in its place. */
export interface FoundMail {
  readonly share: number;
  /** Its header with its sequence and user before, as it lies there. */
  readonly bytes: Buffer;
  readonly message: StoredMessage;
}

interface Stray {
  readonly share: number;
  readonly id: string;
}

const SPACE = 0x20;
const LINE_END = 0x0a;

export class MailboxRows {
  readonly #parts: RedisShareParts;
  /** Ids of messages that were come upon and could not be read. */
  readonly #unreadable = new Set<string>();

  constructor(parts: RedisShareParts) {
    this.#parts = parts;
  }

  /** Whether this is the whole store, so that a message may lie in any share. */
  get isWhole(): boolean {
    return this.#parts.shares.length > 1;
  }

  get unreadable(): number {
    return this.#unreadable.size;
  }

  /** They are gone, or written anew. */
  forgetUnreadable(ids: readonly string[]): void {
    for (const id of ids) this.#unreadable.delete(id);
  }

  mail(share: number, id: string): string {
    return this.#parts.keys.inShare(share, 'mail', id);
  }

  /** KEYS 1 to 5 of the scripts. */
  indexes(share: number): readonly string[] {
    return ['ids', 'order', 'expiry', 'counts', 'totals'].map((name) => this.index(share, name));
  }

  index(share: number, name: string): string {
    return this.#parts.keys.inShare(share, `mail-${name}`);
  }

  /** A field of the message that lies under an id, in whichever share. */
  async field(id: string, name: 'h' | 'c'): Promise<{ readonly share: number; readonly bytes: Buffer } | undefined> {
    const { connection, shares } = this.#parts;
    const read = (share: number): Promise<RedisReply> =>
      connection.requests.command('HGET', this.mail(share, id), name);
    const replies = await Promise.all(shares.map(read));
    const at = replies.findIndex((reply) => reply !== null);
    const [share, bytes] = [shares[at], at === -1 ? undefined : bytesOf(replies[at])];
    return share === undefined || bytes === undefined ? undefined : { share, bytes };
  }

  /** @throws RecordError */
  async find(id: string): Promise<FoundMail | undefined> {
    const there = await this.field(id, 'h');
    return there === undefined ? undefined : { ...there, message: messageOf(id, there.bytes) };
  }

  async ofUser(userKey: string, state: StoredMessage['state'], limit: number): Promise<readonly StoredMessage[]> {
    const { requests } = this.#parts.connection;
    const share = shareOf(userKey);
    const start = startOf(userKey, state);
    const range = ['ZRANGEBYLEX', this.index(share, 'order'), `[${start}`, `(${start}:`, 'LIMIT'] as const;
    return this.#found(requests, limit, async (before, count) => {
      const places = textsOf(await requests.command(...range, before.length, count));
      return places.map((place) => ({ share, id: idIn(place) }));
    });
  }

  /** Ids of what is kept for a user, at most so many. */
  async idsOf(userKey: string, limit: number): Promise<readonly string[]> {
    const order = this.index(shareOf(userKey), 'order');
    const range = [`[${userKey}\0`, behind(userKey), 'LIMIT', 0, limit] as const;
    return textsOf(await this.#parts.connection.requests.command('ZRANGEBYLEX', order, ...range)).map(idIn);
  }

  async expired(now: number, limit: number): Promise<readonly StoredMessage[]> {
    const expiry = (share: number): string => this.index(share, 'expiry');
    return this.#found(this.#parts.connection.background, limit, async (before, count) => {
      const rows = await rowsByTime(this.#parts, expiry, now, before, count);
      return rows.map((row) => ({ ...row, id: row.member }));
    });
  }

  async slice(after: string | undefined, limit: number): Promise<readonly StoredMessage[]> {
    const ids = (share: number): string => this.index(share, 'ids');
    return this.#found(this.#parts.connection.background, limit, async (before, count) => {
      const last = before.at(-1)?.id ?? after;
      const rows = await rowsByName(this.#parts, ids, last === undefined ? '-' : behind(last), count);
      return rows.map((row) => ({ ...row, id: nameOf(row.member) }));
    });
  }

  async #found(
    link: RedisLink,
    limit: number,
    next: (before: readonly Stray[], count: number) => Promise<readonly Stray[]>,
  ): Promise<readonly StoredMessage[]> {
    const strays: Stray[] = [];
    const messages = await found(limit, next, async (rows) => {
      const places = rows.map(({ share, id }) => ({ share, key: this.mail(share, id) }));
      const headers = await recordsUnder(link, places, 'h');
      strays.push(...rows.filter((_, at) => headers[at] === undefined));
      return rows.map(({ id }, at) => this.#readable(id, headers[at]));
    });
    await this.#clean(strays);
    return messages;
  }

  #readable(id: string, bytes: Buffer | undefined): StoredMessage | undefined {
    try {
      return bytes === undefined ? undefined : messageOf(id, bytes);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#unreadable.add(id);
      return undefined;
    }
  }

  /** What was read is right without it: it is tried again by whoever comes upon them next. */
  async #clean(strays: readonly Stray[]): Promise<void> {
    const { background } = this.#parts.connection;
    for (const share of new Set(strays.map((stray) => stray.share))) {
      const ids = strays.filter((stray) => stray.share === share).map(({ id }) => id);
      const mails = ids.map((id) => this.mail(share, id));
      const all = [...this.indexes(share), ...mails];
      await runInShare(this.#parts, CLEAN, share, all, ids, background).catch(() => undefined);
    }
  }
}

/** What stands behind the sequence: the user, and the header as in every store. */
export function rowOf(message: StoredMessage): Buffer {
  return Buffer.concat([Buffer.from(`${message.userKey}\n`), writeHeader(message)]);
}

/** The whole of it. */
export function wholeRowOf(message: StoredMessage): Buffer {
  return Buffer.concat([Buffer.from(`${message.sequence} `), rowOf(message)]);
}

/** @throws RecordError */
export function messageOf(id: string, bytes: Buffer): StoredMessage {
  const [space, end] = [bytes.indexOf(SPACE), bytes.indexOf(LINE_END)];
  const sequence = Number(bytes.toString('latin1', 0, Math.max(space, 0)));
  if (space <= 0 || end <= space || !Number.isSafeInteger(sequence))
    throw new RecordError('a kept message has lost its place');
  return readHeader({ id, userKey: bytes.toString('utf8', space + 1, end), sequence }, bytes.subarray(end + 1));
}

/** How the places of a user's messages begin: user, NUL, state. */
function startOf(userKey: string, state: StoredMessage['state']): string {
  return `${userKey}\0${state === 'dead' ? 'd' : 'w'}`;
}

function idIn(place: string): string {
  return place.slice(place.lastIndexOf('\0') + 1);
}
