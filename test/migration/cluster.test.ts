/** Through a Redis Cluster and back: what has no index is gone through on every machine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { expect, test } from '@jest/globals';
import type { CopyableStore } from '../../gateway/copy-ports.ts';
import { migrate } from '../../gateway/migration/migrate.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { startRedisCluster } from '../redis-cluster.ts';
import { describeWithRedis } from '../redis-server.ts';
import { seal } from '../stores/records-of-tests.ts';
import { fill, found, SMALL } from './filled.ts';
import { openRedisEnd } from './redis-end.ts';

const SEED = 20_260_720;

describeWithRedis('migrations through a Cluster', () => {
  test(`there and back, seed ${SEED}`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sapgw-migrate-'));
    const cluster = await startRedisCluster();
    const lmdb = (name: string): CopyableStore => {
      const opened = openLmdbStore(join(directory, name), 0, seal);
      if (opened.kind === 'failed') throw new Error(opened.problem);
      return opened.store;
    };
    const run = async (source: CopyableStore, target: CopyableStore): Promise<void> => {
      const result = await migrate({
        source,
        target,
        from: 'there',
        keys: 'fingerprint',
        clock: { wall: () => Date.now(), monotonic: () => performance.now() },
        onProgress: () => {},
        onTrouble: () => {},
        isStopped: () => false,
      });
      expect(result).toMatchObject({ kind: 'compared', isAuditEqual: true, unreadable: 0 });
      if (result.kind === 'compared') expect(result.tables.filter((table) => !table.isEqual)).toEqual([]);
    };
    const stores = [lmdb('source'), await openRedisEnd(cluster.url()), lmdb('target')] as const;
    try {
      const [source, middle, target] = stores;
      await fill(source, SEED, SMALL);
      const before = await found(source, SMALL);
      await run(source, middle);
      expect(await found(middle, SMALL)).toEqual(before);
      await run(middle, target);
      expect(await found(target, SMALL)).toEqual(before);
    } finally {
      for (const store of stores) await store.close();
      await cluster.stop();
      rmSync(directory, { recursive: true });
    }
  });
});
