/** What the primary holds, used by two workers at once: nothing is counted twice, lost, or left standing. */
import { expect, test } from '@jest/globals';
import {
  type Changed,
  MemoryWaitingSessions,
  type WaitingSession,
} from '../../gateway/chain/conversation/waiting-sessions.ts';
import { type KeptPass, MemoryNegotiations } from '../../gateway/chain/negotiation-memory.ts';
import { MemorySetAside } from '../../gateway/chain/polling/set-aside.ts';
import { Sessions } from '../../gateway/chain/sessions.ts';
import { ServiceSet } from '../../gateway/csp/service-tree.ts';
import { countWorthless, EMPTY_WINDOW, worthlessAnswers } from '../../gateway/negotiation/window.ts';
import type { SessionStore } from '../../gateway/ports.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { type NegotiationService, negotiationService, remoteNegotiations } from '../../gateway/workers/negotiations.ts';
import { remoteSetAside, type SetAsideService, setAsideService } from '../../gateway/workers/set-aside.ts';
import { remoteWaiting, type WaitingService, waitingService } from '../../gateway/workers/waiting.ts';
import { pipe } from './lines.ts';

const now = 1_700_000_000_000;
const clock = { wall: () => now, monotonic: () => 0 };
const opened = openSecrets({ kind: 'keys', text: '0123456789abcdef0123456789abcdef' });
if (opened.kind === 'failed') throw new Error(opened.problem);
const { secrets } = opened;

function twoNegotiations() {
  const memory = new MemoryNegotiations(clock, 100, () => {});
  const service = negotiationService(memory);
  const workers = [pipe(), pipe()].map(({ primary, worker }) => {
    primary.serve<NegotiationService>('negotiations', service);
    return remoteNegotiations(worker.remote<NegotiationService>('negotiations'));
  });
  return { memory, workers };
}

test('both change one window at once, and every change counts once', async () => {
  const { memory, workers } = twoNegotiations();
  const changes = workers.flatMap((worker) =>
    Array.from({ length: 25 }, () =>
      worker.changeWindow('key', 'v', (window) => countWorthless(window, 1, 60_000, now)),
    ),
  );
  const before = (await Promise.all(changes)).map((window) => worthlessAnswers(window, now));
  expect(before.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  expect(worthlessAnswers(await memory.window('key'), now)).toBe(50);
});

test('a token is claimed by one of them', async () => {
  const { workers } = twoNegotiations();
  const claims = await Promise.all([...workers, ...workers].map((worker) => worker.claim(['a', 'b'])));
  expect(claims.filter((one) => one)).toHaveLength(1);
  expect(await workers[1]?.spent(['a', 'c'])).toEqual(new Set(['a']));
  await workers[0]?.release(['a', 'b']);
  expect(await workers[1]?.claim(['b'])).toBe(true);
});

test('a pass comes back whole at the other worker', async () => {
  const { workers } = twoNegotiations();
  const pass: KeptPass = {
    granted: ServiceSet.ofCodes(['MM', 'GETSPI']),
    levels: ['full'],
    remember: [{ policy: 'aoc', version: 1, option: 'accept', acceptedAt: 5 }],
    decisions: [],
    tokens: ['t'],
    outcomes: [],
    askedAt: undefined,
    askedIn: { ...EMPTY_WINDOW, set: 'hash', asked: new Map([['aoc', { since: now, times: 1, timeoutMillis: 9 }]]) },
  };
  await workers[0]?.keepPass('key', 'v', pass, 1000);
  const found = await workers[1]?.pass('key');
  expect(found).toEqual(pass);
  expect(found?.granted.has('GETSPI')).toBe(true);
  await workers[1]?.dropPass('key');
  expect(await workers[0]?.pass('key')).toBeUndefined();
});

const SESSION: WaitingSession = {
  asked: { vasp: 'v', userKey: 'u', clientKey: 'c', cookieKey: 'k' },
  windowKey: 'w',
  userId: 'wv:alice@example',
  version: '1.2',
  encoding: 'xml',
  languageTold: undefined,
  languageOfVasp: 'en',
  setHash: 'hash',
  toAsk: ['aoc'],
  question: undefined,
  waiting: [],
  contentBytes: 0,
  keepAliveSeconds: 60,
  ending: undefined,
  disconnectId: undefined,
  expiresAt: now + 60_000,
};

function twoWaiting(turnMillis?: number) {
  const sessions = new MemoryWaitingSessions(clock, secrets, 10);
  const workers = [pipe(), pipe()].map(({ primary, worker, cut }) => {
    const { service, left } = waitingService(sessions, turnMillis);
    primary.serve<WaitingService>('waiting', service);
    primary.onClose(left);
    return { cut, waiting: remoteWaiting(worker.remote<WaitingService>('waiting')) };
  });
  const [a, b] = workers;
  if (a === undefined || b === undefined) throw new Error('two workers');
  return { sessions, a, b };
}

const more = async (session: WaitingSession | undefined): Promise<Changed<number>> => {
  const contentBytes = (session?.contentBytes ?? 0) + 1;
  await new Promise((resolve) => setImmediate(resolve));
  return { session: session === undefined ? undefined : { ...session, contentBytes }, result: contentBytes };
};

test('changes of a waiting session by both wait for each other', async () => {
  const { a, b } = twoWaiting();
  const id = await a.waiting.open(SESSION);
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? a : b).waiting.inTurn(id, more)),
  );
  expect(results.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  await b.waiting.end('w');
  expect(await a.waiting.inTurn(id, async (session) => ({ session, result: session }))).toBeUndefined();
});

