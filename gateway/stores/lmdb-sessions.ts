/** Sessions in LMDB. Changes that depend on what is stored look again inside the write transaction. */
import type { Database } from 'lmdb';
import type { SessionRecord, SessionStore } from '../ports.ts';
import { entriesWhere } from '../slices.ts';
import { durably, onDisk } from './lmdb-commit.ts';
import { RecordError, readSession, readSessionLife, writeSession } from './records.ts';

/** Entries that a sweep looks at before it lets other work run: about a millisecond. */
const SWEEP_SLICE = 1000;

export class LmdbSessions implements SessionStore {
  readonly #db: Database<Buffer, string>;

  constructor(db: Database<Buffer, string>) {
    this.#db = db;
  }

  async get(sessionKey: string): Promise<SessionRecord | undefined> {
    // A snapshot lives for a moment, in which another process may have ended or changed the session.
    this.#db.resetReadTxn();
    // The buffer is LMDB's until the next read: it is decoded before anything else runs.
    const bytes = this.#db.getBinaryFast(sessionKey);
    return bytes === undefined ? undefined : readSession(bytes);
  }

  async put(sessionKey: string, record: SessionRecord): Promise<boolean> {
    const bytes = writeSession(record);
    const replaces = this.#db.getBinary(sessionKey) !== undefined;
    await onDisk(this.#db, () => this.#db.put(sessionKey, bytes));
    return replaces;
  }

  async prolong(sessionKey: string, expiresAt: number): Promise<boolean> {
    return durably(this.#db, () => {
      const bytes = this.#db.getBinary(sessionKey);
      if (bytes === undefined) return false;
      const record = readSession(bytes);
      if (expiresAt > record.expiresAt) this.#db.putSync(sessionKey, writeSession({ ...record, expiresAt }));
      return true;
    });
  }

  async delete(sessionKey: string): Promise<void> {
    await onDisk(this.#db, () => this.#db.remove(sessionKey));
  }

  /** Goes through everything in slices with pauses between them; a session opened meanwhile may not be counted yet. */
  async sweep(now: number): Promise<ReadonlyMap<string, number>> {
    const left = new Map<string, number>();
    let after: string | undefined;
    do {
      const slice = this.#slice(after, now, left);
      if (slice.expired.length > 0) await this.#removeExpired(slice.expired, now);
      after = slice.last;
      await new Promise((resume) => setImmediate(resume));
    } while (after !== undefined);
    return left;
  }

  /** Counts the living and lists the expired among the next entries; `last` is undefined at the end. */
  #slice(
    after: string | undefined,
    now: number,
    left: Map<string, number>,
  ): { expired: string[]; last: string | undefined } {
    const expired: string[] = [];
    let seen = 0;
    let last: string | undefined;
    const from = after === undefined ? {} : { start: after, exclusiveStart: true };
    for (const { key, value } of this.#db.getRange({ ...from, limit: SWEEP_SLICE })) {
      const { vasp, expiresAt } = readSessionLife(value);
      if (expiresAt <= now) expired.push(key);
      else left.set(vasp, (left.get(vasp) ?? 0) + 1);
      seen++;
      last = key;
    }
    return { expired, last: seen < SWEEP_SLICE ? undefined : last };
  }

  /** Looks again inside the transaction: another process may have prolonged a session since. */
  async #removeExpired(keys: readonly string[], now: number): Promise<void> {
    await durably(this.#db, () => {
      for (const key of keys) {
        const bytes = this.#db.getBinary(key);
        if (bytes !== undefined && readSessionLife(bytes).expiresAt <= now) this.#db.removeSync(key);
      }
    });
  }

  async ofUser(userKey: string): Promise<ReadonlyMap<string, SessionRecord>> {
    return entriesWhere(this, SWEEP_SLICE, (record) => record.userKey === userKey);
  }

  async slice(
    after: string | undefined,
    limit: number,
  ): Promise<readonly (readonly [key: string, record: SessionRecord])[]> {
    this.#db.resetReadTxn();
    const from = after === undefined ? {} : { start: after, exclusiveStart: true };
    const found: (readonly [string, SessionRecord])[] = [];
    for (const { key, value } of this.#db.getRange(from)) {
      const record = readable(value);
      if (record !== undefined) found.push([key, record]);
      if (found.length >= limit) break;
    }
    return found;
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
