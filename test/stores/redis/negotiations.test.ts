/** Logins that are under way: what holds in one node's memory holds over two nodes on one Redis. */
import { describe, expect, test } from '@jest/globals';
import {
  type KeptPass,
  MemoryNegotiations,
  type NegotiationCounts,
  type NegotiationMemory,
} from '../../../gateway/chain/negotiation-memory.ts';
import { ServiceSet } from '../../../gateway/csp/service-tree.ts';
import { issueToken, readToken, shortForm } from '../../../gateway/negotiation/token.ts';
import {
  closed,
  countWorthless,
  EMPTY_WINDOW,
  type NegotiationWindow,
  worthlessAnswers,
} from '../../../gateway/negotiation/window.ts';
import type { RedisLink } from '../../../gateway/stores/redis/connection.ts';
import { RedisNegotiations } from '../../../gateway/stores/redis/negotiations.ts';
import { shareOfPass, shareOfToken, shareOfWindow } from '../../../gateway/stores/redis/negotiations-shares.ts';
import { describeWithRedis } from '../../redis-server.ts';
import { createClock, secretsOf, TEST_KEY } from '../../transcripts/rig.ts';
import { nodesForTests, type TwoNodes, ticksUntil } from './two-nodes.ts';

const START = 1_700_000_000_000;
const secrets = secretsOf(TEST_KEY);

/** What two nodes see of the same logins; of memory it is one node twice. */
interface World {
  readonly nodes: readonly [Swept, Swept];
  readonly clock: ReturnType<typeof createClock>;
  /** Each question that ended by the clock. */
  readonly ended: string[];
  readonly evicted: string[];
  readonly redis: TwoNodes | undefined;
}
type Swept = NegotiationMemory & NegotiationCounts & { sweep(): Promise<void> | void };

function records() {
  const ended: string[] = [];
  const evicted: string[] = [];
  return {
    ended,
    evicted,
    hear: (vasp: string, policy: string, outcome: string) => void ended.push(`${vasp} ${policy} ${outcome}`),
    hearEvicted: (memory: string) => void evicted.push(memory),
  };
}

function inMemory(maxEntries = 100): World {
  const { ended, evicted, hear, hearEvicted } = records();
  const clock = createClock(START);
  const memory = new MemoryNegotiations(clock, maxEntries, hear, hearEvicted);
  return { nodes: [memory, memory], clock, ended, evicted, redis: undefined };
}

const ASKED = { vasp: 'v', userKey: secrets.keyedHash('user', 'alice'), clientKey: secrets.keyedHash('client', 'c') };
const WINDOW_KEY = `v ${shortForm('user', ASKED.userKey)} ${shortForm('client', ASKED.clientKey)}`;
const PASS_KEY = `${ASKED.userKey} ${ASKED.clientKey} ${secrets.keyedHash('cookie', 'k')}`;

const asked = (timeoutMillis: number, ...policies: readonly string[]): NegotiationWindow => ({
  ...EMPTY_WINDOW,
  set: 'hash',
  asked: new Map(policies.map((policy) => [policy, { since: START, times: 1, timeoutMillis }])),
});

const HELD = {
  token: 't'.repeat(48),
  way: 'page',
  language: 'en',
  presentedAt: START,
  decidedAt: START,
  tries: 1,
  until: START + 5_000,
  policyId: 'aoc',
  policyVersion: 2,
  optionId: undefined,
  cookie: undefined,
} as const;

const PASS: KeptPass = {
  granted: ServiceSet.ofCodes(['MM', 'GETSPI']),
  levels: ['full'],
  remember: [{ policy: 'aoc', version: 1, option: undefined, acceptedAt: 5 }],
  decisions: [
    {
      policy: { id: 'aoc', version: 1, charge: { amount: '0.10', currency: 'SEK', per: 'message', estimate: false } },
      ...{ outcome: 'accepted', option: 'yes', level: 'full', way: 'system-message', language: 'sv' },
      ...{ text: 'Kostar {user}?', presentedAt: 1, decidedAt: 2, tries: 3, token: 't'.repeat(48) },
    },
  ],
  tokens: ['t'.repeat(48)],
  outcomes: [{ policy: 'aoc', outcome: 'answered' }],
  askedAt: undefined,
  askedIn: asked(9_000, 'aoc'),
};