test('a worker that goes, fails or dawdles in its turn leaves the session as it was', async () => {
  const { a, b } = twoWaiting(50);
  const id = await a.waiting.open(SESSION);
  await expect(b.waiting.inTurn(id, () => Promise.reject(new RangeError('no')))).rejects.toThrow(RangeError);
  const dawdling = a.waiting.inTurn(id, async (session) => {
    await new Promise((resolve) => setTimeout(resolve, 120));
    return { session: session && { ...session, contentBytes: 99 }, result: 0 };
  });
  await expect(dawdling).rejects.toMatchObject({ why: 'timeout' });
  const lost = a.waiting.inTurn(id, () => new Promise<Changed<number>>(() => {})).catch(() => 'lost');
  const next = b.waiting.inTurn(id, more);
  a.cut();
  expect(await next).toBe(1);
  void lost;
});

test('what one worker set aside the other knows of before the first goes on', async () => {
  const local = new MemorySetAside({ waiting: () => {}, dropped: () => {} });
  const pipes = [pipe(), pipe()];
  const remotes = pipes.map(({ worker }) => remoteSetAside(worker.remote<SetAsideService>('set-aside')));
  for (const [index, { worker }] of pipes.entries()) worker.serve('news', remotes[index]?.news ?? {});
  const service = setAsideService(local, async (key, isWaiting) => {
    const news = pipes.map(({ primary }) => primary.remote<(typeof remotes)[0]['news']>('news'));
    await Promise.all(news.map((one) => one.isWaiting(key, isWaiting)));
  });
  for (const { primary } of pipes) primary.serve<SetAsideService>('set-aside', service);
  const [a, b] = remotes;
  await a?.setAside.put('s', [Uint8Array.of(1), Uint8Array.of(2)]);
  expect([a?.setAside.isWaiting('s'), b?.setAside.isWaiting('s')]).toEqual([true, true]);
  expect(await service.waiting()).toEqual(['s']);
  expect(await b?.setAside.take('s')).toEqual({ message: Uint8Array.of(1), isMore: true });
  expect(await a?.setAside.take('s')).toEqual({ message: Uint8Array.of(2), isMore: false });
  expect(await b?.setAside.take('s')).toBeUndefined();
  expect([a?.setAside.isWaiting('s'), b?.setAside.isWaiting('s')]).toEqual([false, false]);
});

