/**
 * Taking a VASP out of service and back in a running gateway, by the API and by `sapgw vasp`: what its phones are told
 * meanwhile, what still goes to it, what goes on and what does not, and that the other VASP notices nothing.
 */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { registerVasp } from '../../gateway/cli/vasp.ts';
import type { Config } from '../../gateway/config.ts';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { childText, descendant, type Element, element } from '../../gateway/csp/element.ts';
import { type CspVersion, contentTypeOf } from '../../gateway/csp/versions.ts';
import type { RunningGateway } from '../../gateway/main.ts';
import { message } from '../gateway/messages.ts';
import { call, codeOf, loginOf, metric, post, tokenFile } from '../main/admin-calls.ts';
import { chargePolicy, LEVELS, policyFolder, start, temporaryFolder, testConfig, vaspConfig } from '../main/running.ts';
import { TestVasp } from '../main/vasp.ts';
import { withAnswers } from '../recordings/answering.ts';

let a: TestVasp;
let b: TestVasp;
let gateway: RunningGateway;
let config: Config;

async function run(more: Partial<Config> = {}): Promise<void> {
  config = testConfig({
    useSandbox: false,
    vasps: [
      vaspConfig('a', a.url, {
        paths: ['/a', '/content'],
        passThrough: ['/content/*'],
        health: { everyMillis: 60_000 },
      }),
      vaspConfig('b', b.url, { paths: ['/b'] }),
    ],
    adminTokenFile: tokenFile(),
    ...more,
  });
  gateway = await start(config);
}

beforeEach(async () => {
  a = await TestVasp.listen('S-A');
  b = await TestVasp.listen('S-B');
});
afterEach(async () => {
  await gateway.stop();
  await a.close();
  await b.close();
});

const at = (path: string): string => `http://127.0.0.1:${gateway.listen.port}${path}`;
const admin = (): string => `http://127.0.0.1:${gateway.admin.port}`;
const logIn = (path: string): Promise<Element | undefined> => post(at(path), loginOf('wv:alice@im.example'));
const result = (primitive: Element | undefined): (string | undefined)[] => [
  primitive?.name,
  ...['Code', 'Description', 'TryAgainTimeout'].map((name) => childText(descendant(primitive, 'Result'), name)),
];

async function poll(path: string, session: string, version: CspVersion = '1.3'): Promise<Element | undefined> {
  const body = message({ version, encoding: 'xml' }, session, [['7', element('Polling-Request')]]);
  const headers = { 'content-type': contentTypeOf(version, 'xml') };
  const response = await fetch(at(path), { method: 'POST', headers, body });
  return decodeMessage(Buffer.from(await response.arrayBuffer()), 'xml').transactions[0]?.primitive;
}

const CLOSED = 'The service is closed for the moment. Please try again later.';
const NO_LOGINS = 'The service takes no new logins at the moment. Please try again later.';

describe('suspended', () => {
  beforeEach(async () => {
    await run();
    await logIn('/a');
    const { status, json } = await call(admin(), 'POST', 'vasps/a/suspend');
    expect([status, json]).toMatchObject([200, { vasp: 'a', state: 'suspended', up: true, kept: true }]);
    a.seen.length = 0;
    a.heads.length = 0;
  });

  test('everything for it gets 503, and nothing of it is sent', async () => {
    expect(result(await logIn('/a'))).toEqual(['Login-Response', '503', CLOSED, '60']);
    expect(result(await poll('/a', 'S-A'))).toEqual(['Status', '503', CLOSED, undefined]);
    const opaque = await fetch(at('/content/logo.png'));
    expect([opaque.status, await opaque.text()]).toEqual([503, expect.stringContaining('closed for the moment')]);
    expect(a.heads).toEqual([]);
    expect(await metric(admin(), 'sapgw_vasp_state{vasp="a",state="suspended"}')).toBe(1);
    expect(await metric(admin(), 'sapgw_vasp_state{vasp="a",state="serving"}')).toBe(0);
    expect(await metric(admin(), 'sapgw_logins_total{vasp="a",outcome="vasp-unavailable"}')).toBe(1);
  });

  test('the other one serves, and the gateway is ready', async () => {
    expect(codeOf(await logIn('/b'))).toBe('200');
    expect(codeOf(await poll('/b', 'S-B'))).toBe('200');
    expect((await fetch(`${admin()}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${admin()}/status`)).text()).toMatch(/a +http\S+ +suspended +yes +\d/);
  });

  test('a session is there again when it resumes; one that is not known is still told so', async () => {
    expect(codeOf(await poll('/a', 'S-unknown'))).toBe('604');
    await call(admin(), 'POST', 'vasps/a/resume');
    expect(codeOf(await poll('/a', 'S-A'))).toBe('200');
    expect(a.seen).toHaveLength(1);
  });
});

test('the state outlives a restart', async () => {
  await run({ store: { kind: 'lmdb', directory: join(temporaryFolder(), 'data') } });
  await call(admin(), 'POST', 'vasps/a/suspend');
  await gateway.stop();
  gateway = await start(config);
  expect(result(await logIn('/a'))).toEqual(['Login-Response', '503', CLOSED, '60']);
  expect(a.seen).toEqual([]);
});

