/** Proves that the cache in front of the sessions is never ahead of the store, never behind a deletion, and bounded. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { SessionRecord, SessionStore, Store } from '../../gateway/ports.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { type CachedSessionStore, cacheSessions } from '../../gateway/stores/session-cache.ts';
import { describeStore } from './contract.ts';
import { KEY, OTHER_KEY, session } from './records-of-tests.ts';

describeStore('cached', async (): Promise<Store> => {
  const store = openMemoryStore();
  return { ...store, sessions: cacheSessions(store.sessions, { max: 10, ttlMillis: 1000 }) };
});

describe('the cache', () => {
  let now = 0;
  let inner: SessionStore;
  let asked = 0;
  /** Answers of the store that are held back until the test lets them go. */
  let held: (() => void)[] | undefined;
  let failWrites = false;
  let cache: CachedSessionStore;

  beforeEach(() => {
    now = 1;
    asked = 0;
    held = undefined;
    failWrites = false;
    inner = openMemoryStore().sessions;
    cache = cacheSessions(
      {
        get: async (key) => {
          asked++;
          const record = await inner.get(key);
          const waiting = held;
          if (waiting !== undefined) await new Promise<void>((resolve) => waiting.push(resolve));
          return record;
        },
        put: async (key, record) => {
          if (failWrites) throw new Error('disk full');
          await inner.put(key, record);
        },
        delete: (key) => inner.delete(key),
        sweep: (at) => inner.sweep(at),
      },
      { max: 2, ttlMillis: 100, now: () => now },
    );
  });

  test('answers at once what was put or got, until the time is over', async () => {
    await inner.put(KEY, session());
    expect(cache.peek(KEY)).toBeUndefined();
    expect(await cache.get(KEY)).toEqual(session());
    expect(cache.peek(KEY)).toEqual(session());
    await cache.get(KEY);
    expect(asked).toBe(1);
    await inner.put(KEY, session({ vasp: 'changed elsewhere' }));
    now += 101;
    expect(cache.peek(KEY)).toBeUndefined();
    expect(await cache.get(KEY)).toMatchObject({ vasp: 'changed elsewhere' });
  });

  test('holds no more than its limit', async () => {
    for (const key of ['a', 'b', 'c']) await cache.put(key, session());
    expect(['a', 'b', 'c'].map((key) => cache.peek(key) !== undefined)).toEqual([false, true, true]);
    expect(await cache.get('a')).toEqual(session());
  });

  test('a deletion holds at once, also against a read under way', async () => {
    await inner.put(KEY, session());
    held = [];
    const reading = cache.get(KEY);
    await Promise.resolve();
    await cache.delete(KEY);
    for (const release of held) release();
    await reading;
    expect(cache.peek(KEY)).toBeUndefined();
    held = undefined;
    expect(await cache.get(KEY)).toBeUndefined();
  });

  test('a read under way does not bring an older record back', async () => {
    await inner.put(KEY, session({ expiresAt: 1 }));
    held = [];
    const reading = cache.get(KEY);
    await Promise.resolve();
    await cache.put(KEY, session({ expiresAt: 2 }));
    for (const release of held) release();
    await reading;
    expect(cache.peek(KEY)).toMatchObject({ expiresAt: 2 });
  });

  test('reads of one session at the same time ask the store once', async () => {
    await inner.put(KEY, session());
    const both: (SessionRecord | undefined)[] = await Promise.all([cache.get(KEY), cache.get(KEY)]);
    expect(both).toEqual([session(), session()]);
    expect(asked).toBe(1);
  });

  test('a failed write is told and not believed', async () => {
    await cache.put(KEY, session({ expiresAt: 1 }));
    failWrites = true;
    await expect(cache.put(KEY, session({ expiresAt: 2 }))).rejects.toThrow('disk full');
    expect(await cache.get(KEY)).toMatchObject({ expiresAt: 1 });
  });

  test('a sweep drops expired sessions here too', async () => {
    await cache.put(KEY, session({ expiresAt: 10 }));
    await cache.put(OTHER_KEY, session({ expiresAt: 20 }));
    expect([...(await cache.sweep(10))]).toEqual([['friendly-im', 1]]);
    expect(cache.peek(KEY)).toBeUndefined();
    expect(cache.peek(OTHER_KEY)).toBeDefined();
  });
});
