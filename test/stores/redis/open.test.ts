/** What is found out of Redis before anything is kept in it, and said in a sentence. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeWithRedis, type RedisServer, startRedis } from '../../redis-server.ts';
import { KEY, session } from '../records-of-tests.ts';
import { openedRedis, tryToOpen } from './opened.ts';

const SECRET = 'not-to-be-seen';

describeWithRedis('opening the store in Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
    await configure('ACL', 'SETUSER', 'limited', 'on', `>${SECRET}`, '~*', '&*', '+@all', '-info');
    await configure('ACL', 'SETUSER', 'reader', 'on', `>${SECRET}`, '~*', '+@read', '+info', '+ping');
  });
  afterAll(() => server.stop());

  async function configure(...command: readonly [string, ...string[]]): Promise<void> {
    const { connection, store } = await openedRedis(server.url());
    const [name, ...args] = command;
    await connection.requests.command(name, ...args);
    await store.close();
  }

  const as = (user: string): string => server.url().replace('//', `//${user}:${SECRET}@`);

  async function problemOf(url: string, startMillis = 200, whenNew: 'make' | 'fail' = 'make'): Promise<string> {
    const result = await tryToOpen(url, startMillis, whenNew);
    if (result.kind === 'failed') return result.problem;
    await result.store.close();
    return `none: on disk ${result.onDisk}`;
  }

  test('what was kept is there for whoever opens it again', async () => {
    const url = server.url();
    const before = await openedRedis(url);
    await before.store.sessions.put(KEY, session());
    await before.store.close();
    const after = await openedRedis(url);
    expect(await after.store.sessions.get(KEY)).toEqual(session());
    await after.store.close();
    expect(await problemOf(url, 200, 'fail')).toBe('none: on disk yes');
  });

  test('a command makes no store where there is none', async () => {
    expect(await problemOf(server.url(), 200, 'fail')).toMatch(/^redis:\/\/127.*: holds no store of a gateway$/);
  });

  test('a store of another layout is left alone', async () => {
    const url = server.url();
    const { connection, keys, store } = await openedRedis(url);
    await connection.requests.command('SET', keys.at('common', 'layout'), '2');
    await store.close();
    expect(await problemOf(url)).toMatch(/: has layout 2; this version reads 1$/);
  });

  test('a Redis that drops keys is refused, one that keeps nothing on disk is told of', async () => {
    const { connection, store } = await openedRedis(server.url());
    await connection.requests.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    const problem = await problemOf(server.url());
    await connection.requests.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await store.close();
    expect(problem).toMatch(
      /: drops what it keeps when its memory is full \(maxmemory-policy allkeys-lru\); set maxmemory-policy noeviction$/,
    );
    const careless = await startRedis(['--appendonly', 'no']);
    expect(await problemOf(careless.url())).toBe('none: on disk no');
    await careless.stop();
  });

  test('who may not ask gets a store all the same', async () => {
    expect(await problemOf(as('limited'))).toBe('none: on disk unknown');
  });

  test.each([
    ['who may not write', () => as('reader'), /: cannot be used \(NOPERM\)$/],
    ['who has the wrong password', () => as('nobody'), /: lets nobody in with this user and password \(WRONGPASS\)$/],
    [
      'where nothing listens',
      () => 'redis://127.0.0.1:1/0',
      /^redis:\/\/127.0.0.1:1\/0: does not answer \(ECONNREFUSED\)$/,
    ],
    ['where no Sentinel is', () => 'redis-sentinel://127.0.0.1:1/im', /: does not answer \(E[A-Z]+\)$/],
    ['where no Cluster is', () => 'redis-cluster://127.0.0.1:1', /: does not answer \(E[A-Z]+\)$/],
  ])('%s is told so', async (_name, urlOf, expected) => {
    const problem = await problemOf(urlOf());
    expect(problem).toMatch(expected);
    expect(problem).not.toContain(SECRET);
  });

  test('a Redis that is there and says nothing does not keep a start waiting', async () => {
    server.pause();
    expect(await problemOf(server.url())).toMatch(/: does not answer \(E[A-Z]+\)$/);
    server.resume();
  });
});
