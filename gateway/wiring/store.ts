/** The store that the configuration names. What it says of itself is logged by whoever opens it first. */
import { auditSeal } from '../audit/seal.ts';
import type { StoreConfig } from '../config.ts';
import { unfinishedMigration } from '../migration/marker.ts';
import type { Clock, Log, Secrets, Store } from '../ports.ts';
import { openLmdbStore } from '../stores/lmdb.ts';
import { openMemoryStore } from '../stores/memory.ts';
import { type OpenedRedis, openRedisStore } from '../stores/redis/open.ts';

export type StoreResult =
  | {
      readonly kind: 'open';
      readonly store: Store;
      /** Where several machines share it. */
      readonly redis: OpenedRedis | undefined;
      /** Where a damaged environment was moved to. */
      readonly setAside: string | undefined;
    }
  | { readonly kind: 'failed'; readonly problem: string };

/**
 * One into which a migration has not come to its end is not used: users whose acceptances are not there yet would be asked, and
 * what was written now would be taken for a difference.
 *
 * @param isFirst whether this is the process that looks after the store
 */
export async function openStore(
  config: StoreConfig,
  clock: Pick<Clock, 'wall'>,
  secrets: Secrets,
  isFirst: boolean,
): Promise<StoreResult> {
  const opened = await openConfigured(config, clock, secrets, isFirst);
  if (opened.kind === 'failed') return opened;
  // A store that is away just now is opened all the same.
  const problem = await unfinishedMigration(opened.store.notes).catch(() => undefined);
  if (problem === undefined) return opened;
  await opened.store.close();
  return { kind: 'failed', problem: `store: ${problem}` };
}

async function openConfigured(
  config: StoreConfig,
  clock: Pick<Clock, 'wall'>,
  secrets: Secrets,
  isFirst: boolean,
): Promise<StoreResult> {
  if (config.kind === 'memory') {
    return { kind: 'open', store: openMemoryStore(), redis: undefined, setAside: undefined };
  }
  if (config.kind === 'lmdb') {
    const whenDamaged = isFirst ? 'set-aside' : 'fail';
    const opened = openLmdbStore(config.directory, clock.wall(), auditSeal(secrets), whenDamaged);
    return opened.kind === 'open' ? { ...opened, redis: undefined } : opened;
  }
  const redis = await openRedisStore({ address: config.address, seal: auditSeal(secrets) });
  if (redis.kind === 'failed') return { kind: 'failed', problem: `store ${redis.problem}` };
  return { kind: 'open', store: redis.store, redis, setAside: undefined };
}

/** Says what is to be known of a store at the start, and of one in Redis when it goes away and comes back. */
export function tellOfStore(
  { redis, setAside }: StoreResult & { readonly kind: 'open' },
  log: Log,
  isFirst: boolean,
): void {
  if (setAside !== undefined) log.warn('the store was damaged and set aside', { directory: setAside });
  if (redis === undefined) return;
  if (isFirst && redis.onDisk === 'no') log.warn('Redis keeps nothing on disk, set appendonly yes');
  if (isFirst && redis.onDisk === 'unknown') log.warn('Redis does not say whether it keeps things on disk');
  redis.connection.standing.onChange((isAway) => {
    if (isAway) log.warn('the store does not answer');
    else log.info('the store answers again');
  });
}
