/**
 * The embedded store: one LMDB environment in a directory. A write is acknowledged when it is on disk. Reads go to the
 * memory map and take a few microseconds. Several processes of one machine may have the same directory open; every
 * change that depends on what is stored is made inside a write transaction.
 *
 * A damaged environment is moved aside, never deleted, and an empty one takes its place: users are asked again rather
 * than locked out. Anything else that keeps it from opening (rights, a full disk, a newer version's data) stops the start.
 */
import { mkdirSync, renameSync } from 'node:fs';
import type { Database, RootDatabase } from 'lmdb';
import { open } from 'lmdb';
import { errorCode } from '../error-code.ts';
import type { Acceptance, AcceptanceStore, SessionRecord, SessionStore, Store } from '../ports.ts';
import { damageOf } from './lmdb-header.ts';
import { replaced } from './memory.ts';
import { readAcceptances, readSession, readSessionLife, writeAcceptances, writeSession } from './records.ts';

export type OpenResult =
  /** `setAside` is where a damaged environment was moved to. */
  | { readonly kind: 'open'; readonly store: Store; readonly setAside: string | undefined }
  | { readonly kind: 'failed'; readonly problem: string };

/** The form of the environment as a whole: which databases there are and how their keys are written. */
const LAYOUT = 1;
const LAYOUT_KEY = 'layout';
/** Entries that a sweep looks at before it lets other work run: about a millisecond. */
const SWEEP_SLICE = 1000;

/** Opens the environment, making it when the directory is new. `now` names a damaged one that is moved aside. */
export function openLmdbStore(directory: string, now: number): OpenResult {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    return { kind: 'failed', problem: `${directory}: cannot be made: ${errorCode(error)}` };
  }
  const first = tryOpen(directory);
  if (first.kind !== 'damaged') return first;
  const setAside = `${directory}.damaged-${new Date(now).toISOString().replace(/[:.]/g, '')}`;
  try {
    renameSync(directory, setAside);
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    return {
      kind: 'failed',
      problem: `${directory}: is damaged (${first.damage}) and cannot be moved: ${errorCode(error)}`,
    };
  }
  const second = tryOpen(directory);
  if (second.kind === 'open') return { ...second, setAside };
  return { kind: 'failed', problem: `${directory}: cannot be opened` };
}

type Attempt = OpenResult | { readonly kind: 'damaged'; readonly damage: string };

function tryOpen(directory: string): Attempt {
  let environment: RootDatabase<Buffer, string> | undefined;
  try {
    const damage = damageOf(directory);
    if (damage !== undefined) return { kind: 'damaged', damage };
    environment = open<Buffer, string>(directory, { encoding: 'binary', maxDbs: 16, cache: false });
    const problem = checkLayout(environment);
    if (problem === undefined) return { kind: 'open', store: new LmdbStore(environment), setAside: undefined };
    void environment.close();
    return { kind: 'failed', problem: `${directory}: ${problem}` };
  } catch (error) {
    void environment?.close();
    return { kind: 'failed', problem: `${directory}: cannot be opened: ${errorCode(error)}` };
  }
}

function checkLayout(environment: RootDatabase<Buffer, string>): string | undefined {
  const found = environment.get(LAYOUT_KEY)?.[0];
  if (found === undefined) {
    environment.putSync(LAYOUT_KEY, Buffer.of(LAYOUT));
    return undefined;
  }
  return found === LAYOUT ? undefined : `has layout ${found}; this version reads ${LAYOUT}`;
}

class LmdbStore implements Store {
  readonly sessions: SessionStore;
  readonly acceptances: AcceptanceStore;
  readonly #environment: RootDatabase<Buffer, string>;

  constructor(environment: RootDatabase<Buffer, string>) {
    this.#environment = environment;
    this.sessions = new LmdbSessions(environment.openDB({ name: 'sessions', encoding: 'binary' }));
    this.acceptances = new LmdbAcceptances(environment.openDB({ name: 'acceptances', encoding: 'binary' }));
  }

  async close(): Promise<void> {
    await this.#environment.close();
  }
}

class LmdbSessions implements SessionStore {
  readonly #db: Database<Buffer, string>;

  constructor(db: Database<Buffer, string>) {
    this.#db = db;
  }

  async get(sessionKey: string): Promise<SessionRecord | undefined> {
    // The buffer is LMDB's until the next read: it is decoded before anything else runs.
    const bytes = this.#db.getBinaryFast(sessionKey);
    return bytes === undefined ? undefined : readSession(bytes);
  }

  async put(sessionKey: string, record: SessionRecord): Promise<void> {
    await this.#db.put(sessionKey, writeSession(record));
    await this.#db.flushed;
  }

  async delete(sessionKey: string): Promise<void> {
    await this.#db.remove(sessionKey);
    await this.#db.flushed;
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
    await this.#db.transaction(() => {
      for (const key of keys) {
        const bytes = this.#db.getBinary(key);
        if (bytes !== undefined && readSessionLife(bytes).expiresAt <= now) this.#db.removeSync(key);
      }
    });
  }
}

class LmdbAcceptances implements AcceptanceStore {
  readonly #db: Database<Buffer, string>;

  constructor(db: Database<Buffer, string>) {
    this.#db = db;
  }

  async of(userKey: string): Promise<readonly Acceptance[]> {
    const bytes = this.#db.getBinary(userKey);
    return bytes === undefined ? [] : readAcceptances(bytes);
  }

  async add(userKey: string, accepted: readonly Acceptance[]): Promise<void> {
    await this.#db.transaction(() => {
      const bytes = this.#db.getBinary(userKey);
      const known = bytes === undefined ? [] : readAcceptances(bytes);
      this.#db.putSync(userKey, writeAcceptances(replaced(known, accepted)));
    });
    await this.#db.flushed;
  }

  async forget(userKey: string): Promise<void> {
    await this.#db.remove(userKey);
    await this.#db.flushed;
  }
}
