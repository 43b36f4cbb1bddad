/**
 * A VASP that does to its answers whatever a test thought of: a hundred clients at once, of all versions and encodings, get
 * a protocol answer of their own in time, and nothing is left behind [reliability §6, A4].
 */
import { createHook } from 'node:async_hooks';
import { Agent, request as httpRequest } from 'node:http';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { child, childText, type Element, element } from '../../gateway/csp/element.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { createUpstream, DEFAULT_VASP_LIMITS, type UpstreamPools } from '../../gateway/upstream/pool.ts';
import { loginRequest, message, SPELLINGS, type Spelling, sendMessage } from '../gateway/messages.ts';
import { countingMetrics, type Rig, startRig } from '../http/doubles.ts';
import { scaled } from '../scale.ts';
import { createRig, DEFAULT_VASP } from '../transcripts/rig.ts';
import { HOSTILITIES } from './hostile-answers.ts';
import { FORGED, HostileVasp } from './hostile-vasp.ts';

/** Long enough for a hundred clients on a machine that has other work. */
const TIMEOUT_MILLIS = 1_500;
/** What a client waits at most beyond the VASP's time [reliability §6]. */
const GRACE_MILLIS = 1_000;
const CLIENTS = scaled(100, 1_000);

let vasp: HostileVasp;
let upstream: UpstreamPools;
let clients: Rig;
let agent: Agent;
/** Timers that the upstream has started and that still run. */
const timers = new Set<number>();
const watch = createHook({
  init(id, type) {
    if (type === 'Timeout' && new Error('started here').stack?.includes('/gateway/upstream/') === true) timers.add(id);
  },
  destroy: (id) => void timers.delete(id),
});
const standstill = monitorEventLoopDelay({ resolution: 10 });

beforeAll(async () => {
  watch.enable();
  standstill.enable();
  vasp = await HostileVasp.listen();
  upstream = createUpstream(
    [
      {
        ...DEFAULT_VASP_LIMITS,
        name: DEFAULT_VASP.name,
        url: vasp.url,
        timeoutMillis: TIMEOUT_MILLIS,
        connections: CLIENTS,
        maxAnswerBytes: 256 * 1024,
      },
    ],
    countingMetrics().metrics,
  );
  const { gateway } = createRig({ upstream });
  clients = await startRig({ handle: (request) => gateway.handle(request) });
  agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  for (const [index, spelling] of SPELLINGS.entries()) {
    const told = await send({ spelling, id: sessionOf(index).slice(2), primitive: loginRequest(), index });
    expect(told.code).toBe('200');
  }
});
afterAll(async () => {
  standstill.disable();
  watch.disable();
  agent.destroy();
  await clients.server.close();
  await upstream.close();
  await vasp.close();
});

interface Question {
  readonly spelling: Spelling;
  readonly id: string;
  readonly primitive: Element;
  /** Of the spelling. */
  readonly index: number;
}

interface Told {
  readonly version: string;
  readonly id: string;
  readonly name: string;
  readonly code: string;
  readonly contentType: string;
  readonly millis: number;
  readonly bytes: Buffer;
}

const sessionOf = (index: number): string => `S-session${index}`;

/** The clients' questions: logins, messages, and what the gateway has to read the answer of. */
function questions(isForReaders: boolean): readonly Question[] {
  return Array.from({ length: CLIENTS }, (_, count) => {
    const index = count % SPELLINGS.length;
    const spelling = SPELLINGS[index] ?? { version: '1.2', encoding: 'xml' };
    const kinds = [
      element('KeepAlive-Request'),
      loginRequest(),
      ...(isForReaders ? [] : [sendMessage(), sendMessage()]),
    ];
    const primitive = kinds[Math.floor(count / SPELLINGS.length) % kinds.length] ?? element('KeepAlive-Request');
    return { spelling, id: `t${count}.`, primitive, index };
  });
}

async function send({ spelling, id, primitive, index }: Question): Promise<Told> {
  const isLogin = primitive.name === 'Login-Request';
  const body = Buffer.from(message(spelling, isLogin ? undefined : sessionOf(index), [[id, primitive]]));
  const started = performance.now();
  const { bytes, contentType } = await post(body, contentTypeOf(spelling.version, spelling.encoding));
  const millis = performance.now() - started;
  const answer = decodeMessage(bytes, spelling.encoding);
  const [transaction] = answer.transactions;
  return {
    version: answer.version,
    id: transaction?.id ?? '',
    name: transaction?.primitive.name ?? '',
    code: childText(child(transaction?.primitive, 'Result'), 'Code') ?? '',
    contentType,
    millis,
    bytes,
  };
}

function post(body: Buffer, type: string): Promise<{ readonly bytes: Buffer; readonly contentType: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': type, 'Content-Length': body.length };
    const options = { port: clients.port, host: '127.0.0.1', method: 'POST', path: '/imps', agent, headers };
    const request = httpRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const contentType = response.headers['content-type'] ?? '';
        if (response.statusCode === 200) resolve({ bytes: Buffer.concat(chunks), contentType });
        else reject(new Error(`HTTP ${response.statusCode}: ${Buffer.concat(chunks).toString()}`));
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

test.each(Object.entries(HOSTILITIES))(`${CLIENTS} clients of a VASP that %s`, async (_name, hostility) => {
  vasp.cut();
  vasp.hostility = hostility;
  standstill.reset();
  const asked = questions(hostility.isForReaders === true);
  const answered = await Promise.all(asked.map(send));
  asked.forEach(({ spelling, id, primitive }, count) => {
    const told = answered[count];
    const isLogin = primitive.name === 'Login-Request';
    expect(told).toMatchObject({
      version: spelling.version,
      contentType: contentTypeOf(spelling.version, spelling.encoding),
      id,
      name: isLogin ? 'Login-Response' : expect.stringMatching(/^(?:Status|SendMessage-Response)$/),
    });
    expect(hostility.codes).toContain(told?.code);
    expect(told?.bytes.includes(FORGED)).toBe(false);
    // The right answer names the request; what the gateway says in its place does not need to.
    if (told?.code === '200') expect(told.bytes.toString('latin1').split(id).length).toBeGreaterThan(2);
  });
  // A machine that stands still for a while is not the gateway's fault.
  const stoodStill = standstill.max / 1e6;
  const slowest = Math.max(...answered.map(({ millis }) => millis));
  expect(slowest).toBeLessThan((hostility.isSlow === true ? TIMEOUT_MILLIS : 0) + GRACE_MILLIS + 2 * stoodStill);
});

test('nothing is left: the VASP is well again, and then no connection and no timer runs', async () => {
  vasp.cut();
  vasp.hostility = undefined;
  const answered = await Promise.all(questions(false).map(send));
  expect(answered.map(({ code }) => code)).toEqual(answered.map(() => '200'));
  expect(timers.size).toBeGreaterThan(0);
  await upstream.close();
  agent.destroy();
  await clients.server.close();
  while (vasp.open.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await vasp.close();
  while (process.getActiveResourcesInfo().includes('TCPSocketWrap')) await new Promise(setImmediate);
  // The one timer of all the requests goes when it has found none left.
  while (timers.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});
