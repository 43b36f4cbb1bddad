/** Records older than the operator keeps them go at the start and every hour, so do ended messages after 7 days; failing is told. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { Log } from '../../gateway/ports.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { dropDead, dropEnded, startRetention } from '../../gateway/stores/retention.ts';
import type { SystemMessageStore } from '../../gateway/system-message-ports.ts';
import { accepted, deposit, KEY, message, record } from './records-of-tests.ts';

const HOUR = 3_600_000;
const logged: string[] = [];
const log: Log = {
  info: (event, fields) => void logged.push(`${event} ${JSON.stringify(fields)}`),
  warn: (event) => void logged.push(event),
  error: (event) => void logged.push(event),
};

beforeEach(() => {
  logged.length = 0;
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('old records go at the start and every hour, until it is stopped', async () => {
  const store = openMemoryStore();
  const records = [0, 1, 2, 3].map((number) => record(number, { decidedAt: number * HOUR }));
  await store.acceptances.accept(KEY, accepted(records));
  const left = async () => (await store.audit.read(0, 10)).map(({ sequence }) => sequence);
  let now = 10 * HOUR;
  const stop = startRetention(store, { keepMillis: 9 * HOUR, mayDrop: () => true, clock: { wall: () => now }, log });
  await jest.advanceTimersByTimeAsync(0);
  expect(await left()).toEqual([2, 3, 4]);
  now = 12 * HOUR;
  await jest.advanceTimersByTimeAsync(HOUR);
  expect(await left()).toEqual([4]);
  stop();
  now = 30 * HOUR;
  await jest.advanceTimersByTimeAsync(2 * HOUR);
  expect(await left()).toEqual([4]);
  expect(logged).toEqual(['old audit records dropped {"records":1}', 'old audit records dropped {"records":2}']);
});

test('without a time everything is kept', async () => {
  const store = openMemoryStore();
  await store.acceptances.accept(KEY, accepted([record(1)]));
  startRetention(store, {
    keepMillis: undefined,
    mayDrop: () => true,
    clock: { wall: () => Number.MAX_SAFE_INTEGER },
    log,
  })();
  await jest.advanceTimersByTimeAsync(2 * HOUR);
  expect(await store.audit.read(0, 10)).toHaveLength(1);
});

test('a failure is told, and the next hour tries again', async () => {
  let calls = 0;
  const dropBefore = async (): Promise<number> => {
    calls++;
    throw new Error('closed');
  };
  const { systemMessages, mailbox } = openMemoryStore();
  const stop = startRetention(
    { audit: { dropBefore }, systemMessages, mailbox },
    { keepMillis: 1, mayDrop: () => true, clock: { wall: () => 0 }, log },
  );
  await jest.advanceTimersByTimeAsync(HOUR);
  stop();
  expect(calls).toBe(2);
  expect(logged).toEqual(Array(2).fill('old audit records cannot be dropped; run sapgw audit verify'));
});

test('messages go 7 days after their end, those of a sending too; the others stay', async () => {
  const { audit, systemMessages, mailbox } = openMemoryStore();
  const day = 24 * HOUR;
  await systemMessages.put([
    message(1, { state: 'delivered', endedAt: day - 1 }),
    message(2, { state: 'answered', endedAt: day - 1, broadcast: 'spring' }),
    message(3, { state: 'expired', endedAt: day }),
    message(4, { createdAt: 0, expiresAt: 1 }),
    message(5, { state: 'inbox', createdAt: 0 }),
  ]);
  const left = async () => (await systemMessages.of(KEY)).map(({ sequence }) => sequence);
  let now = 8 * day;
  const stop = startRetention(
    { audit, systemMessages, mailbox },
    { keepMillis: undefined, mayDrop: () => true, clock: { wall: () => now }, log },
  );
  await jest.advanceTimersByTimeAsync(0);
  expect(await left()).toEqual([3, 4, 5]);
  now += 1;
  await jest.advanceTimersByTimeAsync(HOUR);
  expect(await left()).toEqual([4, 5]);
  stop();
  expect(logged).toEqual(['old system messages dropped {"messages":2}', 'old system messages dropped {"messages":1}']);
});

test('all messages are looked at, in slices', async () => {
  const { systemMessages } = openMemoryStore();
  const ended = (number: number) => message(number, number % 3 === 0 ? {} : { state: 'read', endedAt: 1 });
  await systemMessages.put(Array.from({ length: 2000 }, (_, number) => ended(number)));
  const dropping = dropEnded(systemMessages, 2);
  await jest.runAllTimersAsync();
  expect(await dropping).toBe(1333);
  expect(await systemMessages.of(KEY)).toHaveLength(667);
});

test('messages that cannot be read or dropped are told of, every hour', async () => {
  const { audit, systemMessages, mailbox } = openMemoryStore();
  const remove = async (): Promise<void> => {
    throw new Error('closed');
  };
  await systemMessages.put([message(1, { state: 'read', endedAt: 1 })]);
  const broken = { audit, systemMessages: failing({ remove }), mailbox };
  const stopped = startRetention(broken, {
    keepMillis: undefined,
    mayDrop: () => true,
    clock: { wall: Date.now },
    log,
  });
  await jest.advanceTimersByTimeAsync(HOUR);
  stopped();
  expect(logged.splice(0)).toEqual(Array(2).fill('old system messages cannot be dropped'));
  const unreadable = async () => 3;
  startRetention(
    { audit, systemMessages: failing({ unreadable }), mailbox },
    { keepMillis: undefined, mayDrop: () => true, clock: { wall: () => 0 }, log },
  )();
  await jest.advanceTimersByTimeAsync(0);
  expect(logged).toEqual(['system messages in the store cannot be read']);

  function failing(change: Partial<SystemMessageStore>) {
    return {
      slice: (after: string | undefined, limit: number) => systemMessages.slice(after, limit),
      unreadable: () => systemMessages.unreadable(),
      remove: (ids: readonly string[]) => systemMessages.remove(ids),
      ...change,
    };
  }
});

test('what was given up goes 30 days after; what waits stays, however old', async () => {
  const store = openMemoryStore();
  const day = 24 * HOUR;
  for (const number of [1, 2, 3]) await store.mailbox.put(deposit(number, { storedAt: 0, expiresAt: 1 }), 9);
  await store.mailbox.bury(deposit(1).message.id, 'unacknowledged', day - 1);
  await store.mailbox.bury(deposit(2).message.id, 'refused', day);
  const left = async () => (await store.mailbox.slice(undefined, 9)).map(({ id }) => id).sort();
  const idsOf = (...numbers: readonly number[]) => numbers.map((number) => deposit(number).message.id).sort();
  let now = 31 * day;
  const stop = startRetention(store, { keepMillis: undefined, mayDrop: () => true, clock: { wall: () => now }, log });
  await jest.advanceTimersByTimeAsync(0);
  expect(await left()).toEqual(idsOf(2, 3));
  now += 1;
  await jest.advanceTimersByTimeAsync(HOUR);
  expect(await left()).toEqual(idsOf(3));
  stop();
  expect(logged).toEqual(['old dead letters dropped {"messages":1}', 'old dead letters dropped {"messages":1}']);
});

test('dead letters are looked for among all messages, in slices', async () => {
  const { mailbox } = openMemoryStore();
  for (let number = 0; number < 1_200; number += 1) {
    await mailbox.put(deposit(number), 2_000);
    if (number % 4 === 0) await mailbox.bury(deposit(number).message.id, 'refused', 5);
  }
  const dropping = dropDead(mailbox, 6);
  await jest.runAllTimersAsync();
  expect(await dropping).toBe(300);
  expect(await mailbox.totals()).toMatchObject({ waiting: 900, dead: 0 });
});

test('kept messages that cannot be read or dropped are told of', async () => {
  const { audit, systemMessages, mailbox } = openMemoryStore();
  const failing = {
    totals: () => mailbox.totals(),
    slice: () => mailbox.slice(undefined, 5),
    end: async () => {
      throw new Error('closed');
    },
    unreadable: async () => 2,
  };
  startRetention(
    { audit, systemMessages, mailbox: failing },
    { keepMillis: undefined, mayDrop: () => true, clock: { wall: () => 0 }, log },
  )();
  await jest.advanceTimersByTimeAsync(0);
  await mailbox.put(deposit(1), 9);
  await mailbox.bury(deposit(1).message.id, 'refused', 1);
  const stop = startRetention(
    { audit, systemMessages, mailbox: failing },
    { keepMillis: undefined, mayDrop: () => true, clock: { wall: Date.now }, log },
  );
  await jest.advanceTimersByTimeAsync(0);
  stop();
  expect(logged).toEqual(['kept messages in the store cannot be read', 'old dead letters cannot be dropped']);
});
