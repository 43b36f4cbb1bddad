/**
 * VASP A fails in every way there is, one after the other, while VASP B serves a steady load through the same gateway: A's
 * phones get a protocol answer in time, logins too; A is left alone soon, and is there again when it is well; and none of
 * B's requests is lost, refused or kept waiting behind one of A's [reliability §6, X24].
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { childText, descendant, type Element, element } from '../../gateway/csp/element.ts';
import type { RunningGateway } from '../../gateway/main.ts';
import { message } from '../gateway/messages.ts';
import { call, codeOf, loginOf, metric, post, tokenFile } from '../main/admin-calls.ts';
import { start, testConfig, vaspConfig } from '../main/running.ts';
import { scaled } from '../scale.ts';
import { BadVasp, FAULT_NAMES, SLOW_FAULTS } from './bad-vasp.ts';
import { distribution, SteadyLoad } from './steady-load.ts';

const TIMEOUT_MILLIS = 300;
const PER_SECOND = scaled(100, 300);
/** Of A's phones at once: more than its breaker waits for. */
const PHONES = 8;
/** A's connections: fewer than its phones, so that some wait in line. */
const CONNECTIONS = 6;

let a: BadVasp;
let b: BadVasp;
let gateway: RunningGateway;
let load: SteadyLoad;
let wrongBefore: readonly string[];
const figures: string[] = [];
const standstill = monitorEventLoopDelay({ resolution: 10 });

const at = (path: string): string => `http://127.0.0.1:${gateway.listen.port}${path}`;
const admin = (): string => `http://127.0.0.1:${gateway.admin.port}`;

beforeAll(async () => {
  standstill.enable();
  a = await BadVasp.listen('S-A');
  b = await BadVasp.listen('S-B');
  const config = testConfig({ useSandbox: false, adminTokenFile: tokenFile() });
  const faulty = { paths: ['/a'], timeoutMillis: TIMEOUT_MILLIS, connections: CONNECTIONS };
  gateway = await start({
    ...config,
    vasps: [vaspConfig('a', a.url, faulty), vaspConfig('b', b.url, { paths: ['/b'] })],
    limits: { ...config.limits, answerBytes: 64 * 1024 },
  });
  for (const path of ['/a', '/b']) await post(at(path), loginOf('wv:alice@im.example'));
  load = new SteadyLoad(at('/b'), 'S-B', PER_SECOND);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const slice = load.slice();
  figures.push(`B alone: ${distribution(slice)}`);
  wrongBefore = slice.wrong;
});
afterAll(async () => {
  standstill.disable();
  await load.stop();
  await gateway.stop();
  await a.close();
  await b.close();
  process.stdout.write(`${figures.join('\n')}\n`);
});

interface Told {
  readonly answer: Element | undefined;
  readonly millis: number;
}

async function ask(body: Buffer): Promise<Told> {
  const started = performance.now();
  const answer = await post(at('/a'), body);
  return { answer, millis: performance.now() - started };
}

const login = (): Promise<Told> => ask(loginOf('wv:romeo@im.example'));
/** Something that must be answered, and whose answer is read. */
const keepAlive = (): Promise<Told> =>
  ask(message({ version: '1.3', encoding: 'xml' }, 'S-A', [['7', element('KeepAlive-Request')]]));
const atOnce = (count: number): Promise<Told>[] => Array.from({ length: count }, keepAlive);

async function isLeftAlone(): Promise<boolean> {
  return (await metric(admin(), 'sapgw_vasp_up{vasp="a"}')) === 0;
}

test.each(FAULT_NAMES)('A fails: %s', async (fault) => {
  standstill.reset();
  // Whatever came of the fault before.
  await call(admin(), 'POST', 'vasps/a/resume');
  await a.behave(fault);
  const [loggingIn, ...rest] = await Promise.all([login(), ...atOnce(PHONES)]);
  const failed = [loggingIn, ...rest];
  // Nonsense must be much of all before A is left alone.
  for (let round = 0; round < 10 && !(await isLeftAlone()); round++)
    failed.push(...(await Promise.all(atOnce(PHONES))));
  expect(await isLeftAlone()).toBe(true);
  const sent = a.requests;
  const refused = await Promise.all([login(), ...atOnce(2)]);
  expect(a.requests).toBe(sent);

  const codes = failed.map(({ answer }) => codeOf(answer) ?? 'none');
  // 503 beside 504: who waited for a connection was never sent.
  expect(codes.filter((code) => code !== '503' && !(SLOW_FAULTS.has(fault) && code === '504'))).toEqual([]);
  expect(codes.includes('504')).toBe(SLOW_FAULTS.has(fault));
  for (const { answer } of [loggingIn, refused[0]]) {
    expect([answer?.name, childText(descendant(answer, 'Result'), 'TryAgainTimeout')]).toEqual([
      'Login-Response',
      '60',
    ]);
  }
  expect(refused.map(({ answer }) => codeOf(answer))).toEqual(['503', '503', '503']);
  // A machine that stands still for a while is not the gateway's fault.
  const stoodStill = standstill.max / 1e6;
  expect(Math.max(...failed.map(({ millis }) => millis))).toBeLessThan(TIMEOUT_MILLIS + 1_000 + 2 * stoodStill);

  await a.behave(undefined);
  await call(admin(), 'POST', 'vasps/a/resume');
  expect([codeOf((await login()).answer), codeOf((await keepAlive()).answer)]).toEqual(['200', '200']);
  const slice = load.slice();
  figures.push(`B while A fails by ${fault}: ${distribution(slice)}`);
  expect(slice.wrong).toEqual([]);
});

describe('B', () => {
  test('was sent each of its requests once, and none was refused or waited for a connection', async () => {
    await load.stop();
    expect([...wrongBefore, ...load.slice().wrong]).toEqual([]);
    expect(load.sent).toBeGreaterThan(PER_SECOND);
    // One login came before.
    expect(b.requests).toBe(load.sent + 1);
    const text = await (await fetch(`${admin()}/metrics`)).text();
    expect(text.split('\n').filter((line) => /^sapgw_upstream_errors_total\{vasp="b"/.test(line))).toEqual([]);
    expect(text).toMatch(/^sapgw_upstream_errors_total\{vasp="a",kind="breaker-open"\} \d/m);
    expect(await metric(admin(), 'sapgw_vasp_up{vasp="b"}')).toBe(1);
  });
});
