/** A gateway that runs in this process: what stops its start, what its admin listener says, and which VASP a path reaches. */

import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Config } from '../../gateway/config.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { type RunningGateway, startGateway } from '../../gateway/main.ts';
import { loginRequest, message, type Spelling, sendMessage } from '../gateway/messages.ts';
import { ReplayVasp } from '../recordings/wire.ts';
import { start, temporaryFolder, testConfig, vaspConfig } from './running.ts';
import { TestVasp } from './vasp.ts';

const SPELLING: Spelling = { version: '1.3', encoding: 'xml' };
const TYPE = contentTypeOf('1.3', 'xml');

describe('a start that fails', () => {
  const problemsOf = async (more: Partial<Config>): Promise<readonly string[]> => {
    const started = await startGateway(testConfig(more));
    if (started.kind === 'running') await started.gateway.stop();
    return started.kind === 'failed' ? started.problems : [];
  };

  test('a port that is taken is named, with what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const taken = { host: '127.0.0.1', port };
    const sentence = `127.0.0.1:${port} is taken by another program; stop that, or choose another with --listen or --admin`;
    expect(await problemsOf({ listen: taken })).toEqual([sentence]);
    expect(await problemsOf({ admin: taken })).toEqual([sentence]);
    other.close();
    await once(other, 'close');
    // Whatever the failed starts had opened they closed again: the same port serves now.
    const gateway = await start(testConfig({ listen: taken }));
    expect(gateway.listen.port).toBe(port);
    await gateway.stop();
  });

  test('every problem of the policies is listed with its place', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a.yaml'), 'kind: service-levels\ndefault: gone\nlevels: {}\n');
    writeFileSync(join(folder, 'b.yaml'), 'kind: off-line-servise\n');
    const problems = await problemsOf({ policies: folder });
    expect(problems.some((problem) => /a\.yaml:\d+:\d+: .+/.test(problem))).toBe(true);
    expect(problems.some((problem) => /b\.yaml:1:\d+: kind: .*off-line-service/.test(problem))).toBe(true);
  });

  test('policies, secret and subscribers that cannot be read are told of together', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'secret'));
    writeFileSync(join(folder, 'short'), 'too short\n');
    const problems = await problemsOf({
      policies: join(folder, 'none'),
      secret: { kind: 'file', path: join(folder, 'short') },
      subscribersFile: join(folder, 'nobody.txt'),
    });
    expect(problems).toHaveLength(3);
    expect(problems[0]).toContain(`${join(folder, 'none')}: there is no such folder`);
    expect(problems[1]).toMatch(/short.*32/);
    expect(problems[1]).not.toContain('too short');
    expect(problems[2]).toContain('nobody.txt');
    expect(await problemsOf({ secret: { kind: 'file', path: join(folder, 'secret') } })).toEqual([
      expect.stringContaining('cannot be read'),
    ]);
  });
});

test('a store that cannot be opened is named', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, 'no store');
  const started = await startGateway(testConfig({ store: { kind: 'lmdb', directory: file } }));
  expect(started).toEqual({ kind: 'failed', problems: [expect.stringContaining(file)] });
});

describe.each(['1.2', '1.3'] as const)('a VASP that fails, CSP %s', (version) => {
  test.each([
    ['never answers', '504', { kind: 'silence' }],
    ['hangs up', '503', { kind: 'closed' }],
  ] as const)('%s', async (_name, code, answer) => {
    const vasp = await ReplayVasp.listen();
    vasp.reset(answer);
    const gateway = await start(
      testConfig({ useSandbox: false, vasps: [vaspConfig('v', vasp.url, { timeoutMillis: 200 })] }),
    );
    const type = contentTypeOf(version, 'xml');
    const body = message({ version, encoding: 'xml' }, undefined, [['t-9', loginRequest()]]);
    const headers = { 'content-type': type };
    const response = await fetch(`http://127.0.0.1:${gateway.listen.port}/`, { method: 'POST', headers, body });
    expect(response.headers.get('content-type')).toBe(type);
    const text = await response.text();
    expect(text).toContain('<TransactionID>t-9</TransactionID>');
    expect(text).toMatch(
      new RegExp(`<Login-Response><ClientID>.*<Code>${code}</Code><Description>[^<]+</Description>`),
    );
    // 1.3 alone can say when to come again [X4].
    expect(text.includes('<TryAgainTimeout>')).toBe(version === '1.3');
    expect(vasp.seen).toHaveLength(1);
    await gateway.stop();
    await vasp.close();
  });
});

