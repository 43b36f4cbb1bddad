/** From LMDB to Redis and back: at both ends a gateway finds the same, in the same orders, and the chain is proven. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { CopyableStore } from '../../gateway/copy-ports.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../redis-server.ts';
import { deposit, idOf, KEY } from '../stores/records-of-tests.ts';
import { migration, openLmdbEnd, openRedisEnd } from './ends.ts';
import { fill, found, SMALL } from './filled.ts';

const SEED = 20_260_718;

describeWithRedis('migrations to Redis', () => {
  let server: RedisServer;
  let directory = '';
  const opened: CopyableStore[] = [];
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sapgw-migrate-'));
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    rmSync(directory, { recursive: true });
  });

  function lmdb(name: string): CopyableStore {
    const store = openLmdbEnd(directory, name);
    opened.push(store);
    return store;
  }

  async function redis(url = server.url()): Promise<CopyableStore> {
    const store = await openRedisEnd(url);
    opened.push(store);
    return store;
  }

  async function run(source: CopyableStore, target: CopyableStore, isStopped = () => false) {
    return migration(source, target, { isStopped });
  }

  async function wholeRun(source: CopyableStore, target: CopyableStore) {
    const result = await run(source, target);
    if (result.kind !== 'compared') throw new Error(`the migration is ${result.kind}`);
    expect(result.tables.filter((table) => !table.isEqual)).toEqual([]);
    return result;
  }

  test(`there and back, seed ${SEED}`, async () => {
    const [source, middle, target] = [lmdb('source'), await redis(), lmdb('target')];
    await fill(source, SEED, SMALL);
    const before = await found(source, SMALL);
    const there = await wholeRun(source, middle);
    expect([there.audit.problems, there.unreadable]).toEqual([[], 0]);
    expect(await found(middle, SMALL)).toEqual(before);
    const back = await wholeRun(middle, target);
    expect([back.audit.problems, back.unreadable]).toEqual([[], 0]);
    expect(await found(target, SMALL)).toEqual(before);
    expect(there.tables.filter(({ target: rows }) => rows === 0)).toEqual([]);
    expect(back.tables.map(({ target: rows }) => rows)).toEqual(there.tables.map(({ target: rows }) => rows));
  });

  test(`from one that a gateway has filled to another, seed ${SEED}`, async () => {
    const [source, target] = [await redis(), await redis()];
    await fill(source, SEED, SMALL);
    const before = await found(source, SMALL);
    await wholeRun(source, target);
    expect(await found(target, SMALL)).toEqual(before);
  });

  test('what comes after stands behind what was there', async () => {
    const [source, middle, target] = [lmdb('source'), await redis(), lmdb('target')];
    for (const number of [1, 2, 3]) await source.mailbox.put(deposit(number), 10);
    await source.mailbox.end([idOf('deposit 1')], []);
    await wholeRun(source, middle);
    await middle.mailbox.put(deposit(4), 10);
    await wholeRun(middle, target);
    await target.mailbox.put(deposit(5), 10);
    const ids = (await target.mailbox.waiting(KEY, 9)).map(({ id }) => id);
    expect(ids).toEqual([2, 3, 4, 5].map((number) => idOf(`deposit ${number}`)));
  });

  test(`stopped now and then and gone on with, seed ${SEED}`, async () => {
    const [source, target] = [await redis(), await redis()];
    await fill(source, SEED, SMALL);
    const before = await found(source, SMALL);
    for (let runs = 0; ; runs += 9) {
      let slices = 0;
      const result = await run(source, target, () => {
        slices += 1;
        return slices > runs;
      });
      if (result.kind === 'stopped') continue;
      expect(result.kind === 'compared' && result.tables.every((table) => table.isEqual)).toBe(true);
      break;
    }
    expect(await found(target, SMALL)).toEqual(before);
  });

  test('a target that holds something else is refused', async () => {
    const [source, url] = [lmdb('source'), server.url()];
    await (await redis(url)).mailbox.wishes.set(KEY, {
      bearers: ['SMS'],
      etemHandling: undefined,
      notifications: true,
    });
    expect(await run(source, await redis(url))).toEqual({
      kind: 'occupied',
      tables: [{ table: 'off-line-wishes', rows: 1 }],
    });
  });
});