const SETTINGS = { cacheEntries: 10, graceMillis: 1000, unnamedKeepAliveSeconds: 60 };
const FACTS = {
  userKey: 'u',
  clientKey: 'c',
  granted: ServiceSet.ALL,
  version: '1.2',
  encoding: 'xml',
  keepAliveSeconds: 60,
} as const;

test('a session ended or opened anew by one process is so for the other at once', async () => {
  const { sessions: store } = openMemoryStore();
  let time = now;
  const moving = { wall: () => time, monotonic: () => 0 };
  const both: Sessions[] = [];
  const news = (of: number) => ({ changed: async (sessionKey: string) => both[1 - of]?.forget(sessionKey) });
  both.push(
    new Sessions(store, secrets, moving, SETTINGS, news(0)),
    new Sessions(store, secrets, moving, SETTINGS, news(1)),
  );
  const [a, b] = both;
  await a?.open('v', 'S-1', FACTS);
  expect((await b?.find('v', 'S-1'))?.record.granted.has('MM')).toBe(true);
  await b?.open('v', 'S-1', { ...FACTS, granted: ServiceSet.NONE });
  expect((await a?.find('v', 'S-1'))?.record.granted.has('MM')).toBe(false);

  // Used at one of them only: the other must not believe it over.
  time += 50_000;
  await a?.find('v', 'S-1');
  time += 50_000;
  await a?.find('v', 'S-1');
  expect(await b?.find('v', 'S-1')).toBeDefined();

  await a?.end('v', 'S-1');
  expect(await b?.find('v', 'S-1')).toBeUndefined();
});

test('a process that may not have heard everything asks the store, and goes by its memory where that has no answer', async () => {
  const { sessions: store } = openMemoryStore();
  let hears = true;
  let isAway = false;
  const orAway = <T>(answer: Promise<T>): Promise<T> => (isAway ? Promise.reject(new Error('away')) : answer);
  const failing: SessionStore = {
    get: (key) => orAway(store.get(key)),
    put: (key, record) => orAway(store.put(key, record)),
    prolong: (key, expiresAt) => orAway(store.prolong(key, expiresAt)),
    delete: (key) => orAway(store.delete(key)),
    sweep: (at) => store.sweep(at),
    ofUser: (userKey) => store.ofUser(userKey),
    slice: (after, limit) => store.slice(after, limit),
  };
  let time = now;
  const moving = { wall: () => time, monotonic: () => 0 };
  const here = new Sessions(failing, secrets, moving, { ...SETTINGS, hearsOthers: () => hears });
  const elsewhere = new Sessions(store, secrets, moving, SETTINGS);
  await here.open('v', 'S-1', FACTS);
  await elsewhere.open('v', 'S-1', { ...FACTS, granted: ServiceSet.NONE });
  expect((await here.find('v', 'S-1'))?.record.granted.has('MM')).toBe(true);
  hears = false;
  isAway = true;
  expect((await here.find('v', 'S-1'))?.record.granted.has('MM')).toBe(true);
  time += 55_000;
  expect(await here.find('v', 'S-1')).toBeDefined();
  isAway = false;
  expect((await here.find('v', 'S-1'))?.record.granted.has('MM')).toBe(false);
  await elsewhere.open('v', 'S-1', FACTS);
  hears = true;
  here.forgetAll();
  expect((await here.find('v', 'S-1'))?.record.granted.has('MM')).toBe(true);
});

test('a session that ended while it was prolonged elsewhere stays ended', async () => {
  const { sessions: store } = openMemoryStore();
  let time = now;
  const moving = { wall: () => time, monotonic: () => 0 };
  const a = new Sessions(store, secrets, moving, SETTINGS);
  const b = new Sessions(store, secrets, moving, SETTINGS);
  await a.open('v', 'S-1', FACTS);
  await b.find('v', 'S-1');
  time += 30_000;
  await a.end('v', 'S-1');
  expect(await b.find('v', 'S-1')).toBeUndefined();
  expect(await b.find('v', 'S-1')).toBeUndefined();
});
