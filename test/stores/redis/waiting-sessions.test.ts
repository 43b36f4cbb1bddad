/** Sessions that the gateway holds: what holds in one node's memory holds over two nodes on one Redis. */
import { describe, expect, test } from '@jest/globals';
import {
  type Changed,
  isWaitingSessionId,
  MemoryWaitingSessions,
  type WaitingSession,
  type WaitingSessions,
} from '../../../gateway/chain/conversation/waiting-sessions.ts';
import {
  RedisWaitingSessions,
  type RedisWaitingSessionsParts,
} from '../../../gateway/stores/redis/waiting-sessions.ts';
import { describeWithRedis } from '../../redis-server.ts';
import { createClock, secretsOf, TEST_KEY } from '../../transcripts/rig.ts';
import { nodesForTests, type TwoNodes } from './two-nodes.ts';

const START = 1_700_000_000_000;
const secrets = secretsOf(TEST_KEY);

type Kept = WaitingSessions & { kept(): Promise<readonly WaitingSession[]> | readonly WaitingSession[] };

interface World {
  readonly nodes: readonly [Kept, Kept];
  readonly clock: ReturnType<typeof createClock>;
  readonly evicted: string[];
}

const SESSION: WaitingSession = {
  asked: { vasp: 'v', userKey: 'u', clientKey: 'c', cookieKey: 'k' },
  windowKey: 'v 00aabbccddee 112233',
  userId: 'wv:alice@example',
  version: '1.2',
  encoding: 'xml',
  languageTold: undefined,
  languageOfVasp: 'en',
  setHash: 'hash',
  toAsk: ['aoc'],
  question: { policyId: 'aoc', token: 't'.repeat(48), until: START + 9, language: undefined, optionId: '1' },
  waiting: [{ messageId: 'm', about: 'question', page: 0, sent: { transactionId: 't1', at: START } }],
  contentBytes: 0,
  keepAliveSeconds: 60,
  ending: undefined,
  disconnectId: undefined,
  expiresAt: START + 60_000,
};

function inMemory(maxEntries = 100): World {
  const clock = createClock(START);
  const evicted: string[] = [];
  const memory = new MemoryWaitingSessions(clock, secrets, maxEntries, (name) => void evicted.push(name));
  return { nodes: [memory, memory], clock, evicted };
}

const read = async (session: WaitingSession | undefined): Promise<Changed<WaitingSession | undefined>> => ({
  session,
  result: session,
});

const more = async (session: WaitingSession | undefined): Promise<Changed<number>> => {
  const contentBytes = (session?.contentBytes ?? 0) + 1;
  await new Promise((resolve) => setImmediate(resolve));
  return { session: session === undefined ? undefined : { ...session, contentBytes }, result: contentBytes };
};