function semantics(open: (maxEntries?: number) => World): void {
  test('a window comes back whole at the other node, and is gone when its last part is too old', async () => {
    const { nodes, clock } = open();
    const [a, b] = nodes;
    const window: NegotiationWindow = {
      ...asked(3_000, 'aoc', 'terms'),
      held: [HELD],
      page: { userId: 'wv:alice@example', tokens: ['t'] },
      worthless: { since: START, count: 2, timeoutMillis: 1_000 },
    };
    expect(await b.window(WINDOW_KEY)).toEqual(EMPTY_WINDOW);
    await a.keepWindow(WINDOW_KEY, 'v', window);
    expect(await b.window(WINDOW_KEY)).toEqual(window);
    clock.advance(4_999);
    expect(await b.window(WINDOW_KEY)).toEqual(window);
    clock.advance(1);
    expect(await a.window(WINDOW_KEY)).toEqual(EMPTY_WINDOW);
  });

  test('both change one window at once, and every change counts once', async () => {
    const { nodes } = open();
    const changes = nodes.flatMap((node) =>
      Array.from({ length: 25 }, () =>
        node.changeWindow(WINDOW_KEY, 'v', (window) => countWorthless(window, 1, 60_000, START)),
      ),
    );
    const before = (await Promise.all(changes)).map((window) => worthlessAnswers(window, START));
    expect(before.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(worthlessAnswers(await nodes[1].window(WINDOW_KEY), START)).toBe(50);
  });

  test('a window that is closed is gone, and what it was is told once', async () => {
    const { nodes, clock, ended } = open();
    await nodes[0].keepWindow(WINDOW_KEY, 'v', asked(1_000, 'aoc'));
    const before = await Promise.all(nodes.map((node) => node.changeWindow(WINDOW_KEY, 'v', closed)));
    expect(before.map(({ asked: { size } }) => size).toSorted()).toEqual([0, 1]);
    clock.advance(2_000);
    await Promise.all(nodes.map((node) => node.sweep()));
    expect(ended).toEqual([]);
  });

  test('a token is claimed once, whoever asks how often; the others of its login with it', async () => {
    const { nodes } = open();
    const [a, b] = nodes;
    const tokens = ['aoc', 'terms', 'age'].map(tokenFor);
    const [one = '', two = '', three = ''] = tokens;
    const claims = await Promise.all(Array.from({ length: 50 }, (_, at) => (at % 2 ? a : b).claim([one, two, one])));
    expect(claims.filter((isClaimed) => isClaimed)).toHaveLength(1);
    expect(await b.claim([three, two])).toBe(false);
    expect(await a.spent([...tokens, 'no token'])).toEqual(new Set([one, two]));
    await b.release([one, two]);
    expect(await a.spent(tokens)).toEqual(new Set());
    expect(await a.claim(tokens)).toBe(true);
    expect(await a.claim([])).toBe(true);
    expect(await a.spent([])).toEqual(new Set());
  });

  test('tokens of no login of ours are claimed all or none too', async () => {
    const { nodes } = open();
    const odd = ['', 'a', '-'.repeat(48), 'é'.repeat(20), 'z'.repeat(48)];
    expect(await nodes[0].claim(['z'.repeat(48)])).toBe(true);
    expect(await nodes[1].claim(odd)).toBe(false);
    expect(await nodes[0].spent(odd)).toEqual(new Set(['z'.repeat(48)]));
  });

  test('a pass comes back whole at the other node until its time is over', async () => {
    const { nodes, clock, ended } = open();
    const [a, b] = nodes;
    const withMore = { ...PASS, window: EMPTY_WINDOW };
    await a.keepPass(PASS_KEY, 'v', withMore, 1_000);
    const found = await b.pass(PASS_KEY);
    expect({ ...found, window: undefined }).toEqual(PASS);
    expect(found?.granted.has('GETSPI')).toBe(true);
    await b.dropPass(PASS_KEY);
    expect(await a.pass(PASS_KEY)).toBeUndefined();
    await a.keepPass(PASS_KEY, 'v', PASS, 1_000);
    clock.advance(1_000);
    expect(await Promise.all(nodes.map((node) => node.pass(PASS_KEY)))).toEqual([undefined, undefined]);
    await b.sweep();
    expect(ended).toEqual(['v aoc abandoned']);
  });

  test('what ends by the clock is told once, whoever looks', async () => {
    const { nodes, clock, ended } = open();
    for (const [index, node] of [...nodes, ...nodes].entries()) {
      await node.keepWindow(`v 0${index}aabbccddee 112233`, 'v', asked(1_000 + index, `p${index}`));
      await node.keepPass(`${index}${PASS_KEY}`, 'w', { ...PASS, outcomes: [] }, 1_000);
    }
    await Promise.all(nodes.map((node) => node.sweep()));
    expect(ended).toEqual([]);
    clock.advance(1_001);
    await Promise.all([...nodes, ...nodes].map((node) => node.sweep()));
    expect(ended.toSorted()).toEqual(['v p0 timed-out', 'v p1 timed-out', ...Array(4).fill('w aoc abandoned')]);
    clock.advance(2);
    await Promise.all(nodes.map((node) => node.window('v 02aabbccddee 112233')));
    await Promise.all(nodes.map((node) => node.changeWindow('v 03aabbccddee 112233', 'v', closed)));
    await Promise.all(nodes.map((node) => node.sweep()));
    expect(ended.slice(6).toSorted()).toEqual(['v p2 timed-out', 'v p3 timed-out']);
  });

  test('a new window in the place of one that is over begins anew, and the old one is told', async () => {
    const { nodes, clock, ended } = open();
    await nodes[0].keepWindow(WINDOW_KEY, 'v', asked(1_000, 'aoc'));
    clock.advance(1_000);
    const count = (window: NegotiationWindow): NegotiationWindow => countWorthless(window, 1, 5_000, START + 1_000);
    expect(await nodes[1].changeWindow(WINDOW_KEY, 'v', count)).toEqual(EMPTY_WINDOW);
    expect(ended).toEqual(['v aoc timed-out']);
    expect(await nodes[0].window(WINDOW_KEY)).toEqual(count(EMPTY_WINDOW));
    await nodes[0].sweep();
    expect(ended).toHaveLength(1);
  });

  test('questions that are open are counted by VASP and policy', async () => {
    const { nodes, clock } = open();
    const [a, b] = nodes;
    for (const user of ['00', '7f', 'ff']) {
      await a.keepWindow(`v ${user}aabbccddee 112233`, 'v', { ...asked(1_000, 'aoc', 'terms'), held: [HELD] });
    }
    await b.keepWindow('w 00aabbccddee 112233', 'w', asked(2_000, 'terms'));
    const counted = await b.openQuestions();
    expect(counted.toSorted((x, y) => (x.vasp < y.vasp ? -1 : 1))).toEqual([
      { vasp: 'v', policy: 'terms', open: 3 },
      { vasp: 'w', policy: 'terms', open: 1 },
    ]);
    clock.advance(1_000);
    expect(await a.openQuestions()).toEqual([{ vasp: 'w', policy: 'terms', open: 1 }]);
  });

  test('above the limit something gives way, and its questions have come to nothing', async () => {
    const { nodes, ended, evicted } = open(1);
    for (const index of [0, 1, 2, 3]) {
      await nodes[0].keepWindow(`v 00${index}abbccddee 112233`, 'v', asked(1_000 + index, `p${index}`));
      await ticksUntil(() => ended.length >= index);
    }
    expect(ended).toEqual(['v p0 abandoned', 'v p1 abandoned', 'v p2 abandoned']);
    expect(evicted).toEqual(Array(3).fill('negotiations'));
  });

  test('what gives way is counted once, whichever node finds that there is too much', async () => {
    const { nodes, ended, evicted } = open(1);
    const all = Array.from({ length: 40 }, (_, index) =>
      nodes[index % 2 === 0 ? 0 : 1].keepWindow(`v 00${index}aabbccddee 112233`, 'v', asked(1_000 + index, 'aoc')),
    );
    await Promise.all(all);
    const stillOpen = async (): Promise<number> =>
      (await nodes[0].openQuestions()).reduce((sum, { open }) => sum + open, 0);
    await ticksUntil(() => ended.length >= 39);
    expect([await stillOpen(), ended.length]).toEqual([1, 39]);
    expect(evicted).toHaveLength(ended.length);
  });
}

const POLICIES = ['aoc', 'terms', 'age'].map((id) => ({ id, version: 1 }));

function tokenFor(id: string): string {
  const policy = POLICIES.find((one) => one.id === id) ?? { id, version: 1 };
  const question = { setHash: 'set', policy, languageIndex: 0, languageTold: false };
  return issueToken(secrets, { ...ASKED, cookieKey: secrets.keyedHash('cookie', 'k') }, question, START);
}

describe('in memory', () => semantics(inMemory));

test('all that is of one user is in one share', () => {
  for (let index = 0; index < 200; index++) {
    const userKey = secrets.keyedHash('user', `user${index}`);
    const of = { ...ASKED, userKey, cookieKey: secrets.keyedHash('cookie', 'k') };
    const token = issueToken(
      secrets,
      of,
      { setHash: 'set', policy: { id: 'aoc', version: 1 }, languageIndex: 0, languageTold: false },
      START + index,
    );
    expect(readToken(secrets, 'v', [{ hash: 'set', policies: POLICIES }], token)).toBeDefined();
    const window = `a VASP ${shortForm('user', userKey)} ${shortForm('client', ASKED.clientKey)}`;
    expect([shareOfWindow(window), shareOfToken(token)]).toEqual([shareOfPass(userKey), shareOfPass(userKey)]);
  }
});

describeWithRedis('negotiations in Redis', () => {
  describe('over two nodes', () => {
    const openNodes = nodesForTests();

    function inRedis(maxEntries = 10_000, answerableMillis = 60_000): World {
      const { ended, evicted, hear, hearEvicted } = records();
      const clock = createClock(START);
      const redis = openNodes();
      const [a, b] = redis.nodes.map(
        (node) =>
          new RedisNegotiations({
            ...node,
            ...{ clock, secrets, maxEntries, ended: hear, evicted: hearEvicted },
            answerableMillis: () => answerableMillis,
          }),
      );
      if (a === undefined || b === undefined) throw new Error('two nodes');
      return { nodes: [a, b], clock, ended, evicted, redis };
    }

    semantics(inRedis);

    test('every key has a life, and nothing that is kept names a user', async () => {
      const { nodes, redis } = inRedis();
      const [a] = nodes;
      const page = { userId: 'wv:alice@example', tokens: [] };
      await a.keepWindow(WINDOW_KEY, 'v', { ...asked(1_000, 'aoc'), page });
      await a.changeWindow(WINDOW_KEY, 'v', (window) => countWorthless(window, 1, 2_000, START));
      await a.keepPass(PASS_KEY, 'v', PASS, 1_000);
      await a.claim([tokenFor('aoc')]);
      expect(await redis?.keysWithoutLife()).toEqual([]);
      const kept = await redis?.kept();
      expect(kept?.length).toBeGreaterThan(500);
      expect(['alice', 'Kostar', 'ttttt', 'terms'].filter((word) => kept?.includes(word))).toEqual([]);
    });

    test('what is over leaves nothing behind', async () => {
      const { nodes, clock, redis } = inRedis();
      await nodes[0].keepWindow(WINDOW_KEY, 'v', asked(1_000, 'aoc'));
      await nodes[0].keepPass(PASS_KEY, 'v', PASS, 1_000);
      clock.advance(1_000);
      await nodes[1].sweep();
      expect((await redis?.kept())?.length).toBe(0);
    });

    test('a window that was prolonged while it was about to be taken goes on', async () => {
      const { nodes, clock, ended, redis } = inRedis();
      const node = redis?.nodes[0];
      if (node === undefined) throw new Error('a node');
      const longer = asked(9_000, 'aoc');
      const background: RedisLink = {
        command: (...args) => node.connection.background.command(...args),
        run: async (...args) => {
          await nodes[1].keepWindow(WINDOW_KEY, 'v', longer);
          return node.connection.background.run(...args);
        },
      };
      const parts = {
        ...node,
        clock,
        secrets,
        maxEntries: 100,
        ended: (...told: string[]) => ended.push(told.join(' ')),
      };
      const slow = new RedisNegotiations({ ...parts, connection: { ...node.connection, background } });
      await nodes[0].keepWindow(WINDOW_KEY, 'v', asked(1_000, 'aoc'));
      clock.advance(1_000);
      await slow.sweep();
      expect([await nodes[0].window(WINDOW_KEY), ended]).toEqual([longer, []]);
    });

    test('what cannot be read counts as none, and is replaced', async () => {
      const { nodes, redis } = inRedis();
      const [node] = redis?.nodes ?? [];
      if (node === undefined) throw new Error('a node');
      const key = node.keys.inShare(shareOfWindow(WINDOW_KEY), 'login', `window ${WINDOW_KEY}`);
      await node.connection.requests.command('SET', key, 'something else', 'PX', 60_000);
      expect(await nodes[0].window(WINDOW_KEY)).toEqual(EMPTY_WINDOW);
      await nodes[0].changeWindow(WINDOW_KEY, 'v', (window) => countWorthless(window, 1, 2_000, START));
      expect(worthlessAnswers(await nodes[1].window(WINDOW_KEY), START)).toBe(1);
    });

    test('a claimed token is forgotten when it could not be answered any more', async () => {
      const { nodes, redis } = inRedis(100, 5_000);
      const token = tokenFor('aoc');
      await nodes[0].claim([token]);
      const node = redis?.nodes[0];
      const key = node?.keys.inShare(shareOfToken(token), 'spent', token) ?? '';
      const left = await node?.connection.requests.command('PTTL', key);
      expect(left).toBeGreaterThan(5_000);
      expect(left).toBeLessThanOrEqual(65_000);
    });
  });
});
