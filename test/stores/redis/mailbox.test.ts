/**
 * Mailboxes and System Messages in Redis, apart from what every store must do: records that have gone by themselves or are
 * damaged, several nodes at the same moment, and what is said of all shares together.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { shareOf } from '../../../gateway/shares.ts';
import type { RedisArgument } from '../../../gateway/stores/redis/connection.ts';
import { FORGET_TRIES, PUT } from '../../../gateway/stores/redis/mailbox-scripts.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../redis-server.ts';
import { recounted } from '../mailbox-recount.ts';
import { deposit, idOf, KEY, message, OTHER_KEY, report, wish } from '../records-of-tests.ts';
import { contentsOf, held, interrupted, type Opened, openParts, storeOf } from './parts-of-tests.ts';
import { MOST } from './share-doings.ts';

const DAMAGED = expect.objectContaining({ code: 'STORE_RECORD' });
const SHARE = shareOf(KEY);
const NONE = { waiting: 0, waitingBytes: 0, reports: 0, dead: 0 };

describeWithRedis('mailboxes in Redis', () => {
  let server: RedisServer;
  let parts: Opened;
  beforeAll(async () => {
    server = await startRedis(['--appendfsync', 'no']);
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    parts = openParts(server.url());
  });
  afterEach(() => parts.connection.close());

  const raw = (name: string, ...args: readonly RedisArgument[]) => parts.connection.background.command(name, ...args);
  const mail = (number: number, userKey = KEY) => parts.keys.of(userKey, 'mail', deposit(number).message.id);
  const leftKeys = async () => [...(await contentsOf(parts)).keys()].filter((key) => !key.endsWith('-totals'));

  describe('records that have gone by themselves', () => {
    const filled = async () => {
      const { mailbox } = storeOf(parts);
      for (const one of [deposit(1), deposit(2), report(3), deposit(4, { userKey: OTHER_KEY })])
        await mailbox.put(one, MOST);
      await mailbox.bury(deposit(2).message.id, 'refused', 1);
      for (const number of [1, 2, 3]) await raw('DEL', mail(number));
      await raw('DEL', mail(4, OTHER_KEY));
      return mailbox;
    };

    test.each(['slice', 'expired and dead', 'of users'])('count no longer once they are come upon: %s', async (way) => {
      const mailbox = await filled();
      expect(await mailbox.totals()).toEqual({ waiting: 2, waitingBytes: 400, reports: 1, dead: 1 });
      if (way === 'slice') expect(await mailbox.slice(undefined, 9)).toEqual([]);
      if (way === 'expired and dead') expect(await mailbox.expired(2 ** 47, 9)).toEqual([]);
      if (way === 'of users') for (const key of [KEY, OTHER_KEY]) expect(await mailbox.waiting(key, 9)).toEqual([]);
      if (way !== 'slice') expect(await mailbox.dead(KEY)).toEqual([]);
      expect(await mailbox.totals()).toEqual(NONE);
      expect(await mailbox.counts(KEY)).toEqual({ messages: 0, bytes: 0 });
      expect(await leftKeys()).toEqual([]);
    });

    test('are not ended, and can be put again', async () => {
      const mailbox = await filled();
      expect(await mailbox.end([deposit(1).message.id], [report(9)])).toEqual([]);
      expect(await mailbox.put(deposit(2, { bytes: 7 }), MOST)).toEqual({ kind: 'stored' });
      await mailbox.slice(undefined, 9);
      expect(await mailbox.counts(KEY)).toEqual({ messages: 1, bytes: 7 });
      expect(await mailbox.totals()).toEqual({ ...NONE, waiting: 1, waitingBytes: 7 });
    });

    test('are read past by a node that lost the share, which changes nothing', async () => {
      await filled();
      const there = await contentsOf(parts);
      const { mailbox } = storeOf({ ...parts, shares: [SHARE], token: 'not mine' });
      expect(await mailbox.slice(undefined, 9)).toEqual([]);
      expect(await mailbox.waiting(KEY, 9)).toEqual([]);
      expect(await contentsOf(parts)).toEqual(there);
    });

    test('as notifications and System Messages', async () => {
      const { mailbox, systemMessages } = storeOf(parts);
      await mailbox.put(deposit(1, {}, { notification: wish() }), MOST);
      await mailbox.end([deposit(1).message.id], []);
      await raw('DEL', noteKey());
      expect(await mailbox.notifications.due(9_000, 9)).toEqual([]);
      await systemMessages.put([message(1), message(2, { userKey: OTHER_KEY })]);
      await raw('DEL', parts.keys.of(KEY, 'said', message(1).id));
      await raw('DEL', parts.keys.of(OTHER_KEY, 'said', message(2).id));
      expect(await systemMessages.of(KEY)).toEqual([]);
      expect(await systemMessages.slice(undefined, 9)).toEqual([]);
      expect(await leftKeys()).toEqual([]);
    });

    const noteKey = () => parts.keys.of(KEY, 'note', KEY, 'away');
  });

  describe('a damaged record', () => {
    const filled = async () => {
      const { mailbox } = storeOf(parts);
      for (const number of [1, 2, 3]) await mailbox.put(deposit(number), MOST);
      return mailbox;
    };
    const second = deposit(2).message.id;

    test.each([
      ['nothing', ''],
      ['without its place', 'x'],
      ['of another format', `64 ${KEY}\n\u0009`],
      ['cut off', `64 ${KEY}\n\u0001\u0000`],
    ])('that is %s fails who asks for it, is left out of all, counted, and ended by its id', async (_name, bytes) => {
      const mailbox = await filled();
      await raw('HSET', mail(2), 'h', bytes);
      await expect(mailbox.get(second)).rejects.toEqual(DAMAGED);
      expect(await mailbox.waiting(KEY, 2)).toMatchObject([
        { id: deposit(1).message.id },
        { id: deposit(3).message.id },
      ]);
      expect(await mailbox.slice(undefined, 9)).toHaveLength(2);
      expect(await mailbox.expired(2 ** 47, 2)).toHaveLength(2);
      expect(await mailbox.unreadable()).toBe(1);
      expect(await mailbox.end([second, deposit(1).message.id], [])).toHaveLength(2);
      expect(await mailbox.unreadable()).toBe(0);
      expect(await mailbox.totals()).toEqual(await recounted(mailbox));
      expect(await mailbox.counts(KEY)).toEqual({ messages: 1, bytes: 200 });
    });

    test('goes with its user', async () => {
      const mailbox = await filled();
      await raw('HSET', mail(2), 'h', 'x');
      expect(await mailbox.forget(KEY)).toBe(3);
      expect(await mailbox.totals()).toEqual(NONE);
    });

    test('that is a content fails who asks for it alone', async () => {
      const mailbox = await filled();
      await raw('HSET', mail(2), 'c', '\u0009');
      await expect(mailbox.content(second)).rejects.toEqual(DAMAGED);
      expect(await mailbox.waiting(KEY, 9)).toHaveLength(3);
    });

    test('that is a notification is left out and counted, and replaced by the next', async () => {
      const { mailbox } = storeOf(parts);
      await mailbox.put(deposit(1, {}, { notification: wish() }), MOST);
      await mailbox.put(deposit(2, {}, { notification: wish({ userKey: KEY, policy: 'other' }) }), MOST);
      await raw('SET', parts.keys.of(KEY, 'note', KEY, 'away'), 'x');
      await expect(mailbox.notifications.get(KEY, 'away')).rejects.toEqual(DAMAGED);
      expect(await mailbox.notifications.due(2 ** 40, 1)).toMatchObject([{ policy: 'other' }]);
      expect(await mailbox.notifications.slice(undefined, 9)).toHaveLength(1);
      expect(await mailbox.unreadable()).toBe(1);
      await mailbox.put(deposit(3, {}, { notification: wish({ at: 77 }) }), MOST);
      expect(await mailbox.notifications.get(KEY, 'away')).toMatchObject({ at: 77, state: 'waiting' });
      expect(await mailbox.unreadable()).toBe(0);
    });

    test('that remembers a second try lets the message in, rather than keeping the sender out', async () => {
      const { mailbox } = storeOf(parts);
      const tried = (number: number) =>
        deposit(number, { storedAt: 5 }, { duplicate: { key: idOf('a try'), sentId: 's', until: 99 } });
      await mailbox.put(tried(1), MOST);
      await raw('SET', parts.keys.of(KEY, 'mail-try', idOf('a try')), 'x');
      expect(await mailbox.known(idOf('a try'), 5)).toBeUndefined();
      expect(await mailbox.put(tried(2), MOST)).toEqual({ kind: 'stored' });
      expect(await mailbox.put(tried(3), MOST)).toMatchObject({ kind: 'known', id: deposit(2).message.id });
    });

    test('that is a System Message fails who asks for it, and is left out and counted where all are gone through', async () => {
      const { systemMessages } = storeOf(parts);
      await systemMessages.put([message(1), message(2), message(3)]);
      await raw('SET', parts.keys.of(KEY, 'said', message(2).id), 'x');
      await expect(systemMessages.get(message(2).id)).rejects.toEqual(DAMAGED);
      await expect(systemMessages.of(KEY)).rejects.toEqual(DAMAGED);
      expect(await systemMessages.slice(undefined, 2)).toHaveLength(2);
      expect(await systemMessages.unreadable()).toBe(1);
      await systemMessages.remove([message(2).id]);
      expect(await systemMessages.unreadable()).toBe(0);
      expect(await systemMessages.of(KEY)).toEqual([message(1), message(3)]);
      await raw('SET', parts.keys.of(KEY, 'said', message(3).id), 'x');
      expect(await systemMessages.forget(KEY)).toBe(2);
    });
  });

  test('what cannot be written is refused, and nothing of it is there', async () => {
    const { mailbox, systemMessages } = storeOf(parts);
    const wrong = [
      deposit(1, { userKey: 'u'.repeat(600) }),
      deposit(2, { policy: 'p'.repeat(70_000) }),
      deposit(3, {}, { notification: wish({ bearer: 'b'.repeat(70_000) }) }),
      deposit(4, {}, { duplicate: { key: idOf('a'), sentId: 's'.repeat(70_000), until: 9 } }),
      deposit(5, { expiresAt: 2 ** 60 }),
      deposit(6, { id: 'a\nb' }),
      deposit(7, {}, { notification: wish({ policy: 'a\0b' }) }),
    ];
    for (const one of wrong) await expect(mailbox.put(one, MOST)).rejects.toMatchObject({ name: 'RangeError' });
    for (const one of [message(1, { option: 'o'.repeat(70_000) }), message(1, { userKey: 'a\0' })])
      await expect(systemMessages.put([message(9), one])).rejects.toMatchObject({ name: 'RangeError' });
    await expect(mailbox.end([], [report(6, { policy: 'p'.repeat(70_000) })])).rejects.toMatchObject({
      name: 'RangeError',
    });
    expect(await contentsOf(parts)).toEqual(new Map());
  });

  test('two nodes that fill one mailbox keep its quota, and both count what they hand over', async () => {
    const boxes = [storeOf(parts).mailbox, storeOf(await held(parts, SHARE, 'mine')).mailbox];
    const quota = { messages: 30, bytes: 1e9 };
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, number) => boxes[number % 2]?.put(deposit(number, {}, { quota }), MOST)),
    );
    expect(outcomes.filter((outcome) => outcome?.kind === 'stored')).toHaveLength(30);
    expect(await boxes[0]?.counts(KEY)).toEqual({ messages: 30, bytes: 6_000 });
    const { id = '' } = (await boxes[0]?.waiting(KEY, 1))?.[0] ?? {};
    await Promise.all([1, 2, 3, 4].map((at) => boxes[at % 2]?.handed(id, at)));
    expect(await boxes[0]?.get(id)).toMatchObject({ tries: 4 });
  });

  test('deposits of one user’s at the same moment are one notification', async () => {
    const { mailbox } = storeOf(parts);
    const times = Array.from({ length: 5 }, (_, at) => at);
    await Promise.all(times.map((at) => mailbox.put(deposit(at, {}, { notification: wish({ at }) }), MOST)));
    expect(await mailbox.counts(KEY)).toMatchObject({ messages: 5 });
    expect(await mailbox.notifications.slice(undefined, 9)).toHaveLength(1);
  });

  test('a notification that went on its way while a deposit was on its own stays on its way', async () => {
    const { notifications } = storeOf(parts).mailbox;
    const sending = {
      ...wish(),
      state: 'sending',
      dueAt: 60_000,
      tries: 1,
      sentAt: undefined,
      failure: undefined,
    } as const;
    await storeOf(parts).mailbox.put(deposit(1, {}, { notification: wish() }), MOST);
    const connection = interrupted(parts.connection, PUT, () => notifications.put(sending));
    const { mailbox } = storeOf({ ...parts, connection });
    const last = wish({ at: 9, content: Uint8Array.of(9) });
    expect(await mailbox.put(deposit(2, {}, { notification: last }), MOST)).toEqual({ kind: 'stored' });
    expect(await notifications.get(KEY, 'away')).toEqual({ ...sending, content: Uint8Array.of(9) });
    expect(await mailbox.counts(KEY)).toMatchObject({ messages: 2 });
  });

  test('what is remembered anew while a sweep goes on stays remembered', async () => {
    const tried = (number: number, storedAt: number) =>
      deposit(number, { storedAt }, { duplicate: { key: idOf('a try'), sentId: 's', until: storedAt + 50 } });
    const { mailbox } = storeOf(parts);
    await mailbox.put(tried(1, 10), MOST);
    const connection = interrupted(parts.connection, FORGET_TRIES, () => mailbox.put(tried(2, 70), MOST));
    await storeOf({ ...parts, connection }).mailbox.sweep(60);
    expect(await mailbox.known(idOf('a try'), 100)).toMatchObject({ id: deposit(2).message.id });
    await mailbox.sweep(120);
    expect(await mailbox.rememberedUntil()).toBe(0);
  });

  test('holders of different shares together keep what all mailboxes may hold', async () => {
    const [mine, theirs] = [
      storeOf(await held(parts, SHARE, 'mine')).mailbox,
      storeOf(await held(parts, shareOf(OTHER_KEY), 'theirs')).mailbox,
    ];
    const kinds: string[] = [];
    for (let number = 0; number < 3; number += 1) {
      kinds.push((await mine.put(deposit(number), 3)).kind);
      kinds.push((await theirs.put(deposit(number + 10, { userKey: OTHER_KEY }), 3)).kind);
    }
    expect(kinds).toEqual(['stored', 'stored', 'stored', 'full', 'full', 'full']);
    await theirs.end([deposit(10).message.id], []);
    expect(await mine.put(deposit(9), 3)).toEqual({ kind: 'stored' });
  });

  test('far from what all may hold, others are not asked with every deposit', async () => {
    let reads = 0;
    const { requests } = parts.connection;
    const counting = {
      command: (name: string, ...args: readonly RedisArgument[]) => {
        if (name === 'HGET') reads += 1;
        return requests.command(name, ...args);
      },
      run: requests.run.bind(requests),
    };
    const node = { ...(await held(parts, SHARE, 'mine')), connection: { ...parts.connection, requests: counting } };
    const { mailbox } = storeOf(node);
    for (let number = 50; number < 100; number += 1) await mailbox.put(deposit(number), MOST);
    expect(reads).toBeLessThan(25 * 32);
    reads = 0;
    for (let number = 100; number < 110; number += 1) await mailbox.put(deposit(number), 1_000);
    expect(reads).toBeGreaterThanOrEqual(10 * 32);
  });

  test('a holder sees nothing of other shares where it goes through all', async () => {
    const { mailbox, systemMessages } = storeOf(await held(parts, SHARE, 'mine'));
    const whole = storeOf(parts);
    const remembered = (key: string, until: number) => ({ duplicate: { key: idOf(key), sentId: 's', until } });
    const [mine, theirs] = [{ userKey: KEY }, { userKey: OTHER_KEY }];
    await whole.mailbox.put(deposit(1, mine, { ...remembered('a', 2e12), notification: wish(mine) }), MOST);
    await whole.mailbox.put(deposit(2, theirs, { ...remembered('b', 3e12), notification: wish(theirs) }), MOST);
    await whole.systemMessages.put([message(1, mine), message(2, theirs)]);
    expect(await mailbox.totals()).toMatchObject({ waiting: 1 });
    expect((await mailbox.slice(undefined, 9)).map(({ userKey }) => userKey)).toEqual([KEY]);
    expect((await mailbox.expired(2 ** 47, 9)).map(({ userKey }) => userKey)).toEqual([KEY]);
    expect((await mailbox.notifications.due(2 ** 47, 9)).map(({ userKey }) => userKey)).toEqual([KEY]);
    expect(await mailbox.rememberedUntil()).toBe(2e12);
    expect(await whole.mailbox.rememberedUntil()).toBe(3e12);
    expect(await mailbox.known(idOf('a'), 5)).toEqual({ id: deposit(1).message.id, sentId: 's' });
    expect(await mailbox.known(idOf('b'), 5)).toBeUndefined();
    expect(await whole.mailbox.known(idOf('b'), 5)).toBeDefined();
    expect(await systemMessages.slice(undefined, 9)).toEqual([message(1)]);
    await mailbox.sweep(4e12);
    expect(await whole.mailbox.rememberedUntil()).toBe(3e12);
  });

  test('of a user’s erased messages at most 200 are remembered, the last ones', async () => {
    const { systemMessages } = storeOf(parts);
    const some = Array.from({ length: 150 }, (_, number) => number);
    for (const from of [0, 150]) {
      await systemMessages.put(some.map((number) => message(from + number)));
      expect(await systemMessages.forget(KEY)).toBe(150);
    }
    await systemMessages.put([
      ...some.map((number) => message(number)),
      ...some.map((number) => message(number + 150)),
    ]);
    const back = await systemMessages.of(KEY);
    expect(back).toHaveLength(100);
    expect(back.every(({ sequence }) => sequence < 150)).toBe(true);
  });
});
