/** The ends of a migration in tests, and the migration between them. */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { CopyableStore } from '../../gateway/copy-ports.ts';
import { type MigrationResult, migrate } from '../../gateway/migration/migrate.ts';
import type { Migration } from '../../gateway/migration/rows.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { parseRedisAddress } from '../../gateway/stores/redis/address.ts';
import { RedisCopy } from '../../gateway/stores/redis/copy.ts';
import { openRedisStore } from '../../gateway/stores/redis/open.ts';
import { seal as sealOfTests } from '../stores/records-of-tests.ts';

export function openLmdbEnd(directory: string, name: string, seal = sealOfTests): CopyableStore {
  const opened = openLmdbStore(join(directory, name), 0, seal);
  if (opened.kind === 'failed') throw new Error(opened.problem);
  return opened.store;
}

export async function openRedisEnd(url: string): Promise<CopyableStore> {
  const address = parseRedisAddress(url);
  if (address === undefined) throw new Error(`${url} is no address`);
  const opened = await openRedisStore({ address, seal: sealOfTests, requestMillis: 5_000 });
  if (opened.kind === 'failed') throw new Error(opened.problem);
  return { ...opened.store, copy: new RedisCopy(opened.connection, opened.keys) };
}

/** Up to its end, unless `change` says otherwise. */
export function migration(
  source: CopyableStore,
  target: CopyableStore,
  change: Partial<Migration> = {},
): Promise<MigrationResult> {
  return migrate({
    source,
    target,
    from: 'lmdb:/source',
    keys: 'fingerprint',
    clock: { wall: () => Date.now(), monotonic: () => performance.now() },
    onProgress: () => {},
    onTrouble: () => {},
    isStopped: () => false,
    ...change,
  });
}
