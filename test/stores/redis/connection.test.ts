/** What whoever sends commands to Redis can rely on: an end within the limit, and one that is there again by itself. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { parseRedisAddress } from '../../../gateway/stores/redis/address.ts';
import { openRedis, type RedisConnection, type RedisLink } from '../../../gateway/stores/redis/connection.ts';
import { script } from '../../../gateway/stores/redis/script.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../redis-server.ts';

const SECRET = 'not-to-be-seen';

describeWithRedis('the connection to Redis', () => {
  let server: RedisServer;
  const open: RedisConnection[] = [];
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    server.resume();
    await Promise.all(open.splice(0).map((connection) => connection.close()));
  });

  function connected(text = server.url()): RedisConnection {
    const address = parseRedisAddress(text);
    if (address === undefined) throw new Error('no address');
    const connection = openRedis(address);
    open.push(connection);
    return connection;
  }

  const answerOf = (sent: Promise<unknown>): Promise<unknown> => sent.catch((error: unknown) => error);

  /** Resolves when the standing is told to be this. */
  const told = ({ standing }: RedisConnection, wanted: boolean): Promise<void> =>
    new Promise((resolve) => {
      standing.onChange((isAway) => {
        if (isAway === wanted) resolve();
      });
    });

  const links: readonly (readonly [string, (connection: RedisConnection) => RedisLink])[] = [
    ['requests', ({ requests }) => requests],
    ['background work', ({ background }) => background],
  ];

  test.each(links)('commands and scripts of %s are answered in bytes, numbers and lists', async (_name, linkOf) => {
    const link = linkOf(connected());
    const bytes = Uint8Array.of(0, 255, 13, 10);
    expect(await link.command('SET', 'bytes', bytes, 'PX', 60_000)).toEqual(Buffer.from('OK'));
    expect(await link.command('GET', 'bytes')).toEqual(Buffer.from(bytes));
    expect(await link.command('GET', 'none')).toBeNull();
    const both = script("return { redis.call('GET', KEYS[1]), ARGV[1], 7, false }");
    expect(await link.run(both, ['bytes'], ['x'])).toEqual([Buffer.from(bytes), Buffer.from('x'), 7, null]);
  });

  test('what Redis says against a command is its code', async () => {
    const { requests, standing } = connected();
    await requests.command('SET', 'text', 'x', 'PX', 60_000);
    expect(await answerOf(requests.command('HGET', 'text', 'x'))).toMatchObject({ code: 'WRONGTYPE' });
    const fenced = script("return redis.error_reply('FENCED another node')");
    expect(await answerOf(requests.run(fenced, ['text'], []))).toMatchObject({ code: 'FENCED' });
    expect(standing.isAway()).toBe(false);
  });

  test('a script is known again after a restart', async () => {
    const connection = connected();
    const one = script('return 1');
    expect(await connection.requests.run(one, ['k'], [])).toBe(1);
    const away = told(connection, true);
    const back = told(connection, false);
    await server.restart();
    await away;
    await back;
    expect(await connection.requests.run(one, ['k'], [])).toBe(1);
    expect(await connection.requests.run(one, ['k'], [])).toBe(1);
  });

  test('whoever waits is told in time, the others at once, and it is back by itself', async () => {
    const connection = connected();
    const { requests, standing } = connection;
    await requests.command('SET', 'kept', 'x', 'PX', 60_000);
    const changes: boolean[] = [];
    standing.onChange((isAway) => changes.push(isAway));
    server.pause();
    expect(await answerOf(requests.command('GET', 'kept'))).toMatchObject({ code: 'ETIMEDOUT' });
    expect(standing.isAway()).toBe(true);
    expect(standing.isAway('any key')).toBe(true);
    let isEnded = false;
    const refused = answerOf(requests.command('GET', 'kept')).finally(() => {
      isEnded = true;
    });
    // No timer can have fired: it was refused without waiting.
    await new Promise((resolve) => process.nextTick(resolve));
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(isEnded).toBe(true);
    expect(await refused).toMatchObject({ code: 'EAWAY' });
    expect(await standing.look()).toBe(false);
    const back = told(connection, false);
    server.resume();
    await back;
    expect(await requests.command('GET', 'kept')).toEqual(Buffer.from('x'));
    expect(standing.isAway()).toBe(false);
    expect(changes).toEqual([true, false]);
  });

  test('a connection that is lost while nothing is sent counts as away', async () => {
    const connection = connected();
    await connection.requests.command('PING');
    const away = told(connection, true);
    const back = told(connection, false);
    await server.kill();
    await away;
    expect(await answerOf(connection.requests.command('PING'))).toMatchObject({ code: 'EAWAY' });
    expect(await answerOf(connection.background.command('PING'))).toMatchObject({ code: 'EAWAY' });
    await server.restart();
    await back;
    expect(await connection.requests.command('PING')).toEqual(Buffer.from('PONG'));
  });

  test('a look finds out what nobody has noticed', async () => {
    const { requests, standing } = connected();
    await requests.command('PING');
    expect(await standing.look()).toBe(true);
    server.pause();
    expect(standing.isAway()).toBe(false);
    expect(await standing.look()).toBe(false);
    expect(standing.isAway()).toBe(true);
  });

  test('answers that came while this process was busy are no time-outs', async () => {
    const { requests, standing } = connected();
    await requests.command('PING');
    const sent = Array.from({ length: 50 }, () => requests.command('PING'));
    const end = performance.now() + 400;
    while (performance.now() < end);
    expect(await Promise.all(sent)).toHaveLength(50);
    expect(standing.isAway()).toBe(false);
  });

  test('what waits for answers is bounded', async () => {
    const { requests } = connected();
    await requests.command('PING');
    server.pause();
    const sent = Array.from({ length: 10_010 }, () => answerOf(requests.command('PING')));
    const codes = (await Promise.all(sent)).map((error) => (error as { code: string }).code);
    expect(codes.slice(10_000)).toEqual(new Array(10).fill('EBUSY'));
    expect(new Set(codes.slice(0, 10_000))).toEqual(new Set(['ETIMEDOUT']));
  });

  test('closing ends what waits, also while Redis says nothing', async () => {
    const { requests, background, close } = connected();
    await Promise.all([requests.command('PING'), background.command('PING')]);
    server.pause();
    const waiting = [answerOf(requests.command('PING')), answerOf(background.command('PING'))];
    await close();
    for (const ended of await Promise.all(waiting)) expect(ended).toHaveProperty('code');
    expect(await answerOf(requests.command('PING'))).toMatchObject({ code: 'EAWAY' });
  });

  test('who is not let in is told so, and no password is seen', async () => {
    const { requests, standing, lastFailure } = connected(
      `redis://nobody:${SECRET}@127.0.0.1:${server.port}/0?prefix=x`,
    );
    const failed = await answerOf(requests.command('PING'));
    expect(failed).toMatchObject({ code: 'EAWAY' });
    expect(lastFailure()).toBe('WRONGPASS');
    expect(standing.isAway()).toBe(true);
    expect(JSON.stringify([failed, (failed as Error).stack])).not.toContain(SECRET);
  });
});
