/** Writes that never come to an end, and what is said of a store that could not be written. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { Database } from 'lmdb';
import { StoreWriteError } from '../../gateway/errors.ts';
import { onDisk } from '../../gateway/stores/lmdb-commit.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { timedStore } from '../../gateway/stores/timed.ts';
import { WriteTrouble } from '../../gateway/stores/write-trouble.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const never = new Promise<never>(() => {});

test.each([
  ['is not taken', never, Promise.resolve(true)],
  ['does not reach the disk', Promise.resolve(1), never],
])('a write that %s is given up', async (_, written, flushed) => {
  const database = { flushed } as unknown as Database<Buffer, string>;
  const ended = onDisk<Buffer, string, unknown>(database, () => written).catch((error: unknown) => error);
  await jest.advanceTimersByTimeAsync(5_000);
  expect(await ended).toMatchObject({ code: 'ETIMEDOUT' });
});

test('what cannot be written is told until something can be', async () => {
  const { notes, ...rest } = openMemoryStore();
  let isFull = true;
  const put = async (name: string, text: string): Promise<void> => {
    if (isFull) throw new StoreWriteError('ENOSPC');
    await notes.put(name, text);
  };
  const trouble = new WriteTrouble();
  const store = timedStore(
    { ...rest, notes: { get: (name) => notes.get(name), put } },
    { clock: { monotonic: () => 0 }, observe: () => {}, failed: (error) => trouble.failed(error) },
  );
  expect(await trouble.told(store)).toBeUndefined();
  await expect(store.notes.put('a', 'b')).rejects.toThrow(StoreWriteError);
  expect(await trouble.told(store)).toBe('the store cannot be written');
  expect(await trouble.told(store)).toBe('the store cannot be written');
  isFull = false;
  expect(await trouble.told(store)).toBeUndefined();
});

test('a store on other machines is asked, and what it does not answer is told at once', async () => {
  const standing: { away: boolean; answers: boolean; code: string | undefined } = {
    away: true,
    answers: true,
    code: undefined,
  };
  const trouble = new WriteTrouble({
    standing: { isAway: () => standing.away, look: async () => standing.answers },
    lastFailure: () => standing.code,
  });
  const store = openMemoryStore();
  expect(await trouble.told(store)).toBe('the store does not answer');
  standing.code = 'ECONNREFUSED';
  expect(await trouble.told(store)).toBe('the store does not answer (ECONNREFUSED)');
  standing.code = undefined;
  standing.away = false;
  expect(await trouble.told(store)).toBeUndefined();
  standing.answers = false;
  expect(await trouble.told(store)).toBe('the store does not answer');
  standing.answers = true;
  expect(await trouble.told(store)).toBeUndefined();
  const unread = {
    ...store,
    acceptances: { ...store.acceptances, of: () => Promise.reject(new StoreWriteError('EIO')) },
  };
  expect(await trouble.told(unread)).toBe('the store cannot be read');
});