describe('draining', () => {
  const DENY = '{ deny: { en: "No." } }';

  test('sessions go on, and nobody new gets in', async () => {
    await run();
    await logIn('/a');
    await call(admin(), 'POST', 'vasps/a/drain');
    expect(result(await logIn('/a'))).toEqual(['Login-Response', '503', NO_LOGINS, '60']);
    expect(codeOf(await poll('/a', 'S-A'))).toBe('200');
    expect(codeOf(await logIn('/b'))).toBe('200');
    await call(admin(), 'POST', 'vasps/a/resume');
    expect(codeOf(await logIn('/a'))).toBe('200');
  });

  test('nobody is asked anything; who was asked before gets in with the answer', async () => {
    await run({ policies: policyFolder({ 'levels.yaml': LEVELS, 'aoc.yaml': chargePolicy(DENY) }) });
    const login = loginOf('wv:alice@im.example');
    const list = descendant(await post(at('/a'), login), 'Result', 'SystemMessageList') as Element;
    await call(admin(), 'POST', 'vasps/a/drain');
    const other = await post(at('/a'), loginOf('wv:bob@im.example'));
    expect([...result(other), descendant(other, 'Result', 'SystemMessageList')]).toEqual([
      'Login-Response',
      '503',
      NO_LOGINS,
      '60',
      undefined,
    ]);
    expect(codeOf(await post(at('/a'), withAnswers(login, 'xml', list, 1)))).toBe('200');
    expect(a.seen).toHaveLength(1);
    // The token is spent: these answers would lead to another question.
    expect(codeOf(await post(at('/a'), withAnswers(login, 'xml', list, 1)))).toBe('503');
  });

  test('a four-way login that had begun is finished', async () => {
    a.challenges = true;
    await run();
    expect(codeOf(await logIn('/a'))).toBe('401');
    await call(admin(), 'POST', 'vasps/a/drain');
    expect(codeOf(await logIn('/a'))).toBe('503');
    a.challenges = false;
    const second = loginOf('wv:alice@im.example', element('DigestBytes', 'ZGlnZXN0'));
    expect(codeOf(await post(at('/a'), second))).toBe('200');
  });
});

describe('the API', () => {
  test('tells how each VASP is, and names those that there are', async () => {
    await run();
    await logIn('/a');
    const { json } = await call(admin(), 'GET', 'vasps');
    const breaker = { state: 'closed', openSince: null, reason: null };
    const counted = { sessions: 0, sessionsCountedAt: expect.stringMatching(/^\d{4}-/) };
    expect(json.vasps).toEqual([
      { vasp: 'a', state: 'serving', since: null, up: true, breaker, probe: expect.anything(), ...counted },
      { vasp: 'b', state: 'serving', since: null, up: true, breaker, probe: null, ...counted },
    ]);
    const { status, json: refused } = await call(admin(), 'POST', 'vasps/c/drain');
    expect([status, refused]).toEqual([
      404,
      { error: { code: 'no-such-vasp', message: 'No VASP is named "c"; there are a, b.' } },
    ]);
    expect((await call(admin(), 'POST', 'vasps/a/stop')).status).toBe(404);
    expect((await call(admin(), 'GET', 'vasps/a/drain')).status).toBe(405);
  });

  test('changes nothing without the token', async () => {
    await run();
    const { status } = await fetch(`${admin()}/api/v1/vasps/a/suspend`, { method: 'POST' });
    expect([status, codeOf(await logIn('/a'))]).toEqual([401, '200']);
  });
});

describe('sapgw vasp', () => {
  async function sapgw(...args: readonly string[]) {
    const out: string[] = [];
    const errors: string[] = [];
    const program = new Command().exitOverride();
    registerVasp(program, { print: (line) => out.push(line), printError: (line) => errors.push(line) });
    const here = ['--admin', admin(), '--token-file', config.adminTokenFile ?? ''];
    await program.parseAsync(['node', 'sapgw', 'vasp', ...args, ...here]);
    const status = process.exitCode;
    process.exitCode = 0;
    return { out, errors, status };
  }

  test('lists, suspends, drains, resumes', async () => {
    await run();
    const { out } = await sapgw('list');
    expect(out).toEqual([expect.stringMatching(/^a: serving; up; 0 sessions at \d/), expect.stringMatching(/^b: /)]);
    const drained = await sapgw('drain', 'a');
    expect(drained.out).toEqual([expect.stringMatching(/^a: draining since \d\S+; up; 0 sessions left at /)]);
    expect(codeOf(await logIn('/a'))).toBe('503');
    expect((await sapgw('suspend', 'a')).out[0]).toMatch(/^a: suspended since /);
    expect((await sapgw('resume', 'a')).out[0]).toMatch(/^a: serving; up/);
    expect(codeOf(await logIn('/a'))).toBe('200');
    expect(JSON.parse((await sapgw('list', '--json')).out.join('\n'))).toMatchObject({ vasps: [{ vasp: 'a' }, {}] });
  });

  test('says why not, with exit status 1', async () => {
    await run();
    expect(await sapgw('drain', '../policies')).toEqual({
      out: [],
      errors: ['No VASP is named "..%2Fpolicies"; there are a, b.'],
      status: 1,
    });
  });

  test('shows a VASP that is down, and since when', async () => {
    await run();
    a.instead = (response) => response.destroy();
    for (let index = 0; index < 5; index++) await logIn('/a');
    expect((await sapgw('list')).out[0]).toMatch(/^a: serving; down since \d\S+, broken; /);
    expect(await metric(admin(), 'sapgw_vasp_up{vasp="a"}')).toBe(0);
    const sent = a.seen.length;
    // Nobody is asked, and nothing is sent.
    expect(result(await logIn('/a'))[1]).toBe('503');
    expect(a.seen).toHaveLength(sent);
  });
});
