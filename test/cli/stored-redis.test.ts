/** Commands that look into a store in Redis: beside the gateway, never making one, and without showing the password. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type OpenedStore, openConfigured } from '../../gateway/cli/stored.ts';
import { loadConfig } from '../../gateway/config/load.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../redis-server.ts';
import { acceptance, remembering } from '../stores/records-of-tests.ts';
import { openedRedis } from '../stores/redis/opened.ts';

describeWithRedis('commands on a store in Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  afterEach(() => {
    process.exitCode = undefined;
  });

  async function opened(url: string): Promise<{ readonly store: OpenedStore | undefined; readonly said: string[] }> {
    const env = { SAPGW_STORE: url, SAPGW_SECRET: '0123456789abcdef0123456789abcdef' };
    const loaded = loadConfig({ env, flags: {} });
    if (loaded.kind === 'invalid') throw new Error(loaded.problems.join('\n'));
    const said: string[] = [];
    const printError = (line: string) => void said.push(line);
    return { store: await openConfigured(loaded.config, { write: async () => {}, printError }), said };
  }

  test('where there is none, none is made', async () => {
    const { store, said } = await opened(server.url().replace('//', '//default:canary@'));
    expect([store, process.exitCode]).toEqual([undefined, 2]);
    expect(said).toEqual([expect.stringMatching(/^redis:\/\/default:\*\*\*@127.*: holds no store of a gateway$/)]);
  });

  test('what a gateway has kept is found', async () => {
    const url = server.url();
    const gateway = await openedRedis(url);
    const { store } = await opened(url);
    const user = store?.userKey('sandbox', 'wv:alice@sandbox') ?? '';
    await gateway.store.acceptances.accept(user, remembering([acceptance()]));
    expect(await store?.store.acceptances.of(user)).toEqual([acceptance()]);
    await store?.store.close();
    await gateway.store.close();
  });
});
