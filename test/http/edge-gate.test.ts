import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { judgeAtEdge, type RawRequest } from '../../gateway/http/edge-gate.ts';
import type { ClientServer } from '../../gateway/http/server.ts';
import { lenientParserSetting } from '../../gateway/http/strict-parser.ts';
import { startRig } from './doubles.ts';
import { EDGE_CASES } from './edge-cases.ts';
import { RawClient } from './raw-client.ts';

let server: ClientServer;
let port: number;
let seen: { target: string; body: Buffer }[];

beforeAll(async () => {
  const rig = await startRig();
  ({ server, port } = rig);
  seen = rig.seen as typeof seen;
});
afterAll(() => server.close());

test('the table is large enough to mean something', () => {
  expect(EDGE_CASES.length).toBeGreaterThanOrEqual(120);
  expect(new Set(EDGE_CASES.map(({ name }) => name)).size).toBe(EDGE_CASES.length);
});

test.each(EDGE_CASES)('$name → $statuses', async ({ raw, statuses, seen: expected }) => {
  seen.length = 0;
  const client = await RawClient.connect(port);
  client.send(raw);
  const answers = await client.answers(statuses.length, raw.startsWith('HEAD'));
  const isRefused = (statuses.at(-1) ?? 0) >= 400;
  if (isRefused) await client.closed();
  client.destroy();
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(statuses);
  expect(seen.map(({ target, body }) => `${target}|${body.toString('latin1')}`)).toEqual(expected);
  if (isRefused) {
    const last = answers.at(-1);
    expect(last?.head).toMatch(/\r\nConnection: close/);
    if (!raw.startsWith('HEAD')) expect(last?.body).toMatch(/^[A-Z][^\n]+[.]\n$/);
  }
});

const GOOD: RawRequest = { method: 'POST', url: '/imps', httpVersion: '1.1', rawHeaders: ['Host', 'a'] };
const LIMITS = { headers: 4 };

test('the decision is pure: it tells what it found, and judges by what it is given', () => {
  const rawHeaders = ['host', 'a:1', 'CONTENT-TYPE', 'text/xml; charset=utf-8', 'Content-Length', '12', 'X', ''];
  expect(judgeAtEdge({ ...GOOD, rawHeaders }, LIMITS)).toEqual({
    verdict: 'pass',
    target: '/imps',
    host: 'a:1',
    contentType: 'text/xml; charset=utf-8',
    contentLength: 12,
    isChunked: false,
    expectsContinue: false,
  });
  expect(judgeAtEdge({ ...GOOD, rawHeaders: [...rawHeaders, 'Y', ''] }, LIMITS)).toMatchObject({
    statusCode: 431,
    reason: 'header-count',
  });
});

test.each([
  ['a name that no parser should let through', ['Host', 'a', 'X Y', 'z'], 'header-name'],
  ['a line break in a value', ['Host', 'a', 'X', 'y\r\nZ: 1'], 'header-value'],
  ['both framings', ['Host', 'a', 'Content-Length', '0', 'Transfer-Encoding', 'chunked'], 'transfer-encoding'],
  ['a length that is no number', ['Host', 'a', 'Content-Length', '1_0'], 'content-length'],
])('does not rely on the parser: %s', (_name, rawHeaders, reason) => {
  expect(judgeAtEdge({ ...GOOD, rawHeaders }, LIMITS)).toMatchObject({ verdict: 'refuse', statusCode: 400, reason });
});

test('a refusal quotes no more of a header name than can be shown', () => {
  const judged = judgeAtEdge({ ...GOOD, rawHeaders: ['Host', 'a', `x\r\n${'y'.repeat(100)}`, ''] }, LIMITS);
  expect(judged).toMatchObject({ verdict: 'refuse', text: expect.not.stringMatching(/[\r\n]|y{41}/) });
});

test.each([
  [['--insecure-http-parser'], undefined, true],
  [[], '--max-old-space-size=100 --insecure-http-parser', true],
  [[], '"--insecure-http-parser"', true],
  [['--insecure-http-parser=true'], '', true],
  [['--no-insecure-http-parser', '--import', 'tsx'], '--expose-gc', false],
  [[], undefined, false],
])('a lenient parser is noticed: node %j, NODE_OPTIONS %j → %j', (execArgv, nodeOptions, isLenient) => {
  expect(lenientParserSetting(execArgv, nodeOptions) !== undefined).toBe(isLenient);
});
