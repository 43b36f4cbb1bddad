/**
 * Clients that are slow, and clients that leave [reliability A3]: each connection is closed in time, and when they are gone
 * nothing is left of them: no connection on either side, no request, no timer.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { type EdgeRig, type EdgeRigOptions, startEdgeRig } from '../http/edge-rig.ts';
import { answerSeen, StrictVasp } from '../http/strict-vasp.ts';
import { randomFractions } from '../random.ts';
import { scaled } from '../scale.ts';
import type { Random } from './smuggling.ts';

const SLOW = scaled(2_000, 20_000);
const ABORTS = scaled(5_000, 50_000);
const SEED = Number(process.env.TEST_SEED ?? 20261122);
const SLOW_AT_ONCE = 1_000;
const ABORTS_AT_ONCE = 200;

let vasp: StrictVasp;
let rig: EdgeRig;
const timers = new Set<NodeJS.Timeout>();
afterEach(async () => {
  for (const timer of timers) clearInterval(timer);
  timers.clear();
  await rig.stop();
  await vasp.stop();
});

async function start(answer: (socket: Socket, marker: string) => void, options: EdgeRigOptions): Promise<void> {
  vasp = await StrictVasp.start(answer);
  rig = await startEdgeRig(vasp.url, options);
}

const head = (target: string, ...headers: readonly string[]): string =>
  `${[`POST ${target} HTTP/1.1`, 'Host: a', ...headers].join('\r\n')}\r\n\r\n`;

/** What is open or waits in this process, but for what a test itself holds. */
function resources(): { readonly sockets: number; readonly timers: number } {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return { sockets: counts.TCPSocketWrap ?? 0, timers: counts.Timeout ?? 0 };
}

/** Waits for it; the test's own time-out is the bound. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const KINDS = ['headers', 'body', 'chunks', 'opaque body', 'reader', 'opaque reader', 'silent'] as const;

/** A client that keeps the gateway waiting, and the moment at which it was closed. */
function slowClient(kind: (typeof KINDS)[number], random: Random): Promise<void> {
  const socket = connect({ port: rig.port, host: '127.0.0.1' });
  socket.on('error', () => {});
  const trickle = (bytes: string): void => {
    const timer = setInterval(() => socket.write(bytes, 'latin1'), 40 + random() * 60);
    timers.add(timer);
    socket.on('close', () => {
      clearInterval(timer);
      timers.delete(timer);
    });
  };
  const isReader = kind === 'reader' || kind === 'opaque reader';
  if (isReader) socket.pause();
  else socket.resume();
  if (kind === 'headers') {
    socket.write('POST /imps HTTP/1.1\r\nHost: a\r\n');
    trickle('X-A: b\r\n');
  } else if (kind === 'body' || kind === 'opaque body') {
    socket.write(head(kind === 'body' ? '/imps' : '/content/x', 'Content-Length: 100000'));
    trickle('x');
  } else if (kind === 'chunks') {
    socket.write(head('/imps', 'Transfer-Encoding: chunked'));
    trickle('1\r\nx\r\n');
  } else if (isReader) {
    const target = kind === 'reader' ? '/imps' : '/content/x';
    socket.write(head(target, 'X-Marker: large', 'Content-Length: 0').repeat(4));
    // A client that does not read does not hear of the end either: the gateway's side is what has to be gone.
    return until(() => rig.counted.open.at(-1) === 0).then(() => void socket.destroy());
  }
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

const LARGE = `HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n${'x'.repeat(400_000)}`;

test(
  `${SLOW} slow clients are all closed, and nothing is left of them (seed ${SEED})`,
  async () => {
    const random = randomFractions(SEED);
    const answer = (socket: Socket, marker: string): void => {
      if (marker === 'large') socket.write(LARGE, 'latin1');
      else answerSeen(socket, marker);
    };
    await start(answer, {
      vaspTimeoutMillis: 400,
      passThroughRunning: 10_000,
      limits: {
        headersTimeoutMillis: 300,
        requestTimeoutMillis: 500,
        keepAliveTimeoutMillis: 300,
        idleTimeoutMillis: 700,
      },
    });
    const before = resources();
    for (let done = 0; done < SLOW; done += SLOW_AT_ONCE) {
      const wave = Array.from({ length: Math.min(SLOW_AT_ONCE, SLOW - done) }, (_, index) =>
        slowClient(KINDS[index % KINDS.length] ?? 'headers', random),
      );
      await Promise.all(wave);
      await until(() => rig.counted.open.at(-1) === 0);
      expect(rig.running()).toBe(0);
    }
    const inTime = rig.counted.rejects.filter((reject) => reject === 'edge/timeout').length;
    // What readers leave unread fits into the system's buffers: they are closed like others that send nothing more.
    expect(inTime).toBeGreaterThanOrEqual(Math.floor(SLOW / KINDS.length) * 4);
    // Upstream connections are kept for four seconds more.
    await until(() => vasp.open.size === 0);
    await until(() => resources().sockets <= before.sockets && resources().timers <= before.timers + 1);
  },
  scaled(180_000, 7_200_000),
);

/** Sends a beginning of something, and leaves at some moment: by FIN or by RST. */
async function leave(random: Random, number: number): Promise<void> {
  const socket = connect({ port: rig.port, host: '127.0.0.1', noDelay: true });
  const over = once(socket, 'close').catch(() => undefined);
  socket.on('error', () => {});
  socket.resume();
  const body = 'x'.repeat(Math.floor(random() * 3_000));
  const target = random() < 0.5 ? '/imps' : '/content/x';
  const one = head(target, `X-Marker: ${number}`, `Content-Length: ${body.length}`) + body;
  const bytes = random() < 0.3 ? one + one : one;
  const cut = random() < 0.5 ? bytes.length : Math.floor(random() * bytes.length);
  const go = (): void => {
    if (random() < 0.5) socket.resetAndDestroy();
    else socket.destroy();
  };
  if (random() < 0.1) setImmediate(go);
  socket.write(bytes.slice(0, cut), 'latin1', () => {
    const wait = random();
    if (wait < 0.3) go();
    else if (wait < 0.6) setImmediate(go);
    else setTimeout(go, random() * 40);
  });
  await over;
}

test(
  `${ABORTS} clients that leave at any moment leave nothing behind (seed ${SEED})`,
  async () => {
    const random = randomFractions(SEED);
    const late = new Set<NodeJS.Timeout>();
    const answer = (socket: Socket, marker: string): void => {
      const timer = setTimeout(() => {
        late.delete(timer);
        if (random() < 0.2) socket.write(LARGE, 'latin1');
        else answerSeen(socket, marker);
      }, random() * 30);
      late.add(timer);
    };
    await start(answer, { vaspTimeoutMillis: 2_000 });
    const before = resources();
    for (let done = 0; done < ABORTS; done += ABORTS_AT_ONCE) {
      await Promise.all(Array.from({ length: ABORTS_AT_ONCE }, (_, index) => leave(random, done + index)));
    }
    await until(() => rig.counted.open.at(-1) === 0 && rig.running() === 0 && late.size === 0);
    expect(vasp.violations).toEqual([]);
    await until(() => vasp.open.size === 0);
    await until(() => resources().sockets <= before.sockets && resources().timers <= before.timers + 1);
    // And it serves as before.
    const socket = connect({ port: rig.port, host: '127.0.0.1' });
    socket.write(head('/imps', 'X-Marker: after', 'Content-Length: 0'));
    const [chunk] = await once(socket, 'data');
    expect(String(chunk)).toContain('200 OK');
    socket.destroy();
  },
  scaled(180_000, 7_200_000),
);
