/** Records older than the operator keeps them go at the start and every hour; failing is told and stops nothing. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { Log } from '../../gateway/ports.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { startRetention } from '../../gateway/stores/retention.ts';
import { accepted, KEY, record } from './records-of-tests.ts';

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
  const stop = startRetention(store.audit, 9 * HOUR, { wall: () => now }, log);
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
  startRetention(store.audit, undefined, { wall: () => Number.MAX_SAFE_INTEGER }, log)();
  await jest.advanceTimersByTimeAsync(2 * HOUR);
  expect(await store.audit.read(0, 10)).toHaveLength(1);
});

test('a failure is told, and the next hour tries again', async () => {
  let calls = 0;
  const dropBefore = async (): Promise<number> => {
    calls++;
    throw new Error('closed');
  };
  const stop = startRetention({ dropBefore }, 1, { wall: () => 0 }, log);
  await jest.advanceTimersByTimeAsync(HOUR);
  stop();
  expect(calls).toBe(2);
  expect(logged).toEqual(Array(2).fill('old audit records cannot be dropped; run sapgw audit verify'));
});
