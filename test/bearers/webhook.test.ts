/** The call that an answer leads to: what arrives, who may be called, and what a server's answer is worth. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openWebhooks, type Webhooks } from '../../gateway/bearers/webhook.ts';
import { readWebhookKey } from '../../gateway/bearers/webhook-key.ts';

const KEY = 'webhook-key-0123456789-0123456789';

interface Arrived {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const place = mkdtempSync(join(tmpdir(), 'sapgw-webhook-'));
afterAll(() => rmSync(place, { recursive: true }));

let server: Server;
let base: string;
let arrived: Arrived[];
let answer: (response: ServerResponse) => void;
let keyFile: string;
let webhooks: Webhooks;
let counted: string[];
let logged: string[];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, url, headers } = request;
    arrived.push({ method, url, headers, body: Buffer.concat(chunks) });
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

beforeEach(() => {
  arrived = [];
  counted = [];
  logged = [];
  answer = (response) => response.end();
  keyFile = join(place, 'key');
  writeFileSync(keyFile, `${KEY}\n`);
  webhooks = open();
});
afterEach(() => webhooks.close());

function open(timeoutMillis = 5_000): Webhooks {
  const note = (event: string, fields: unknown): void => void logged.push(`${event} ${JSON.stringify(fields)}`);
  return openWebhooks({
    allow: [`${base}/hooks`],
    keyFile,
    metrics: { webhook: (result) => void counted.push(result) },
    log: { info: note, warn: note, error: note },
    timeoutMillis,
  });
}

const callOf = (url: string) => ({
  url,
  id: '5u0sDwqTnJYyCfMhCIrZkA',
  policy: 'offers',
  version: 3,
  option: 'yes',
  vasp: 'v',
  user: 'AAAAAAAAAAAAAAAAAAAAAA',
  at: Date.UTC(2026, 0, 31, 12),
});
const call = (path = '/hooks/offers?kind=1') => webhooks.call(callOf(base + path));
const closing = (status: number, more: Readonly<Record<string, string>> = {}) => {
  answer = (response) => response.writeHead(status, more).end('whatever');
};

describe('a call', () => {
  test('is a signed POST with its id', async () => {
    expect(await call()).toBe('delivered');
    expect(arrived).toHaveLength(1);
    const [{ method, url, headers, body } = { body: Buffer.alloc(0), headers: {}, method: '', url: '' }] = arrived;
    expect([method, url]).toEqual(['POST', '/hooks/offers?kind=1']);
    expect(body.toString()).toBe(
      '{"id":"5u0sDwqTnJYyCfMhCIrZkA","event":"system-message.answered","policy":"offers","version":3,"option":"yes",' +
        '"vasp":"v","user":"AAAAAAAAAAAAAAAAAAAAAA","at":"2026-01-31T12:00:00.000Z"}',
    );
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(body.length),
      'idempotency-key': '5u0sDwqTnJYyCfMhCIrZkA',
      'x-sapgw-signature': `sha256=${createHmac('sha256', KEY).update(body).digest('hex')}`,
    });
    expect([counted, logged]).toEqual([['delivered'], []]);
  });

  test('is signed with the key that the file holds now', async () => {
    const signatures = async (): Promise<unknown> => {
      await call();
      return arrived.at(-1)?.headers['x-sapgw-signature'];
    };
    const before = await signatures();
    writeFileSync(keyFile, 'another-key-0123456789-0123456789');
    expect(await signatures()).not.toBe(before);
    writeFileSync(keyFile, 'short');
    expect(await call()).toBe('try-again');
    expect(arrived).toHaveLength(2);
  });
});

describe('an answer', () => {
  test.each([
    [200, 'delivered'],
    [204, 'delivered'],
    [304, 'refused'],
    [400, 'refused'],
    [401, 'refused'],
    [404, 'refused'],
    [410, 'refused'],
    [408, 'try-again'],
    [425, 'try-again'],
    [429, 'try-again'],
    [500, 'try-again'],
    [503, 'try-again'],
  ])('%i: %s', async (status, expected) => {
    closing(status);
    expect(await call()).toBe(expected);
    expect(counted).toEqual([expected === 'try-again' ? 'failed' : expected]);
  });

  test('that leads elsewhere is not followed', async () => {
    closing(307, { location: `${base}/hooks/elsewhere` });
    expect(await call()).toBe('refused');
    expect(arrived.map(({ url }) => url)).toEqual(['/hooks/offers?kind=1']);
  });

  test('whose body never ends counts by its status', async () => {
    answer = (response) => void response.writeHead(200).write('x');
    expect(await call()).toBe('delivered');
  });

  test('that breaks off, or is no HTTP, is none', async () => {
    answer = (response) => void response.socket?.destroy();
    expect(await call()).toBe('try-again');
    const nonsense = createTcpServer((socket) => {
      socket
        .on('error', () => {})
        .resume()
        .end('nonsense\r\n\r\n');
    }).listen(0, '127.0.0.1');
    await once(nonsense, 'listening');
    const url = `http://127.0.0.1:${(nonsense.address() as AddressInfo).port}`;
    const other = openWebhooks({
      allow: [url],
      keyFile,
      metrics: { webhook: (result) => void counted.push(result) },
      log: { info: () => {}, warn: () => {}, error: () => {} },
    });
    expect(await other.call(callOf(`${url}/x`))).toBe('try-again');
    await other.close();
    nonsense.close();
    await once(nonsense, 'close');
    expect(counted).toEqual(['failed', 'failed']);
  });

  test('that does not come is not waited for', async () => {
    await webhooks.close();
    webhooks = open(100);
    answer = () => {};
    expect(await call()).toBe('try-again');
    // One that comes bit by bit is none either.
    answer = (response) => void response.writeProcessing();
    expect(await call()).toBe('try-again');
  });

  test('is told of once while it lasts; no URL, which may hold a secret, is', async () => {
    closing(503);
    await call();
    await call();
    closing(200);
    await call();
    closing(404);
    await call();
    expect(logged).toEqual([
      'a webhook fails, it is tried again {"policy":"offers","version":3,"reason":"503"}',
      'a webhook was refused {"policy":"offers","version":3,"call":"5u0sDwqTnJYyCfMhCIrZkA","reason":"404"}',
    ]);
  });
});

describe('only what is allowed is called', () => {
  test.each(['/hooks', '/hooks/', '/hooks/a/../b', '/hooks//x'])('%s is', async (path) => {
    expect(await call(path)).toBe('delivered');
  });

  test.each([
    '/',
    '/hooksx',
    '/hooks.example',
    '/hook',
    '/hooks/../admin',
    '/hooks/%2e%2e/admin',
    '/hooks\\..\\admin',
    '/HOOKS/x',
    '@127.0.0.1/hooks',
    '.example/hooks',
    '0/hooks',
  ])('%s is not', async (path) => {
    expect(await call(path)).toBe('refused');
    expect(arrived).toEqual([]);
  });

  test.each(['https', 'ftp'])('nor is %s in the place of http', async (scheme) => {
    expect(await webhooks.call(callOf(`${base.replace('http', scheme)}/hooks`))).toBe('refused');
  });

  test('nor is what is no URL, or names a user', async () => {
    expect(await webhooks.call(callOf('/hooks'))).toBe('refused');
    expect(await webhooks.call(callOf(`${base.replace('//', '//user:pass@')}/hooks`))).toBe('refused');
    expect(logged.join()).not.toContain('pass');
  });
});

test('a key file that is missing or too short is told of, and nothing of the key', async () => {
  expect(await readWebhookKey(join(place, 'none'))).toEqual({
    kind: 'unusable',
    problem: `${join(place, 'none')}: cannot be read: ENOENT`,
  });
  writeFileSync(join(place, 'key'), 'secret');
  expect(await readWebhookKey(join(place, 'key'))).toEqual({
    kind: 'unusable',
    problem: `${join(place, 'key')}: holds fewer than 32 characters; \`openssl rand -hex 32\` makes a good key`,
  });
});
