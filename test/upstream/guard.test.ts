/** Each VASP's breaker: what opens it, what goes to a VASP meanwhile, what closes it, and that no other VASP is touched. */
import { createServer } from 'node:net';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { openMetrics } from '../../gateway/admin/metrics.ts';
import type { UpstreamResult, VaspState } from '../../gateway/ports.ts';
import { DEFAULT_BREAKER } from '../../gateway/upstream/breaker.ts';
import { UpstreamGuard } from '../../gateway/upstream/guard.ts';
import { probe } from '../../gateway/upstream/health.ts';
import type { UpstreamPools } from '../../gateway/upstream/pool.ts';
import type { VaspStateChange } from '../../gateway/upstream/vasp-states.ts';

const REQUEST = { target: '/', contentType: '', headers: [], body: new Uint8Array() };
const ANSWER: UpstreamResult = { kind: 'answer', statusCode: 200, contentType: '', headers: [], body: Buffer.alloc(0) };
type Behaviour = 'answers' | 'busy' | 'silent' | 'server-error' | 'unreachable' | 'timeout' | 'broken' | 'too-large';

let now = 0;
let behaviour: Record<string, Behaviour>;
let states: Record<string, VaspState>;
let sent: string[];
let logged: string[];
let ended: ((result: UpstreamResult) => void)[];
let changed: (change: VaspStateChange) => void;
let metrics: ReturnType<typeof openMetrics>;
let guard: UpstreamGuard;
let upstream: UpstreamPools;

beforeEach(() => {
  now = 1_000;
  behaviour = { a: 'answers', b: 'answers' };
  states = {};
  sent = [];
  logged = [];
  ended = [];
  metrics = openMetrics();
  const log = (event: string, fields = {}) => void logged.push(`${event} ${JSON.stringify(fields)}`);
  guard = new UpstreamGuard({
    vasps: ['a', 'b'],
    states: {
      stateOf: (vasp) => states[vasp] ?? 'serving',
      onChange(listener) {
        changed = listener;
        return () => {};
      },
    },
    clock: { wall: () => now, monotonic: () => now },
    metrics,
    log: { info: log, warn: log, error: log },
  });
  upstream = guard.around({ send: (vasp) => answer(vasp, behaviour[vasp] ?? 'answers'), close: async () => {} });
});

/** As the pools do: counted before it resolves, refused at once when too many wait. */
function answer(vasp: string, how: Behaviour): Promise<UpstreamResult> {
  sent.push(vasp);
  if (how === 'busy') {
    guard.metrics.upstreamError(vasp, 'unreachable');
    return Promise.resolve({ kind: 'failed', failure: 'unreachable' });
  }
  if (how === 'silent') return new Promise((resolve) => ended.push(resolve));
  return Promise.resolve().then(() => {
    if (how === 'answers' || how === 'server-error') {
      guard.metrics.upstream(vasp, 0.001);
      if (how === 'answers') return ANSWER;
      guard.metrics.upstreamError(vasp, 'not-protocol');
      return { ...ANSWER, statusCode: 500 } as UpstreamResult;
    }
    guard.metrics.upstreamError(vasp, how);
    return { kind: 'failed', failure: how };
  });
}

/** Sends so many, one after the other; the kinds of their results. */
async function send(vasp: string, count: number): Promise<string[]> {
  const results: string[] = [];
  for (let index = 0; index < count; index++) {
    const result = await upstream.send(vasp, REQUEST);
    results.push(result.kind === 'failed' ? result.failure : String(result.statusCode));
  }
  return results;
}

async function series(start: string): Promise<string[]> {
  return (await metrics.scrape()).text.split('\n').filter((line) => line.startsWith(start));
}

const breakerOf = (vasp: string) => guard.health().find((one) => one.vasp === vasp)?.breaker;
const REFUSED = { kind: 'failed', failure: 'unreachable' };

describe('opening', () => {
  test.each(['unreachable', 'timeout', 'broken'] as const)(
    'five times %s: the sixth is refused unsent',
    async (how) => {
      behaviour.a = how;
      expect(await send('a', 5)).toEqual(Array(5).fill(how));
      expect(await upstream.send('a', REQUEST)).toEqual(REFUSED);
      expect(sent).toHaveLength(5);
      expect(guard.isDown('a')).toBe(true);
      expect(guard.health()[0]).toMatchObject({ isUp: false, breaker: 'open', openSince: 1_000, reason: how });
      expect(logged).toEqual([`VASP unavailable {"vasp":"a","reason":"${how}"}`]);
      expect(await series('sapgw_vasp_up')).toEqual(['sapgw_vasp_up{vasp="a"} 0', 'sapgw_vasp_up{vasp="b"} 1']);
      expect(await series('sapgw_upstream_errors_total{vasp="a",kind="breaker-open"}')).toHaveLength(1);
    },
  );

  test('the other VASP is not touched', async () => {
    behaviour.a = 'broken';
    await send('a', 10);
    expect(await send('b', 3)).toEqual(['200', '200', '200']);
    expect(guard.isDown('b')).toBe(false);
  });

  test('an answer between the failures starts the count anew', async () => {
    for (let round = 0; round < 4; round++) {
      behaviour.a = 'timeout';
      await send('a', 4);
      behaviour.a = 'answers';
      await send('a', 16);
    }
    expect(breakerOf('a')).toBe('closed');
  });

  test('half of twenty within ten seconds is enough, spread over more time it is not', async () => {
    const mixed = async (): Promise<void> => {
      behaviour.a = 'answers';
      await send('a', 1);
      behaviour.a = 'timeout';
      await send('a', 1);
    };
    for (let index = 0; index < 20; index++, now += 2_000) await mixed();
    expect(breakerOf('a')).toBe('closed');
    for (let index = 0; index < 20 && breakerOf('a') === 'closed'; index++, now += 10) await mixed();
    expect(breakerOf('a')).toBe('open');
  });

  test('a message that makes the VASP stumble does not close it to the others', async () => {
    for (let round = 0; round < 20; round++) {
      behaviour.a = 'server-error';
      await send('a', 8);
      behaviour.a = 'answers';
      await send('a', 20);
    }
    expect(breakerOf('a')).toBe('closed');
  });

  test.each([
    ['server-error', 'not-protocol'],
    ['too-large', 'too-large'],
  ] as const)('%s alone opens it', async (how, reason) => {
    behaviour.a = how;
    await send('a', DEFAULT_BREAKER.least - 1);
    expect(breakerOf('a')).toBe('closed');
    await send('a', 1);
    expect(guard.health()[0]).toMatchObject({ breaker: 'open', reason });
  });

  test('what the gateway itself does not send proves nothing against the VASP', async () => {
    behaviour.a = 'busy';
    expect(await send('a', 50)).toEqual(Array(50).fill('unreachable'));
    expect(breakerOf('a')).toBe('closed');
    expect(await series('sapgw_upstream_errors_total')).toEqual([
      'sapgw_upstream_errors_total{vasp="a",kind="busy"} 50',
    ]);
  });
});

