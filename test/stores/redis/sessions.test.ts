/** Sessions in Redis beyond the contract of stores: their lives, what lies beside them, and going through them while they change. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { SessionRecord } from '../../../gateway/ports.ts';
import { ALL_SHARES } from '../../../gateway/shares.ts';
import { writeSession } from '../../../gateway/stores/records.ts';
import { parseRedisAddress } from '../../../gateway/stores/redis/address.ts';
import { openRedis, type RedisConnection } from '../../../gateway/stores/redis/connection.ts';
import { KeySpace } from '../../../gateway/stores/redis/keys.ts';
import { RedisAskAgain, RedisNotes } from '../../../gateway/stores/redis/notes.ts';
import { RedisSessions } from '../../../gateway/stores/redis/sessions.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../redis-server.ts';
import { idOf, KEY, OTHER_KEY, session } from '../records-of-tests.ts';

const HOUR = 3_600_000;

describeWithRedis('sessions in Redis', () => {
  let server: RedisServer;
  let connection: RedisConnection;
  let keys: KeySpace;
  let sessions: RedisSessions;
  let opened = 0;
  beforeAll(async () => {
    server = await startRedis();
    const address = parseRedisAddress(server.url());
    if (address === undefined) throw new Error('no address');
    connection = openRedis(address);
  });
  afterAll(async () => {
    await connection.close();
    await server.stop();
  });
  beforeEach(() => {
    keys = new KeySpace(`t${opened++}`);
    sessions = new RedisSessions(connection, keys);
  });

  const sessionKey = (key: string): string => keys.of(key, 's', key);
  const leftMillis = async (key: string): Promise<number> =>
    Number(await connection.requests.command('PTTL', sessionKey(key)));

  /** Every key of the session store that there is, the sessions themselves apart. */
  async function indexes(): Promise<readonly string[]> {
    const [prefix] = keys.inShare(0).split(':');
    const all = await connection.background.command('KEYS', `${prefix}:*`);
    const texts = (all as readonly Buffer[]).map(String);
    return texts.filter((key) => !key.includes(':s:'));
  }

  test('a session lives a little longer than it is good for', async () => {
    const expiresAt = Date.now() + HOUR;
    await sessions.put(KEY, session({ expiresAt }));
    expect(await leftMillis(KEY)).toBeGreaterThan(HOUR);
    expect(await leftMillis(KEY)).toBeLessThan(HOUR + 11 * 60_000);
    await sessions.prolong(KEY, expiresAt + HOUR);
    expect(await leftMillis(KEY)).toBeGreaterThan(2 * HOUR);
    expect(await sessions.get(KEY)).toEqual(session({ expiresAt: expiresAt + HOUR }));
    await sessions.prolong(KEY, expiresAt);
    expect(await leftMillis(KEY)).toBeGreaterThan(2 * HOUR);
  });

  test('an end that lies behind the clock of Redis gives a day', async () => {
    await sessions.put(KEY, session({ expiresAt: 50 }));
    expect(await leftMillis(KEY)).toBeGreaterThan(23 * HOUR);
    await sessions.prolong(KEY, 70);
    expect(await leftMillis(KEY)).toBeGreaterThan(23 * HOUR);
    expect(await leftMillis(KEY)).toBeLessThan(25 * HOUR);
  });

  test.each<[string, Partial<SessionRecord>]>([
    ['without a keep-alive time', { keepAliveSeconds: undefined }],
    ['with keys that are no hashes', { userKey: 'wörld', clientKey: '' }],
    [
      'with who logged in and what it agreed on',
      {
        person: new Uint8Array(300).fill(7),
        delivery: { method: 'N', pushedBytes: 12 },
        cir: { stcp: true, shttp: false, udp: undefined, vaspTcp: undefined, vaspUrl: undefined },
      },
    ],
    ['of a VASP with a long name', { vasp: 'v'.repeat(64) }],
  ])('the end of a session %s is found in its bytes, and its VASP', async (_name, change) => {
    await sessions.put(KEY, session({ ...change, expiresAt: 100 }));
    expect(await sessions.prolong(KEY, 2 ** 48 - 1)).toBe(true);
    expect(await sessions.get(KEY)).toEqual(session({ ...change, expiresAt: 2 ** 48 - 1 }));
    await sessions.put(KEY, session({ ...change, expiresAt: 100 }));
    expect(await sessions.sweep(99)).toEqual(new Map([[change.vasp ?? 'friendly-im', 1]]));
    expect(await sessions.sweep(100)).toEqual(new Map());
    expect(await sessions.get(KEY)).toBeUndefined();
  });

  test('what was moved on is not swept, and found by a later sweep', async () => {
    await sessions.put(KEY, session({ expiresAt: 50 }));
    await sessions.prolong(KEY, 90);
    expect(await sessions.sweep(60)).toEqual(new Map([['friendly-im', 1]]));
    expect(await sessions.sweep(89)).toEqual(new Map([['friendly-im', 1]]));
    expect(await sessions.get(KEY)).toEqual(session({ expiresAt: 90 }));
    expect(await sessions.sweep(90)).toEqual(new Map());
    expect(await sessions.get(KEY)).toBeUndefined();
  });

  test('a session under another VASP is counted there alone', async () => {
    await sessions.put(KEY, session({ expiresAt: 50 }));
    await sessions.put(KEY, session({ expiresAt: 70, vasp: 'other' }));
    expect(await sessions.sweep(60)).toEqual(new Map([['other', 1]]));
  });

  test('nothing is left beside sessions that are gone', async () => {
    for (const at of [1, 2, 3, 4])
      await sessions.put(idOf(`${at}`), session({ expiresAt: 10 * at, vasp: `v${at % 2}` }));
    expect(await indexes()).not.toEqual([]);
    await sessions.delete(idOf('4'));
    // Gone by its life, before anybody swept.
    await connection.requests.command('DEL', sessionKey(idOf('3')));
    expect(await sessions.sweep(30)).toEqual(new Map());
    expect(await indexes()).toEqual([]);
  });

  test('a session that cannot be read fails who asks for it and every sweep, and does not hide the others', async () => {
    await sessions.put(KEY, session({ expiresAt: 50 }));
    await sessions.put(OTHER_KEY, session({ expiresAt: 50 }));
    await connection.requests.command('SETRANGE', sessionKey(KEY), 0, Uint8Array.of(99));
    const damaged = expect.objectContaining({ code: 'STORE_RECORD' });
    await expect(sessions.get(KEY)).rejects.toEqual(damaged);
    await expect(sessions.prolong(KEY, 99)).rejects.toEqual(damaged);
    await expect(sessions.sweep(60)).rejects.toEqual(damaged);
    expect(await sessions.get(OTHER_KEY)).toBeUndefined();
    expect(await sessions.slice(undefined, 10)).toEqual([]);
    await sessions.delete(KEY);
    expect(await sessions.sweep(60)).toEqual(new Map());
  });

  test('all are gone through in the order of their keys, in all shares', async () => {
    const all = Array.from({ length: 400 }, (_, at) => idOf(`session ${at}`));
    await Promise.all(all.map((key) => sessions.put(key, session({ clientKey: key, vasp: key < 'M' ? 'a' : 'b' }))));
    for (const limit of [1, 7, 400, 1000]) {
      const found: string[] = [];
      for (let after: string | undefined; ; after = found.at(-1)) {
        const slice = await sessions.slice(after, limit);
        for (const [key, record] of slice) expect(record.clientKey).toBe(key);
        found.push(...slice.map(([key]) => key));
        if (slice.length < limit) break;
      }
      expect(found).toEqual([...all].sort());
    }
    expect(new Set(all.map((key) => keys.of(key))).size).toBe(ALL_SHARES.length);
  });

  test('going through goes on behind a key that is gone, and several may do so at once', async () => {
    const all = Array.from({ length: 60 }, (_, at) => idOf(`session ${at}`)).sort();
    await Promise.all(all.map((key) => sessions.put(key, session())));
    const [one, other] = await Promise.all([sessions.slice(undefined, 10), sessions.slice(undefined, 10)]);
    expect(one).toEqual(other);
    await sessions.delete(all[9] ?? '');
    await sessions.delete(all[11] ?? '');
    const keysOf = async (after: string | undefined): Promise<readonly string[]> =>
      (await sessions.slice(after, 5)).map(([key]) => key);
    const expected = [10, 12, 13, 14, 15].map((at) => all[at]);
    expect(await keysOf(all[9])).toEqual(expected);
    expect(await keysOf(all[9])).toEqual(expected);
    expect(await keysOf('zzz')).toEqual([]);
  });

  test('the sessions of one user are found among the others', async () => {
    const mine = [1, 2, 3].map((at) => idOf(`mine ${at}`));
    for (const key of mine) await sessions.put(key, session({ userKey: KEY }));
    for (const at of [1, 2, 3]) await sessions.put(idOf(`${at}`), session({ userKey: OTHER_KEY }));
    expect([...(await sessions.ofUser(KEY)).keys()]).toEqual([...mine].sort());
    expect(await sessions.ofUser(idOf('nobody'))).toEqual(new Map());
  });

  test('the bytes are those of every store', async () => {
    await sessions.put(KEY, session());
    expect(await connection.requests.command('GET', sessionKey(KEY))).toEqual(writeSession(session()));
  });

  test('notes are kept and replaced', async () => {
    const notes = new RedisNotes(connection, keys);
    expect(await notes.get('a')).toBeUndefined();
    await notes.put('a', '');
    expect(await notes.get('a')).toBe('');
    await notes.put('a', 'ü'.repeat(100_000));
    expect(await notes.get('a')).toBe('ü'.repeat(100_000));
    await expect(notes.put('n'.repeat(101), '')).rejects.toThrow(RangeError);
  });

  test('wishes of several nodes at the same moment are all kept, one for each of the same', async () => {
    const nodes = [1, 2, 3].map(() => new RedisAskAgain(connection, keys));
    const wish = { policy: 'aoc', vasp: undefined, users: '*', at: 1 };
    const wishes = Array.from({ length: 15 }, (_, at) => ({ ...wish, policy: `p${at}`, at }));
    await Promise.all(wishes.map((one, at) => nodes[at % 3]?.add(one)));
    await nodes[0]?.add({ ...wish, policy: 'p3', at: 99 });
    const kept = [...((await nodes[1]?.list()) ?? [])].sort((a, b) => a.at - b.at);
    expect(kept).toEqual([...wishes.filter(({ at }) => at !== 3), { ...wish, policy: 'p3', at: 99 }]);
  });
});