function semantics(open: (maxEntries?: number) => World): void {
  test('a session comes back whole at the other node, until its time is over', async () => {
    const { nodes, clock } = open();
    const [a, b] = nodes;
    const id = await a.open(SESSION);
    expect(isWaitingSessionId(id)).toBe(true);
    expect(id.length).toBeLessThanOrEqual(50);
    expect(await b.inTurn(id, read)).toEqual(SESSION);
    expect(await b.kept()).toEqual([SESSION]);
    await b.inTurn(id, async () => ({ session: { ...SESSION, expiresAt: START + 90_000 }, result: 0 }));
    clock.advance(60_000);
    expect(await a.inTurn(id, read)).toBeDefined();
    clock.advance(30_000);
    expect(await a.inTurn(id, read)).toBeUndefined();
    expect(await b.kept()).toEqual([]);
  });

  test('of one user and client there is one session', async () => {
    const { nodes } = open();
    const [a, b] = nodes;
    const older = await a.open(SESSION);
    const other = await a.open({ ...SESSION, windowKey: 'another' });
    const newer = await b.open({ ...SESSION, setHash: 'newer' });
    expect(await a.inTurn(older, read)).toBeUndefined();
    expect((await a.inTurn(newer, read))?.setHash).toBe('newer');
    await a.end(SESSION.windowKey);
    expect(await b.inTurn(newer, read)).toBeUndefined();
    expect(await b.inTurn(other, read)).toBeDefined();
  });

  test('a session that is not there stays so', async () => {
    const { nodes } = open();
    for (const id of ['', 'sapgw-waiting.', `sapgw-waiting.${'a'.repeat(36)}`, `sapgw-waiting.${'é'.repeat(9_000)}`]) {
      expect(await nodes[0].inTurn(id, read)).toBeUndefined();
    }
    expect(await nodes[0].kept()).toEqual([]);
  });

  test('changes by both wait for each other', async () => {
    const { nodes } = open();
    const id = await nodes[0].open(SESSION);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => nodes[index % 2 === 0 ? 0 : 1].inTurn(id, more)),
    );
    expect(results.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  test('a change that fails leaves the session as it was', async () => {
    const { nodes } = open();
    const [a, b] = nodes;
    const id = await a.open(SESSION);
    await expect(b.inTurn(id, () => Promise.reject(new RangeError('no')))).rejects.toThrow(RangeError);
    expect(await a.inTurn(id, read)).toEqual(SESSION);
    expect(await b.inTurn(id, more)).toBe(1);
  });

  test('what is ended, or opened anew, in somebody else’s turn is so', async () => {
    const { nodes } = open();
    const [a, b] = nodes;
    const id = await a.open(SESSION);
    await a.inTurn(id, async (session) => {
      await b.end(SESSION.windowKey);
      return { session, result: 0 };
    });
    expect(await b.inTurn(id, read)).toBeUndefined();
    const again = await a.open(SESSION);
    let newer = '';
    await a.inTurn(again, async (session) => {
      newer = await b.open({ ...SESSION, setHash: 'newer' });
      expect((await b.inTurn(newer, read))?.setHash).toBe('newer');
      return { session, result: 0 };
    });
    expect(await b.inTurn(again, read)).toBeUndefined();
    expect((await a.inTurn(newer, read))?.setHash).toBe('newer');
  });

  test('a change can end it', async () => {
    const { nodes } = open();
    const id = await nodes[0].open(SESSION);
    expect(await nodes[1].inTurn(id, async () => ({ session: undefined, result: 'bye' }))).toBe('bye');
    expect(await nodes[0].inTurn(id, read)).toBeUndefined();
    expect(await nodes[0].kept()).toEqual([]);
  });

  test('above the limit one gives way', async () => {
    const { nodes, evicted } = open(1);
    const all = Array.from({ length: 60 }, (_, index) => nodes[index % 2 === 0 ? 0 : 1].open(sessionOf(index)));
    await Promise.all(all);
    const kept = async (): Promise<number> => (await nodes[0].kept()).length;
    for (let tick = 0; tick < 100 && ((await kept()) > 32 || (await kept()) + evicted.length !== 60); tick++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await kept()).toBeLessThanOrEqual(32);
    expect((await kept()) + evicted.length).toBe(60);
    expect(new Set(evicted)).toEqual(new Set(['conversations']));
  });
}

function sessionOf(index: number): WaitingSession {
  return { ...SESSION, windowKey: `v ${index}`, expiresAt: SESSION.expiresAt + index };
}

describe('in memory', () => semantics(inMemory));

describeWithRedis('waiting sessions in Redis', () => {
  describe('over two nodes', () => {
    const openNodes = nodesForTests();

    function inRedis(maxEntries = 10_000, more: Partial<RedisWaitingSessionsParts> = {}): World & { redis: TwoNodes } {
      const clock = createClock(START);
      const evicted: string[] = [];
      const redis = openNodes();
      const parts = { clock, secrets, maxEntries, evicted: (name: string) => void evicted.push(name), ...more };
      const [a, b] = redis.nodes.map((node) => new RedisWaitingSessions({ ...node, ...parts }));
      if (a === undefined || b === undefined) throw new Error('two nodes');
      return { nodes: [a, b], clock, evicted, redis };
    }

    // Twenty at once is more than any phone sends, and a disk may be slow.
    semantics((maxEntries) => inRedis(maxEntries, { patienceMillis: 20_000 }));

    const never = (): Promise<Changed<number>> => new Promise(() => {});

    test('a turn whose owner died is free again after its life', async () => {
      const { nodes } = inRedis(100, { turnMillis: 60 });
      const [a, b] = nodes;
      const id = await a.open(SESSION);
      let hasTurn = (): void => undefined;
      const taken = new Promise<void>((resolve) => {
        hasTurn = resolve;
      });
      void a.inTurn(id, () => {
        hasTurn();
        return never();
      });
      await taken;
      expect(await b.inTurn(id, more)).toBe(1);
    });

    test('what is done in longer than a turn is not kept', async () => {
      const { nodes } = inRedis(100, { turnMillis: 30 });
      const [a, b] = nodes;
      const id = await a.open(SESSION);
      const dawdling = a.inTurn(id, async (session) => {
        expect(await b.inTurn(id, more)).toBe(1);
        return { session: session && { ...session, contentBytes: 99 }, result: 0 };
      });
      await expect(dawdling).rejects.toMatchObject({ code: 'ETIMEDOUT' });
      expect((await b.inTurn(id, read))?.contentBytes).toBe(1);
    });

    test('who waits too long for a turn is told so', async () => {
      const { nodes } = inRedis(100, { patienceMillis: 40 });
      const [a, b] = nodes;
      const id = await a.open(SESSION);
      const result = await a.inTurn(id, async (session) => {
        await expect(b.inTurn(id, more)).rejects.toMatchObject({ code: 'EBUSY' });
        return { session, result: 'still mine' };
      });
      expect(result).toBe('still mine');
      expect(await b.inTurn(id, more)).toBe(1);
    });

    test('every key has a life, and nothing that is kept names a user', async () => {
      const { nodes, redis } = inRedis();
      const id = await nodes[0].open(SESSION);
      await nodes[1].inTurn(id, async (session) => {
        expect(await redis.keysWithoutLife()).toEqual([]);
        const kept = await redis.kept();
        expect(kept.length).toBeGreaterThan(300);
        expect(['alice', 'ttttt', 'aoc'].filter((word) => kept.includes(word))).toEqual([]);
        return { session, result: 0 };
      });
    });

    test('what cannot be read is no session', async () => {
      const { nodes, redis } = inRedis();
      const id = await nodes[0].open(SESSION);
      const [node] = redis.nodes;
      const keys = await node.connection.background.command('KEYS', '*:waiting:*');
      for (const key of Array.isArray(keys) ? keys.map(String) : []) {
        await node.connection.background.command('SETRANGE', key, 30, 'XXXX');
      }
      expect(await nodes[1].inTurn(id, read)).toBeUndefined();
    });
  });
});