describe('several VASPs', () => {
  let one: TestVasp;
  let two: TestVasp;
  let gateway: RunningGateway;
  let url: string;
  let adminUrl: string;

  beforeAll(async () => {
    one = await TestVasp.listen('S-one');
    two = await TestVasp.listen('S-two');
    gateway = await start(
      testConfig({
        useSandbox: false,
        vasps: [
          vaspConfig('one', one.url, { paths: ['/imps'], passThrough: ['/content/*'] }),
          vaspConfig('two', `${two.url}/there`, { paths: ['/imps', '/'], hosts: ['two.example', '*.two.example'] }),
        ],
      }),
    );
    url = `http://127.0.0.1:${gateway.listen.port}`;
    adminUrl = `http://127.0.0.1:${gateway.admin.port}`;
  });

  afterAll(async () => {
    await gateway.stop();
    await one.close();
    await two.close();
  });

  /** By node:http, because fetch does not let a test choose its Host. */
  const post = async (path: string, host: string, body: Buffer): Promise<{ status: number; text: string }> => {
    const { request } = await import('node:http');
    return new Promise((resolve, reject) => {
      const sending = request(
        `${url}${path}`,
        { method: 'POST', headers: { host, 'content-type': TYPE } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
          );
        },
      );
      sending.on('error', reject);
      sending.end(body);
    });
  };

  const login = message(SPELLING, undefined, [['1', loginRequest()]]);

  test.each([
    ['/imps', 'im.example', 'S-one'],
    ['/imps/deeper?x=1', 'im.example:8080', 'S-one'],
    ['/imps', 'two.example', 'S-two'],
    ['/anything', 'a.two.example:80', 'S-two'],
  ])('%s at %s', async (path, host, sessionId) => {
    const { status, text } = await post(path, host, login);
    expect(status).toBe(200);
    expect(text).toContain(`<SessionID>${sessionId}</SessionID>`);
  });

  test('a path or a host that belongs to none is told so', async () => {
    for (const [path, host] of [
      ['/', 'im.example'],
      ['/impsx', 'im.example'],
    ] as const) {
      const { status, text } = await post(path, host, login);
      expect(status).toBe(404);
      expect(text).toMatch(/^[^\n]+\n$/);
    }
  });

  test('a session belongs to the VASP that opened it', async () => {
    await post('/imps', 'im.example', login);
    const { text } = await post('/imps', 'two.example', message(SPELLING, 'S-one', [['2', sendMessage()]]));
    expect(text).toContain('<Code>604</Code>');
  });

  test('pass-through paths go on unread, whatever they are', async () => {
    const response = await fetch(`${url}/content/picture.gif?size=1`, {
      method: 'POST',
      body: Buffer.from([0, 255, 1]),
    });
    expect(response.headers.get('x-opaque')).toBe('as it is');
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes).toEqual(Buffer.concat([Buffer.from('POST /content/picture.gif?size=1 '), Buffer.from([0, 255, 1])]));
    expect((await fetch(`${url}/content/x`)).status).toBe(200);
  });

  test.each(['text/xml', 'application/xml; charset=utf-8', 'application/vnd.wv.csp+wbxml'])(
    'a message is none of them, also as %s',
    async (type) => {
      const seen = one.seen.length;
      const response = await fetch(`${url}/content/x`, {
        method: 'POST',
        body: login,
        headers: { 'content-type': type },
      });
      expect(response.status).toBe(404);
      expect(response.headers.get('x-opaque')).toBe(null);
      expect(one.seen.length).toBe(seen);
    },
  );

  test('other methods are refused, and nothing but POST of CSP is served', async () => {
    expect((await fetch(`${url}/imps`)).status).toBe(405);
    expect((await fetch(`${url}/imps`, { method: 'DELETE' })).status).toBe(405);
    expect(
      (await fetch(`${url}/imps`, { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } })).status,
    ).toBe(400);
    expect((await fetch(`${url}/imps`, { method: 'POST', body: new Uint8Array(4) })).status).toBe(400);
    const large = new Uint8Array(513 * 1024);
    const tooLarge = await fetch(`${url}/imps`, { method: 'POST', body: large, headers: { 'content-type': TYPE } });
    expect(tooLarge.status).toBe(413);
    expect(one.seen.every((body) => body.length < 2000)).toBe(true);
  });

  test('the admin listener is alive and ready, and counts by the names of its contract', async () => {
    expect((await fetch(`${adminUrl}/livez`)).status).toBe(200);
    expect((await fetch(`${adminUrl}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
    for (const name of [
      'sapgw_logins_total{vasp="one",outcome="accepted"}',
      'sapgw_requests_total{',
      'sapgw_request_duration_seconds_bucket{',
      'sapgw_upstream_duration_seconds_bucket{',
      'sapgw_rejects_total{layer="session",reason="unknown"}',
      'sapgw_rejects_total{layer="edge",reason="method"}',
      'sapgw_policy_reloads_total{result="loaded"} 1',
      'sapgw_sessions{vasp="two"}',
      'sapgw_store_duration_seconds_bucket{',
    ]) {
      expect(metrics).toContain(name);
    }
    for (const name of [
      'sapgw_negotiations_total',
      'sapgw_negotiation_duration_seconds',
      'sapgw_upstream_errors_total',
    ]) {
      expect(metrics).toContain(`# TYPE ${name}`);
    }
    const status = await (await fetch(`${adminUrl}/status`)).text();
    expect(status).toContain(one.url);
    const json = (await (await fetch(`${adminUrl}/status.json`)).json()) as { ready?: boolean };
    expect(json.ready).toBe(true);
    expect((await fetch(`${adminUrl}/nothing`)).status).toBe(404);
  });
});
