import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { judgeAtEdge, type RawRequest } from '../../gateway/http/edge-gate.ts';
import { lenientParserSetting } from '../../gateway/http/strict-parser.ts';
import { EDGE_CASES, type EdgeCase } from './edge-cases.ts';
import { MORE_EDGE_CASES } from './edge-cases-more.ts';
import { type EdgeRig, startEdgeRig } from './edge-rig.ts';
import { RawClient } from './raw-client.ts';
import { readRequests, type StrictRequest, valuesOf } from './strict-http.ts';
import { StrictVasp } from './strict-vasp.ts';

const CASES = [...EDGE_CASES, ...MORE_EDGE_CASES];

let vasp: StrictVasp;
let rig: EdgeRig;
beforeAll(async () => {
  vasp = await StrictVasp.start();
  rig = await startEdgeRig(vasp.url);
});
afterAll(async () => {
  await rig.stop();
  await vasp.stop();
});

test('the table is large enough to mean something', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(300);
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
});

const FRAMING = /^(?:host|content-length|transfer-encoding|connection|keep-alive|expect):/i;
/** Header lines but for those that every hop makes anew, values without blanks around them. */
const endToEnd = (headers: readonly string[]): string[] =>
  headers.filter((line) => !FRAMING.test(line)).map((line) => line.replace(/^([^:]*):[\t ]*(.*?)[\t ]*$/, '$1: $2'));
const sortedLast = (lines: readonly string[]): string[] => [
  ...lines.filter((line) => !/^content-type:/i.test(line)),
  ...lines.filter((line) => /^content-type:/i.test(line)),
];

/** What the VASP must have got: the headers as they were sent, and the gateway's Via behind them. */
function expectedHeaders({ raw, seen, forwarded }: EdgeCase): string[][] {
  const sent = readRequests(raw);
  return seen.map((_, index) => {
    const version = sent[index]?.version ?? '1.1';
    return sortedLast([...(forwarded ?? endToEnd(sent[index]?.headers ?? [])), `Via: ${version} sapgw`]);
  });
}

const shortOf = ({ method, target, body }: StrictRequest): string =>
  `${method === 'POST' ? '' : `${method} `}${target}|${body}`;

test.each(CASES)('$name → $statuses', async (one) => {
  const { raw, statuses, seen } = one;
  vasp.requests.length = 0;
  const client = await RawClient.connect(rig.port);
  client.send(raw);
  const answers = await client.answers(statuses.length, raw.startsWith('HEAD'));
  const isRefused = (statuses.at(-1) ?? 0) >= 400;
  if (isRefused) await client.closed();
  client.destroy();
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(statuses);
  expect(vasp.requests.map(shortOf)).toEqual(seen);
  expect(vasp.requests.map(({ headers }) => sortedLast(endToEnd(headers)))).toEqual(expectedHeaders(one));
  for (const { method, version, headers, body } of vasp.requests) {
    expect([version, valuesOf(headers, 'host')]).toEqual(['1.1', [`127.0.0.1:${vasp.port}`]]);
    const lengths = valuesOf(headers, 'content-length');
    const isChunked = valuesOf(headers, 'transfer-encoding').length > 0;
    expect([lengths, isChunked]).toEqual(
      isChunked || method !== 'POST' ? [[], isChunked] : [[String(body.length)], false],
    );
  }
  expect(vasp.violations).toEqual([]);
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