describe('closing', () => {
  beforeEach(async () => {
    behaviour.a = 'unreachable';
    await send('a', 5);
    sent.length = 0;
  });

  test('after the pause one request tries, and an answer closes it', async () => {
    now += DEFAULT_BREAKER.pauseMillis;
    expect(guard.isDown('a')).toBe(false);
    behaviour.a = 'silent';
    const trial = upstream.send('a', REQUEST);
    expect(breakerOf('a')).toBe('half-open');
    expect(await send('a', 3)).toEqual(Array(3).fill('unreachable'));
    expect(sent).toEqual(['a']);
    ended[0]?.(ANSWER);
    expect(await trial).toBe(ANSWER);
    behaviour.a = 'answers';
    expect(await send('a', 2)).toEqual(['200', '200']);
    expect(logged.at(-1)).toBe('VASP available again {"vasp":"a"}');
    expect(await series('sapgw_vasp_up{vasp="a"}')).toEqual(['sapgw_vasp_up{vasp="a"} 1']);
  });

  test('each trial that fails doubles the pause, up to its limit', async () => {
    const pauses: number[] = [];
    for (let trial = 0; trial < 5; trial++) {
      const before = now;
      while (guard.isDown('a')) now += 100;
      pauses.push(now - before);
      await send('a', 1);
    }
    expect(pauses).toEqual([5_000, 10_000, 20_000, 30_000, 30_000]);
    expect(sent).toHaveLength(5);
    expect(logged).toHaveLength(1);
  });

  test('failures of requests that were sent before are not counted any more', async () => {
    for (let index = 0; index < 10; index++) guard.metrics.upstreamError('a', 'timeout');
    now += DEFAULT_BREAKER.pauseMillis;
    behaviour.a = 'answers';
    await send('a', 1);
    expect(breakerOf('a')).toBe('closed');
  });

  test('a probe that finds the VASP gone keeps requests away, one that finds it back lets one try at once', async () => {
    guard.probed('a', false);
    now += 10 * DEFAULT_BREAKER.longestPauseMillis;
    expect(guard.isDown('a')).toBe(true);
    expect(guard.health()[0]?.probe).toEqual({ isReachable: false, at: 1_000 });
    guard.probed('a', true);
    expect(guard.isDown('a')).toBe(false);
    behaviour.a = 'unreachable';
    await send('a', 1);
    guard.probed('a', true);
    expect(guard.isDown('a')).toBe(true);
  });

  test('the operator who resumes it lets everything try', async () => {
    behaviour.a = 'answers';
    changed({ vasp: 'a', state: 'serving', since: now, isKept: true });
    expect(await send('a', 2)).toEqual(['200', '200']);
    expect(guard.health()[0]).toMatchObject({ isUp: true, openSince: undefined, reason: undefined });
  });
});

test('nothing goes to a VASP that is suspended', async () => {
  states.a = 'suspended';
  expect(await upstream.send('a', REQUEST)).toEqual(REFUSED);
  states.a = 'draining';
  expect(await send('a', 1)).toEqual(['200']);
  expect(sent).toEqual(['a']);
  expect(await series('sapgw_upstream_errors_total')).toEqual([
    'sapgw_upstream_errors_total{vasp="a",kind="suspended"} 1',
  ]);
});

test('a probe connects, sends nothing, and says whether that worked', async () => {
  const received: string[] = [];
  let closed: (() => void) | undefined;
  const isClosed = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const server = createServer((socket) => {
    socket.on('data', (bytes) => received.push(bytes.toString()));
    socket.on('error', () => {});
    socket.on('close', () => closed?.());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = typeof bound === 'object' ? bound?.port : undefined;
  expect(await probe(`http://127.0.0.1:${port}/imps`, 5_000)).toBe(true);
  await isClosed;
  expect(received).toEqual([]);
  expect(await probe(`https://127.0.0.1:${port}/`, 100)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
  expect(await probe(`http://127.0.0.1:${port}/`, 5_000)).toBe(false);
});
