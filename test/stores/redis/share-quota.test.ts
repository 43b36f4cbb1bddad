/** What gives way in a share when several nodes put more into it than it may hold. */
import { expect, test } from '@jest/globals';
import { textsOf } from '../../../gateway/stores/redis/replies.ts';
import { ShareQuota } from '../../../gateway/stores/redis/share-quota.ts';
import { describeWithRedis } from '../../redis-server.ts';
import { nodesForTests, type TestNode, ticksUntil } from './two-nodes.ts';

const MOST = 10;
const SHARE = 3;

describeWithRedis('a quota of entries', () => {
  const openNodes = nodesForTests();

  /** A node that puts entries in an index and hears which of them it has ended. */
  function nodeOn({ connection, keys }: TestNode, failures = 0) {
    const index = keys.inShare(SHARE, 'entries');
    const ended: string[] = [];
    let left = failures;
    const quota = new ShareQuota({
      link: connection.background,
      most: MOST,
      index: (share) => keys.inShare(share, 'entries'),
      async end(_, names) {
        if (left-- > 0) throw new Error('the link is gone');
        for (const name of names)
          if ((await connection.background.command('ZREM', index, name)) === 1) ended.push(name);
      },
    });
    return {
      ended,
      async put(name: number) {
        await connection.requests.command('ZADD', index, name, String(name));
        quota.counted(SHARE, Number(await connection.requests.command('ZCARD', index)));
      },
      names: async () => textsOf(await connection.requests.command('ZRANGE', index, 0, -1)),
    };
  }

  test('many at once: the first to end give way, each once, down to the quota', async () => {
    const redis = openNodes();
    const [a, b] = [nodeOn(redis.nodes[0]), nodeOn(redis.nodes[1])];
    await Promise.all(Array.from({ length: 300 }, (_, at) => (at % 2 === 0 ? a : b).put(at)));
    await ticksUntil(() => a.ended.length + b.ended.length >= 290);
    expect(await a.names()).toEqual(Array.from({ length: MOST }, (_, at) => String(290 + at)));
    expect([...a.ended, ...b.ended].map(Number).toSorted((x, y) => x - y)).toEqual([...Array(290).keys()]);
    // Up to the quota everything stays.
    await a.put(299);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await b.names()).toHaveLength(MOST);
  });

  test('what could not give way goes with the next that is too much', async () => {
    const redis = openNodes();
    const node = nodeOn(redis.nodes[0], 1);
    for (let name = 0; name < MOST + 1; name++) await node.put(name);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await node.names()).toHaveLength(MOST + 1);
    await node.put(MOST + 1);
    await ticksUntil(() => node.ended.length === 2);
    expect(node.ended).toEqual(['0', '1']);
  });
});
