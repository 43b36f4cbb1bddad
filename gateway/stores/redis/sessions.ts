/**
 * Sessions in Redis: one key each, with a life a little behind its end, and beside them, for each share and VASP, an index of
 * their keys by their ends: as many entries as there are sessions, removed with them or by the next sweep. The index may
 * think that a session ends earlier than it does, because use moves the session's end alone. A sweep costs what has ended
 * since the last one, and counting costs nothing; going through all sessions reads a share's keys from its indexes and
 * brings them into their order here, so no second index is needed for that, nor for the rare question after one user.
 */
import type { SessionRecord, SessionStore } from '../../ports.ts';
import { ALL_SHARES, shareOf } from '../../shares.ts';
import { entriesWhere } from '../../slices.ts';
import { RecordError, readSession, readSessionLife, writeSession } from '../records.ts';
import type { RedisConnection } from './connection.ts';
import type { KeySpace } from './keys.ts';
import { bytesOf, listOf, numberOf, textOf, textsOf } from './replies.ts';
import { DELETE, DROP_EMPTY, PROLONG, PUT, SWEEP } from './sessions-scripts.ts';

/** Sessions that one script or command looks at: others wait for about a millisecond. */
const AT_ONCE = 500;
/** Goings-through that are known to go on; each keeps the keys of one share. */
const MOST_WALKS = 8;

/** The sorted keys of one share, and how many of them were handed out. */
interface Walk {
  readonly share: number;
  readonly sessions: readonly string[];
  readonly at: number;
}

export class RedisSessions implements SessionStore {
  readonly #connection: RedisConnection;
  readonly #keys: KeySpace;
  /** By the last key that was handed out. */
  readonly #walks = new Map<string, Walk>();

