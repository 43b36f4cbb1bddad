/** What VASPs sent meanwhile: what holds in one node's memory holds over two nodes on one Redis, which tell each other. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { MemorySetAside } from '../../../gateway/chain/polling/set-aside.ts';
import type { SetAside } from '../../../gateway/ports.ts';
import { ALL_SHARES } from '../../../gateway/shares.ts';
import { RedisSetAside, type RedisSetAsideLimits } from '../../../gateway/stores/redis/set-aside.ts';
import { describeWithRedis, startRedis } from '../../redis-server.ts';
import { secretsOf, TEST_KEY } from '../../transcripts/rig.ts';
import { nodesForTests, type TwoNodes, twoNodes } from './two-nodes.ts';

const secrets = secretsOf(TEST_KEY);
const LIMITS: RedisSetAsideLimits = { messages: 3, bytes: 1_000_000, sessions: 1_000, keepMillis: 60_000 };
const KEY = secrets.keyedHash('session', 'one');
const OTHER = secrets.keyedHash('session', 'other');

interface World {
  readonly nodes: readonly [SetAside, SetAside];
  readonly dropped: () => number;
  readonly rang: string[];
}

const bytes = (...texts: readonly string[]): readonly Uint8Array[] => texts.map((text) => Buffer.from(text));
const text = async (setAside: SetAside, key = KEY): Promise<string> => {
  const taken = await setAside.take(key);
  return taken === undefined ? '' : `${Buffer.from(taken.message)}${taken.isMore ? '+' : ''}`;
};

function inMemory(limits = LIMITS): World {
  let dropped = 0;
  const rang: string[] = [];
  const memory = new MemorySetAside({ waiting: (key) => void rang.push(key), dropped: () => dropped++ }, limits);
  return { nodes: [memory, memory], dropped: () => dropped, rang };
}

function semantics(open: (limits?: RedisSetAsideLimits) => Promise<World> | World): void {
  test('messages come in their order, whoever put and takes them', async () => {
    const { nodes, rang } = await open();
    const [a, b] = nodes;
    expect([a.isWaiting(KEY), b.isWaiting(KEY)]).toEqual([false, false]);
    await a.put(KEY, bytes('1', '2'));
    expect([a.isWaiting(KEY), b.isWaiting(KEY), b.isWaiting(OTHER)]).toEqual([true, true, false]);
    await b.put(KEY, bytes('3'));
    expect(rang).toEqual([KEY, KEY]);
    expect([await text(b), await text(a), await text(b), await text(a)]).toEqual(['1+', '2+', '3', '']);
    expect([a.isWaiting(KEY), b.isWaiting(KEY)]).toEqual([false, false]);
  });

  test('bytes come back as they were', async () => {
    const { nodes } = await open();
    const message = Uint8Array.from({ length: 256 }, (_, index) => index).subarray(1);
    await nodes[0].put(KEY, [message]);
    expect(await nodes[1].take(KEY)).toEqual({ message: Uint8Array.from(message), isMore: false });
  });

  test('each is taken once, however many ask', async () => {
    const { nodes } = await open();
    const [a, b] = nodes;
    await a.put(KEY, bytes('1', '2', '3'));
    const taken = await Promise.all(Array.from({ length: 20 }, (_, index) => text(index % 2 === 0 ? a : b)));
    expect(taken.filter((one) => one !== '').toSorted()).toEqual(['1+', '2+', '3']);
  });

  test('what finds no room is dropped and counted', async () => {
    const { nodes, dropped } = await open();
    await nodes[0].put(KEY, bytes('1', '2'));
    await nodes[1].put(KEY, bytes('3', '4', '5'));
    expect(dropped()).toBe(2);
    expect(await text(nodes[0])).toBe('1+');
    await nodes[0].put(KEY, bytes('6'));
    await nodes[0].put(OTHER, []);
    expect([await text(nodes[0]), await text(nodes[1]), await text(nodes[1])]).toEqual(['2+', '3+', '6']);
    expect([dropped(), nodes[1].isWaiting(OTHER)]).toEqual([2, false]);
  });

  test('a session that is over has nothing', async () => {
    const { nodes } = await open();
    await nodes[0].put(KEY, bytes('1', '2'));
    await nodes[0].put(OTHER, bytes('3'));
    await nodes[1].drop(KEY);
    await nodes[1].drop('never seen');
    expect(nodes.map((node) => [node.isWaiting(KEY), node.isWaiting(OTHER)])).toEqual(Array(2).fill([false, true]));
    expect([await text(nodes[0]), await text(nodes[0], OTHER)]).toEqual(['', '3']);
  });
}

describe('in memory', () => semantics(inMemory));

describeWithRedis('set aside in Redis', () => {
  describe('over two nodes', () => {
    const opened: RedisSetAside[] = [];
    afterAll(() => {
      for (const one of opened) one.close();
    });
    const openNodes = nodesForTests();

    interface RedisWorld extends World {
      readonly nodes: readonly [RedisSetAside, RedisSetAside];
      readonly redis: TwoNodes;
      /** Words between the nodes are lost while set. */
      isDeaf: boolean;
      /** What was told, as calls to be made. */
      readonly told: (() => void)[];
    }

    async function inRedis(limits = LIMITS): Promise<RedisWorld> {
      let dropped = 0;
      const redis = openNodes();
      const nodes: RedisSetAside[] = [];
      const rang: string[] = [];
      const told: (() => void)[] = [];
      const world = { dropped: () => dropped, rang, redis, isDeaf: false, told };
      for (const [index, node] of redis.nodes.entries()) {
        const events = {
          waiting: (key: string) => void rang.push(key),
          dropped: () => void dropped++,
          changed: async (...news: [string, boolean, number]) => {
            const tell = (): void => void nodes[1 - index]?.words.isWaiting(...news);
            told.push(tell);
            if (!world.isDeaf) tell();
          },
        };
        nodes.push(new RedisSetAside({ ...node, secrets, limits, events }));
      }
      opened.push(...nodes);
      await Promise.all(nodes.map((node) => node.forgetAll()));
      const [a, b] = nodes;
      if (a === undefined || b === undefined) throw new Error('two nodes');
      return Object.assign(world, { nodes: [a, b] as const });
    }

    semantics(inRedis);

    test('only that something waits, and that nothing does any more, is told', async () => {
      const { nodes, told } = await inRedis();
      const [a, b] = nodes;
      await a.put(KEY, bytes('1'));
      await b.put(KEY, bytes('2'));
      await a.put(KEY, bytes('3'));
      await b.take(KEY);
      expect(told).toHaveLength(1);
      await a.take(KEY);
      await b.take(KEY);
      expect(told).toHaveLength(2);
    });

    test('news counts in the order in which it happened, not in which it comes', async () => {
      const world = await inRedis();
      const [a, b] = world.nodes;
      await a.put(KEY, bytes('1'));
      world.isDeaf = true;
      await b.take(KEY);
      await a.put(KEY, bytes('2'));
      for (const tell of world.told.toReversed()) tell();
      expect([a.isWaiting(KEY), b.isWaiting(KEY)]).toEqual([true, true]);
      expect(await text(b)).toBe('2');
    });

    test('after a gap everything may wait, until it is known what does', async () => {
      const world = await inRedis();
      const [a, b] = world.nodes;
      await a.put(KEY, bytes('1'));
      world.isDeaf = true;
      await b.take(KEY);
      await b.put(OTHER, bytes('2'));
      expect([a.isWaiting(KEY), a.isWaiting(OTHER)]).toEqual([true, false]);
      const known = a.forgetAll();
      expect([a.isWaiting(KEY), a.isWaiting(OTHER), a.isWaiting('unknown')]).toEqual([true, true, true]);
      await known;
      expect([a.isWaiting(KEY), a.isWaiting(OTHER), a.isWaiting('unknown')]).toEqual([false, true, false]);
    });

    test('a process that begins knows what waits', async () => {
      const world = await inRedis();
      await world.nodes[0].put(KEY, bytes('1'));
      const [node] = world.redis.nodes;
      const events = { waiting: () => {}, dropped: () => {}, changed: async () => {} };
      const late = new RedisSetAside({ ...node, secrets, events, limits: LIMITS });
      expect(late.isWaiting('unknown')).toBe(true);
      await late.forgetAll();
      expect([late.isWaiting(KEY), late.isWaiting('unknown')]).toEqual([true, false]);
    });

    test('bytes are bounded, and a smaller message may still find room', async () => {
      const { nodes, dropped } = await inRedis({ ...LIMITS, bytes: 200 });
      await nodes[0].put(KEY, bytes('x'.repeat(50), 'y'.repeat(100), 'z'));
      expect([dropped(), await text(nodes[1])]).toEqual([1, `${'x'.repeat(50)}+`]);
      await nodes[0].put(KEY, bytes('v'.repeat(60)));
      expect([await text(nodes[1]), await text(nodes[1])]).toEqual(['z+', 'v'.repeat(60)]);
      await nodes[0].put(KEY, bytes('y'.repeat(100)));
      expect([dropped(), await text(nodes[1])]).toEqual([1, 'y'.repeat(100)]);
    });

    test('above the number of sessions the one left alone longest gives way', async () => {
      const world = await inRedis({ ...LIMITS, sessions: ALL_SHARES.length });
      const [a, b] = world.nodes;
      await a.put('aOne', bytes('1', '2'));
      await a.put('aTwo', bytes('3'));
      for (let tick = 0; tick < 1_000 && b.isWaiting('aOne'); tick++)
        await new Promise((resolve) => setTimeout(resolve, 1));
      expect([b.isWaiting('aOne'), b.isWaiting('aTwo'), world.dropped()]).toEqual([false, true, 2]);
      expect([await text(a, 'aOne'), await text(a, 'aTwo')]).toEqual(['', '3']);
    });

    test('every key has a life, and nobody can read what is kept', async () => {
      const { nodes, redis } = await inRedis();
      await nodes[0].put(KEY, bytes('dear bob '.repeat(9), 'more'));
      await nodes[0].take(KEY);
      expect(await redis.keysWithoutLife()).toEqual([]);
      await nodes[0].put(KEY, bytes('dear bob'));
      const kept = await redis.kept();
      expect([
        kept.length > 100,
        kept.includes('dear'),
        kept.includes(Buffer.from('dear bob').toString('base64')),
      ]).toEqual([true, false, false]);
    });

    test('what nobody has the key of is passed over', async () => {
      const { nodes, redis } = await inRedis();
      const [node] = redis.nodes;
      await nodes[0].put(KEY, bytes('1', '2'));
      await node.connection.background.command('LSET', node.keys.of(KEY, 'set-aside', KEY), 0, 'not a seal of ours');
      expect(await text(nodes[1])).toBe('2');
    });

    test('while Redis is away nothing fails and nothing is lost unseen', async () => {
      const away = await startRedis();
      const redis = twoNodes(away.url());
      let dropped = 0;
      const events = { waiting: () => {}, dropped: () => void dropped++, changed: async () => {} };
      const setAside = new RedisSetAside({ ...redis.nodes[0], secrets, events, limits: LIMITS });
      await setAside.forgetAll();
      await setAside.put(KEY, bytes('1'));
      await away.kill();
      await setAside.put(KEY, bytes('2', '3'));
      expect([dropped, await text(setAside), setAside.isWaiting(KEY)]).toEqual([2, '', true]);
      await setAside.drop(KEY);
      setAside.close();
      await redis.close();
      await away.stop();
    });
  });
});
