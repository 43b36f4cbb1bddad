/** The store over a Redis Cluster: the same contract, slots that move, and a machine that does not answer. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ALL_SHARES } from '../../../gateway/shares.ts';
import type { OpenedRedis } from '../../../gateway/stores/redis/open.ts';
import { type RedisCluster, startRedisCluster } from '../../redis-cluster.ts';
import { describeWithRedis } from '../../redis-server.ts';
import { describeStore } from '../contract.ts';
import { idOf, session } from '../records-of-tests.ts';
import { openedRedis } from './opened.ts';

const PATIENT_MILLIS = 20_000;

describeWithRedis('the store in a Redis Cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster.stop());

  describeStore('redis-cluster', async () => (await openedRedis(cluster.url(), PATIENT_MILLIS)).store);

  /** A session in every share, by the port of the server that it is on. */
  async function filled({ store, keys }: OpenedRedis): Promise<ReadonlyMap<number, readonly string[]>> {
    const byPort = new Map<number, string[]>();
    for (let number = 0, shares = new Set<string>(); shares.size < ALL_SHARES.length; number++) {
      const key = idOf(`session ${number}`);
      if (shares.has(keys.of(key))) continue;
      shares.add(keys.of(key));
      await store.sessions.put(key, session());
      const { port } = await cluster.serverOf(keys.of(key));
      byPort.set(port, [...(byPort.get(port) ?? []), key]);
    }
    return byPort;
  }

  const codeOf = (sent: Promise<unknown>): Promise<unknown> =>
    sent.then(
      () => undefined,
      (error: { readonly code: string }) => error.code,
    );

  test('slots may move to another server', async () => {
    const opened = await openedRedis(cluster.url(), PATIENT_MILLIS);
    const { sessions } = opened.store;
    const [key = ''] = [...(await filled(opened)).values()].flat();
    const before = (await cluster.serverOf(opened.keys.of(key))).port;
    await cluster.move(opened.keys.of(key));
    expect((await cluster.serverOf(opened.keys.of(key))).port).not.toBe(before);
    expect(await sessions.get(key)).toEqual(session());
    expect(await sessions.prolong(key, 2 ** 47)).toBe(true);
    expect(await sessions.sweep(2 ** 46)).toEqual(new Map([['friendly-im', 1]]));
    expect(opened.connection.standing.isAway()).toBe(false);
    await opened.store.close();
  });

  test('a server that does not answer is away, the others are not, and it comes back by itself', async () => {
    const opened = await openedRedis(cluster.url());
    const { connection, keys, store } = opened;
    const byPort = await filled(opened);
    expect(byPort.size).toBe(3);
    const [mine = [], ...others] = [...byPort.values()];
    const [lost = '', sameServer = ''] = mine;
    const server = await cluster.serverOf(keys.of(lost));
    server.pause();
    expect(await codeOf(store.sessions.get(lost))).toBe('ETIMEDOUT');
    expect(await codeOf(store.sessions.get(lost))).toBe('EAWAY');
    expect(connection.standing.isAway()).toBe(true);
    expect(connection.standing.isAway(keys.of(lost))).toBe(true);
    for (const key of others.flat()) {
      expect(connection.standing.isAway(keys.of(key))).toBe(false);
      expect(await store.sessions.get(key)).toEqual(session());
    }
    expect(await connection.standing.look()).toBe(false);
    expect(connection.standing.isAway(keys.of(sameServer))).toBe(true);
    const back = new Promise<void>((resolve) => {
      connection.standing.onChange((isAway) => {
        if (!isAway) resolve();
      });
    });
    server.resume();
    await back;
    for (const key of [...byPort.values()].flat()) expect(await store.sessions.get(key)).toEqual(session());
    await store.close();
  });

  test('a server that ends and comes again is found again', async () => {
    const opened = await openedRedis(cluster.url());
    const { connection, keys, store } = opened;
    const byPort = await filled(opened);
    const [key = ''] = [...byPort.values()].flat();
    const server = await cluster.serverOf(keys.of(key));
    await server.kill();
    expect(await codeOf(store.sessions.get(key))).toEqual(expect.any(String));
    expect(connection.standing.isAway(keys.of(key))).toBe(true);
    const back = new Promise<void>((resolve) => {
      connection.standing.onChange((isAway) => {
        if (!isAway) resolve();
      });
    });
    await server.restart();
    await back;
    expect(await store.sessions.get(key)).toEqual(session());
    await store.close();
  });
});
