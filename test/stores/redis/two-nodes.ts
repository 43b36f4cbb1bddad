/** Two nodes on one Redis, each with connections of its own; what they share is the keys and the secrets. */
import { afterAll, beforeAll } from '@jest/globals';
import { parseRedisAddress } from '../../../gateway/stores/redis/address.ts';
import { openRedis, type RedisConnection } from '../../../gateway/stores/redis/connection.ts';
import { KeySpace } from '../../../gateway/stores/redis/keys.ts';
import { type RedisServer, startRedis } from '../../redis-server.ts';

export interface TestNode {
  readonly connection: RedisConnection;
  readonly keys: KeySpace;
}

export interface TwoNodes {
  readonly nodes: readonly [TestNode, TestNode];
  /** The keys of these nodes that never go. */
  keysWithoutLife(): Promise<readonly string[]>;
  /** Everything that is kept, as bytes. */
  kept(): Promise<Buffer>;
  close(): Promise<void>;
}

/** For the tests of one `describe`: two new nodes at each call, on a server that ends behind the last test. */
export function nodesForTests(): () => TwoNodes {
  let server: RedisServer;
  const opened: TwoNodes[] = [];
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    for (const one of opened) await one.close();
    await server.stop();
  });
  return () => {
    const nodes = twoNodes(server.url());
    opened.push(nodes);
    return nodes;
  };
}

/** Waits for what goes on by itself, about a second at most. */
export async function ticksUntil(isSo: () => boolean): Promise<void> {
  for (let tick = 0; tick < 1_000 && !isSo(); tick++) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** @param url as `RedisServer.url()` gives it */
export function twoNodes(url: string): TwoNodes {
  const address = parseRedisAddress(url);
  if (address === undefined) throw new Error('no address of Redis');
  const node = (): TestNode => ({ connection: openRedis(address), keys: new KeySpace(address.prefix) });
  const nodes: readonly [TestNode, TestNode] = [node(), node()];
  const { background } = nodes[0].connection;
  const keys = async (): Promise<readonly string[]> => {
    const reply = await background.command('KEYS', `${address.prefix}:*`);
    return Array.isArray(reply) ? reply.map(String) : [];
  };
  return {
    nodes,
    async keysWithoutLife() {
      const found: string[] = [];
      for (const key of await keys()) if ((await background.command('PTTL', key)) === -1) found.push(key);
      return found;
    },
    async kept() {
      const values = await Promise.all(
        (await keys()).map(async (key) => [Buffer.from(key), await background.command('DUMP', key)]),
      );
      return Buffer.concat(values.flat().filter((one) => Buffer.isBuffer(one)));
    },
    async close() {
      for (const { connection } of nodes) await connection.close();
    },
  };
}