  constructor(connection: RedisConnection, keys: KeySpace) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async get(sessionKey: string): Promise<SessionRecord | undefined> {
    const bytes = bytesOf(await this.#connection.requests.command('GET', this.#session(sessionKey)));
    return bytes === undefined ? undefined : readSession(bytes);
  }

  async put(sessionKey: string, record: SessionRecord): Promise<boolean> {
    const share = shareOf(sessionKey);
    const keys = [this.#session(sessionKey), this.#index(share, record.vasp), this.#vasps(share)];
    const args = [writeSession(record), sessionKey, record.expiresAt, record.vasp];
    return (await this.#connection.requests.run(PUT, keys, args)) === 1;
  }

  async prolong(sessionKey: string, expiresAt: number): Promise<boolean> {
    const bytes = Buffer.alloc(6);
    bytes.writeUIntBE(expiresAt, 0, 6);
    const done = await this.#connection.requests.run(PROLONG, [this.#session(sessionKey)], [expiresAt, bytes]);
    if (done === -1) throw new RecordError('a session record is damaged');
    return done === 1;
  }

  /** The index is that of the VASP which the session says; of one that says none, a sweep removes the entry. */
  async delete(sessionKey: string): Promise<void> {
    const { requests } = this.#connection;
    const session = this.#session(sessionKey);
    const bytes = bytesOf(await requests.command('GET', session));
    if (bytes === undefined) return;
    const vasp = vaspOf(bytes);
    if (vasp === undefined) await requests.command('DEL', session);
    else await requests.run(DELETE, [session, this.#index(shareOf(sessionKey), vasp)], [sessionKey]);
  }

  async sweep(now: number): Promise<ReadonlyMap<string, number>> {
    const left = new Map<string, number>();
    let unreadable = 0;
    for (const share of ALL_SHARES) {
      for (const vasp of await this.#vaspsOf(share)) {
        unreadable += await this.#removeExpired(share, vasp, now);
        const index = this.#index(share, vasp);
        const count = numberOf(await this.#connection.background.command('ZCARD', index));
        if (count > 0) left.set(vasp, (left.get(vasp) ?? 0) + count);
        else await this.#connection.background.run(DROP_EMPTY, [index, this.#vasps(share)], [vasp]);
      }
    }
    if (unreadable > 0) throw new RecordError(`${unreadable} session records are damaged`);
    return left;
  }

  /** How many cannot be read. Each round takes what it looked at out of what the next one finds. */
  async #removeExpired(share: number, vasp: string, now: number): Promise<number> {
    const { background } = this.#connection;
    const index = this.#index(share, vasp);
    let unreadable = 0;
    for (;;) {
      const range = ['ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', unreadable, AT_ONCE] as const;
      const ended = textsOf(await background.command(...range));
      if (ended.length === 0) return unreadable;
      const sessions = ended.map((key) => this.#session(key));
      unreadable += numberOf(await background.run(SWEEP, [index, ...sessions], [now, vasp, ...ended]));
      if (ended.length < AT_ONCE) return unreadable;
    }
  }

  async ofUser(userKey: string): Promise<ReadonlyMap<string, SessionRecord>> {
    return entriesWhere(this, AT_ONCE, (record) => record.userKey === userKey);
  }

  /** A session that is opened in a share while that is gone through may be left out. */
  async slice(
    after: string | undefined,
    limit: number,
  ): Promise<readonly (readonly [key: string, record: SessionRecord])[]> {
    const found: (readonly [string, SessionRecord])[] = [];
    let walk = this.#continued(after) ?? (await this.#begun(after === undefined ? 0 : shareOf(after), after));
    for (;;) {
      const { share, sessions, at } = walk;
      const some = sessions.slice(at, at + Math.min(limit - found.length, AT_ONCE));
      if (some.length > 0) {
        found.push(...(await this.#read(some)));
        walk = { share, sessions, at: at + some.length };
      } else if (share + 1 < ALL_SHARES.length) {
        walk = await this.#begun(share + 1, undefined);
      } else return found;
      if (found.length >= limit) break;
    }
    this.#remember(found.at(-1)?.[0], walk);
    return found;
  }

  #continued(after: string | undefined): Walk | undefined {
    if (after === undefined) return undefined;
    const walk = this.#walks.get(after);
    this.#walks.delete(after);
    return walk;
  }

  #remember(last: string | undefined, walk: Walk): void {
    const [oldest] = this.#walks.keys();
    if (this.#walks.size >= MOST_WALKS && oldest !== undefined) this.#walks.delete(oldest);
    if (last !== undefined) this.#walks.set(last, walk);
  }

  async #begun(share: number, after: string | undefined): Promise<Walk> {
    const all = new Set<string>();
    for (const vasp of await this.#vaspsOf(share)) {
      let cursor = '0';
      do {
        const scan = ['ZSCAN', this.#index(share, vasp), cursor, 'COUNT', AT_ONCE] as const;
        const [next, entries] = listOf(await this.#connection.background.command(...scan));
        cursor = textOf(next);
        // Keys and ends in turn.
        for (const [at, text] of textsOf(entries ?? null).entries()) if (at % 2 === 0) all.add(text);
      } while (cursor !== '0');
    }
    const sessions = [...all].filter((key) => after === undefined || key > after).sort();
    return { share, sessions, at: 0 };
  }

  /** Those that are there and can be read; all in one share. */
  async #read(sessionKeys: readonly string[]): Promise<readonly (readonly [string, SessionRecord])[]> {
    const keys = sessionKeys.map((key) => this.#session(key));
    const values = listOf(await this.#connection.background.command('MGET', ...keys));
    return sessionKeys.flatMap((key, at) => {
      const bytes = bytesOf(values[at]);
      const record = bytes === undefined ? undefined : readable(bytes);
      return record === undefined ? [] : [[key, record] as const];
    });
  }

  async #vaspsOf(share: number): Promise<readonly string[]> {
    return textsOf(await this.#connection.background.command('SMEMBERS', this.#vasps(share)));
  }

  #session(sessionKey: string): string {
    return this.#keys.of(sessionKey, 's', sessionKey);
  }

  #index(share: number, vasp: string): string {
    return this.#keys.inShare(share, 'session-ends', vasp);
  }

  /** Of which there are sessions in a share: as many as the configuration has, and what of them is left. */
  #vasps(share: number): string {
    return this.#keys.inShare(share, 'session-vasps');
  }
}

/** A session that cannot be read fails who asks for it and every sweep, which says so; it does not hide the others. */
function readable(bytes: Buffer): SessionRecord | undefined {
  try {
    return readSession(bytes);
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}

function vaspOf(bytes: Buffer): string | undefined {
  try {
    return readSessionLife(bytes).vasp;
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}
