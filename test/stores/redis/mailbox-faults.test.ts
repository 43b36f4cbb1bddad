/**
 * Changes of what a share holds, whose answer is lost, whose share is in other hands by now, for which there is no room: each is
 * made once or not at all.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { shareOf } from '../../../gateway/shares.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../redis-server.ts';
import { deposit, KEY, OTHER_KEY, report } from '../records-of-tests.ts';
import { contentsOf, held, livesOf, losing, type Opened, openParts, storeOf } from './parts-of-tests.ts';
import { DOINGS, MOST } from './share-doings.ts';

const SHARE = shareOf(KEY);

describeWithRedis('changes of a share that go wrong', () => {
  let server: RedisServer;
  let parts: Opened;
  const opened: Opened[] = [];
  const fresh = (): Opened => {
    const one = openParts(server.url());
    opened.push(one);
    return one;
  };
  beforeAll(async () => {
    server = await startRedis(['--appendfsync', 'no']);
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    parts = fresh();
  });
  afterEach(async () => {
    for (const { connection } of opened.splice(0)) await connection.close();
  });

  test.each(DOINGS)('$name, whichever answer is lost: done again, it is done once', async ({ before, act }) => {
    const holder = await held(parts, SHARE, 'mine');
    await before?.(storeOf(holder));
    await act(storeOf(holder));
    const wanted = await contentsOf(parts);
    for (let which = 0; ; which += 1) {
      const other = await held(fresh(), SHARE, 'mine');
      await before?.(storeOf(other));
      const { connection, wasLost } = losing(other.connection, which);
      const tried = act(storeOf({ ...other, connection }));
      if (!(await tried.then(wasLost, () => true))) {
        expect(which).toBeGreaterThan(0);
        break;
      }
      await expect(tried).rejects.toMatchObject({ code: 'ETIMEDOUT' });
      await act(storeOf(other));
      expect(await contentsOf(other)).toEqual(wanted);
    }
  });

  test.each(DOINGS)('$name by a node that lost the share: refused, and nothing is changed', async ({ before, act }) => {
    await before?.(storeOf(await held(parts, SHARE, 'theirs')));
    const there = await contentsOf(parts);
    const mine = storeOf({ ...parts, shares: [SHARE], token: 'mine' });
    await expect(act(mine)).rejects.toMatchObject({ name: 'Error', code: 'FENCED' });
    await parts.connection.requests.command('DEL', parts.keys.lease(SHARE));
    await expect(act(mine)).rejects.toMatchObject({ code: 'FENCED' });
    expect(await contentsOf(parts)).toEqual(there);
  });

  test.each(DOINGS)('$name where Redis has no room: whole, or not at all', async ({ before, act }) => {
    const store = storeOf(parts);
    await before?.(store);
    const there = await contentsOf(parts);
    const { command } = parts.connection.background;
    await command.call(parts.connection.background, 'CONFIG', 'SET', 'maxmemory', '1');
    const outcome = await act(store).then(
      () => 'done',
      (error: unknown) => error,
    );
    await command.call(parts.connection.background, 'CONFIG', 'SET', 'maxmemory', '0');
    if (outcome !== 'done') {
      expect(outcome).toMatchObject({ code: 'OOM' });
      expect(await contentsOf(parts)).toEqual(there);
    }
    await act(store);
    const other = fresh();
    await before?.(storeOf(other));
    await act(storeOf(other));
    expect(await contentsOf(parts)).toEqual(await contentsOf(other));
  });

  test('where there is no room, what was there can be ended and forgotten', async () => {
    const store = storeOf(parts);
    for (const number of [1, 2]) await store.mailbox.put(deposit(number), MOST);
    await parts.connection.background.command('CONFIG', 'SET', 'maxmemory', '1');
    await expect(store.mailbox.put(deposit(3), MOST)).rejects.toMatchObject({ code: 'OOM' });
    expect(await store.mailbox.end([deposit(1).message.id], [])).toHaveLength(1);
    expect(await store.mailbox.forget(KEY)).toBe(1);
    await parts.connection.background.command('CONFIG', 'SET', 'maxmemory', '0');
    expect(await store.mailbox.totals()).toEqual({ waiting: 0, waitingBytes: 0, reports: 0, dead: 0 });
  });

  test.each(DOINGS)('$name: everything has a life, apart from settings, of which a user has one', async (doing) => {
    await doing.before?.(storeOf(parts));
    await doing.act(storeOf(parts));
    const endless = [...(await livesOf(parts))].filter(([, life]) => life < 86_000_000).map(([key]) => key);
    expect(endless.filter((key) => !key.includes(':settings:'))).toEqual([]);
  });

  test('a report is there before its message leaves, and is the only one when the message is ended again', async () => {
    const holder = await held(parts, SHARE, 'mine');
    await storeOf(holder).mailbox.put(deposit(1), MOST);
    const told = (number: number) => {
      const duplicate = { key: 'the report', sentId: 's', until: 2_000_000_000_000 };
      return { ...report(number, { userKey: OTHER_KEY }), duplicate };
    };
    const { connection } = losing(parts.connection, 1);
    const ended = storeOf({ ...holder, connection }).mailbox.end([deposit(1).message.id], [told(7)]);
    await expect(ended).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(await storeOf(parts).mailbox.waiting(OTHER_KEY, 9)).toHaveLength(1);
    expect(await storeOf(holder).mailbox.waiting(KEY, 9)).toHaveLength(1);
    await storeOf(holder).mailbox.end([deposit(1).message.id], [told(8)]);
    expect(await storeOf(parts).mailbox.totals()).toEqual({ waiting: 0, waitingBytes: 0, reports: 1, dead: 0 });
  });
});
