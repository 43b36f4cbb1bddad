/** The store in a Redis group that Sentinels watch: after a failover it goes on by itself with what was written. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type RedisGroup, startRedisGroup } from '../../redis-sentinel.ts';
import { describeWithRedis } from '../../redis-server.ts';
import { acceptance, KEY, OTHER_KEY, remembering, session } from '../records-of-tests.ts';
import { openedRedis } from './opened.ts';

describeWithRedis('the store in a Redis group', () => {
  let group: RedisGroup;
  beforeAll(async () => {
    group = await startRedisGroup();
  });
  afterAll(() => group.stop());

  test('goes on after a failover, and another one', async () => {
    const { connection, store } = await openedRedis(group.url());
    await store.sessions.put(KEY, session());
    await store.acceptances.accept(KEY, remembering([acceptance()]));
    const changes: boolean[] = [];
    connection.standing.onChange((isAway) => changes.push(isAway));
    for (const round of [1, 2]) {
      await connection.background.command('WAIT', 1, 3_000);
      await group.failOver();
      await writtenAgain(async () => {
        await store.sessions.put(OTHER_KEY, session({ keepAliveSeconds: round }));
      });
      expect(await store.sessions.get(OTHER_KEY)).toEqual(session({ keepAliveSeconds: round }));
      expect(await store.sessions.get(KEY)).toEqual(session());
      expect(await store.acceptances.of(KEY)).toEqual([acceptance()]);
      expect(connection.standing.isAway()).toBe(false);
    }
    expect(changes.filter((isAway) => isAway)).not.toEqual([]);
    await store.close();
  }, 60_000);
});

const END_MILLIS = 20_000;

/** Whoever writes tries again until it is taken. */
async function writtenAgain(write: () => Promise<void>): Promise<void> {
  const end = Date.now() + END_MILLIS;
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
