/**
 * Changes of the embedded store that are on disk before anybody hears of them, and what becomes of those that cannot be
 * written: a full disk, a medium that takes no writes. Such a commit fails as a whole, for everybody who shares it, at once
 * and with a stable code; the environment stays open, and the next commit tries anew.
 */
import { getSystemErrorName } from 'node:util';
import type { Database, Key, RootDatabase } from 'lmdb';
import { errorCode } from '../error-code.ts';
import { StoreWriteError } from '../errors.ts';

/**
 * For a write to come to its end. Some refusals of the system (`EPERM`) lmdb-js takes for a state of its own, and waits until
 * the file can be written again; a disk that is only slow takes no such time.
 */
const PATIENCE_MILLIS = 5_000;

/**
 * Does `work` in a write transaction, together with what others want at the same moment, and resolves when it is on disk. What
 * `work` throws before its first write leaves nothing behind.
 *
 * @throws StoreWriteError
 */
export function durably<V, K extends Key, T>(database: Database<V, K>, work: () => T): Promise<T> {
  return onDisk(database, () => database.transaction(work));
}

/**
 * The same, and nothing is left behind wherever `work` throws; takes longer.
 *
 * @throws StoreWriteError
 */
export function wholly<V, K extends Key, T>(database: Database<V, K>, work: () => T): Promise<T> {
  return onDisk(database, () => database.childTransaction(work));
}

/**
 * One write, when it is on disk.
 *
 * @throws StoreWriteError
 */
export async function onDisk<V, K extends Key, T>(database: Database<V, K>, write: () => Promise<T>): Promise<T> {
  const written = write();
  // Asked for now, it is the end of this commit. Later it would be that of the next, which never comes when that one fails.
  const flushed = database.flushed.then(nothing);
  flushed.catch(nothing);
  const patience = patienceFor(PATIENCE_MILLIS);
  try {
    const result = await Promise.race([written, patience.over]);
    await Promise.race([flushed, patience.over]);
    return result;
  } catch (error) {
    throw await failureOf(error);
  } finally {
    patience.end();
  }
}

function patienceFor(millis: number): { readonly over: Promise<never>; end(): void } {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreWriteError('ETIMEDOUT')), millis);
  });
  over.catch(nothing);
  return { over, end: () => clearTimeout(timer) };
}

/**
 * Takes note of commits that fail: each is told to those who share it, but lmdb-js has a promise of its own for it, which
 * nobody else listens to and which would end the process.
 */
export function watchCommits(environment: RootDatabase<Buffer, string>): void {
  environment.on('beforecommit', () => {
    process.nextTick(
      () => void environment.committed.then(nothing, (error: unknown) => causeOf(error)?.then(nothing, nothing)),
    );
  });
}

function nothing(): void {}

async function failureOf(error: unknown): Promise<unknown> {
  const cause = causeOf(error);
  const reason: unknown = cause === undefined ? error : await cause.then(nothing, (why: unknown) => why);
  const code = typeof reason === 'object' && reason !== null && 'code' in reason ? reason.code : undefined;
  if (typeof code === 'number') return new StoreWriteError(nameOf(code));
  return cause === undefined ? error : new StoreWriteError('UNKNOWN');
}

/** Why a commit failed; lmdb-js says it in a promise that rejects a moment after. */
function causeOf(error: unknown): Promise<unknown> | undefined {
  if (!(error instanceof Error) || !('commitError' in error)) return undefined;
  return error.commitError instanceof Promise ? error.commitError : undefined;
}

/** The code of what LMDB or the system threw, by its name. */
export function storeCode(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'number' ? nameOf(code) : errorCode(error);
}

/** Numbers above 0 are the system's, those below LMDB's own. */
function nameOf(code: number): string {
  return code > 0 ? getSystemErrorName(-code) : String(code);
}
