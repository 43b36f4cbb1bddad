/** Through a Redis Cluster and back: what has no index is gone through on every machine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { CopyableStore } from '../../gateway/copy-ports.ts';
import { startRedisCluster } from '../redis-cluster.ts';
import { describeWithRedis } from '../redis-server.ts';
import { migration, openLmdbEnd, openRedisEnd } from './ends.ts';
import { fill, found, SMALL } from './filled.ts';

const SEED = 20_260_720;

describeWithRedis('migrations through a Cluster', () => {
  test(`there and back, seed ${SEED}`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sapgw-migrate-'));
    const cluster = await startRedisCluster();
    const run = async (source: CopyableStore, target: CopyableStore): Promise<void> => {
      const result = await migration(source, target);
      expect(result).toMatchObject({ kind: 'compared', isAuditEqual: true, unreadable: 0 });
      if (result.kind === 'compared') expect(result.tables.filter((table) => !table.isEqual)).toEqual([]);
    };
    const stores = [
      openLmdbEnd(directory, 'source'),
      await openRedisEnd(cluster.url()),
      openLmdbEnd(directory, 'target'),
    ] as const;
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
