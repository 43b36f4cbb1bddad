/** A change of the embedded store that is on disk before anybody hears of it. */
import type { Database, Key } from 'lmdb';

/**
 * Does `work` in a write transaction, together with what others want at the same moment, and resolves when it is on disk. What
 * `work` throws before its first write leaves nothing behind.
 */
export async function durably<V, K extends Key, T>(database: Database<V, K>, work: () => T): Promise<T> {
  const result = await database.transaction(work);
  await database.flushed;
  return result;
}
