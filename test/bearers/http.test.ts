/**
 * Bearers over HTTP against a server that answers what it likes: what arrives, what an answer is worth, and that neither a secret
 * nor a user is where it does not belong.
 */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openBearers } from '../../gateway/bearers/open.ts';
import type { BearerConfig } from '../../gateway/config.ts';
import type { Bearer } from '../../gateway/mailbox-ports.ts';
import { messageTo } from './messages.ts';

const KEY = 'bearer-key-0123456789-0123456789';
const NOW = Date.UTC(2026, 10, 23, 5);
const NUMBER = '+358501234567';

const folder = mkdtempSync(join(tmpdir(), 'sapgw-bearers-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

interface Arrived {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server;
let base: string;
let arrived: Arrived[];
let answer: (response: ServerResponse) => void;
let close: (() => Promise<void>) | undefined;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    arrived.push({ url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
    answer(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await once(server.close(), 'close');
});
beforeEach(() => {
  arrived = [];
  answer = (response) => response.writeHead(202).end('0: Accepted for delivery');
  writeFileSync(at('user'), 'gateway\n');
  writeFileSync(at('password'), 'wörd & more\n');
  writeFileSync(at('key'), `${KEY}\n`);
});
afterEach(async () => {
  await close?.();
  close = undefined;
});

const kannel = (more: object = {}): BearerConfig => ({
  kind: 'kannel',
  url: `${base}/cgi-bin/sendsms`,
  userFile: at('user'),
  passwordFile: at('password'),
  from: undefined,
  ...more,
});
const webhook = (): BearerConfig => ({ kind: 'webhook', url: `${base}/waiting`, keyFile: at('key') });

async function opened(config: BearerConfig, timeoutMillis = 5_000): Promise<Bearer> {
  const bearers = new Map([['one', config]]);
  const clock = { wall: () => NOW, monotonic: () => 0 };
  const result = await openBearers({ config: { bearers }, clock, timeoutMillis });
  if (result.kind === 'failed') throw new Error(result.problems.join('\n'));
  close = result.close;
  return result.bearers.get('one') as Bearer;
}

describe('sendsms', () => {
  test('names, number and sender in headers, the text as body, and nothing in the URL', async () => {
    const bearer = await opened(kannel({ from: '+358501' }));
    expect(await bearer.send(messageTo(NUMBER, 'Grüße'))).toEqual({ kind: 'sent' });
    expect(arrived).toMatchObject([
      {
        url: '/cgi-bin/sendsms',
        body: 'Grüße',
        headers: {
          'content-type': 'text/plain; charset=UTF-8',
          'x-kannel-username': 'gateway',
          'x-kannel-to': NUMBER,
          'x-kannel-from': '+358501',
          'x-kannel-coding': '0',
        },
      },
    ]);
    const sent = arrived[0]?.headers['x-kannel-password'];
    expect(Buffer.from(String(sent), 'latin1').toString('utf8')).toBe('wörd & more');
  });

  test('UCS-2 where the text needs it, and no sender where none is configured', async () => {
    await (await opened(kannel())).send(messageTo(NUMBER, 'Привет'));
    expect(arrived[0]?.headers).toMatchObject({ 'x-kannel-coding': '2' });
    expect(arrived[0]?.headers).not.toHaveProperty('x-kannel-from');
  });

  test.each([
    [202, { kind: 'sent' }],
    [200, { kind: 'refused', failure: 'refused-200' }],
    [301, { kind: 'refused', failure: 'refused-301' }],
    [400, { kind: 'refused', failure: 'refused-400' }],
    [403, { kind: 'refused', failure: 'refused-403' }],
    [408, { kind: 'try-again', failure: 'answered-408' }],
    [429, { kind: 'try-again', failure: 'answered-429' }],
    [500, { kind: 'try-again', failure: 'answered-500' }],
    [503, { kind: 'try-again', failure: 'answered-503' }],
  ])('%i', async (status, outcome) => {
    answer = (response) => response.writeHead(status, { location: `${base}/elsewhere` }).end('Temporal failure');
    expect(await (await opened(kannel())).send(messageTo(NUMBER, 'Hi'))).toEqual(outcome);
    expect(arrived.map(({ url }) => url)).toEqual(['/cgi-bin/sendsms']);
  });

  test.each<[string, (response: ServerResponse) => void, string]>([
    ['no answer', () => undefined, 'timeout'],
    ['hangs up', (response) => void response.socket?.destroy(), 'lost'],
    ['no HTTP', (response) => void response.socket?.end('SSH-2.0-OpenSSH\r\n'), 'no-http'],
  ])('%s', async (_, how, failure) => {
    answer = how;
    const bearer = await opened(kannel(), 100);
    // Whoever was there may have taken it.
    expect(await bearer.send(messageTo(NUMBER, 'Hi'))).toEqual({ kind: 'try-again', failure, mayHaveSent: true });
  });

  test('a file that is gone later', async () => {
    const bearer = await opened(kannel());
    rmSync(at('password'));
    expect(await bearer.send(messageTo(NUMBER, 'Hi'))).toEqual({ kind: 'try-again', failure: 'no-credentials' });
    expect(arrived).toEqual([]);
  });
});

describe('a webhook of waiting messages', () => {
  test('is signed over its bytes, and says whom to tell what', async () => {
    answer = (response) => response.writeHead(204).end();
    const bearer = await opened(webhook());
    const message = messageTo(NUMBER, 'Alice sent you a message (3 waiting).');
    expect(await bearer.send(message)).toEqual({ kind: 'sent' });
    expect(await bearer.send(messageTo(undefined, 'Hi'))).toEqual({ kind: 'sent' });
    const [first, second] = arrived;
    expect(JSON.parse(first?.body ?? '')).toEqual({
      ...message,
      event: 'messages.waiting',
      at: '2026-11-23T05:00:00.000Z',
    });
    expect(JSON.parse(second?.body ?? '')).not.toHaveProperty('number');
    expect(first).toMatchObject({
      url: '/waiting',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': message.id,
        'x-sapgw-signature': `sha256=${createHmac('sha256', KEY)
          .update(first?.body ?? '')
          .digest('hex')}`,
      },
    });
  });

  test.each([
    [200, { kind: 'sent' }],
    [307, { kind: 'refused', failure: 'refused-307' }],
    [410, { kind: 'refused', failure: 'refused-410' }],
    [502, { kind: 'try-again', failure: 'answered-502' }],
  ])('%i', async (status, outcome) => {
    answer = (response) => response.writeHead(status, { location: `${base}/elsewhere` }).end();
    expect(await (await opened(webhook())).send(messageTo(NUMBER, 'Hi'))).toEqual(outcome);
  });

  test('no key, no call', async () => {
    const bearer = await opened(webhook());
    writeFileSync(at('key'), 'short');
    expect(await bearer.send(messageTo(NUMBER, 'Hi'))).toEqual({ kind: 'try-again', failure: 'no-key' });
    expect(arrived).toEqual([]);
  });
});

test('files that cannot be used are found at the start, all of them, and nothing of what they hold is said', async () => {
  writeFileSync(at('empty'), '\n');
  writeFileSync(at('lines'), 'canary\ncanary');
  writeFileSync(at('short'), 'canary');
  const bearers = new Map<string, BearerConfig>([
    ['a', kannel({ userFile: at('none'), passwordFile: at('empty') })],
    [
      'b',
      {
        ...kannel({ passwordFile: at('lines') }),
        kind: 'smpp',
        url: 'smpp://127.0.0.1:1',
        systemType: undefined,
      } as BearerConfig,
    ],
    ['c', { kind: 'webhook', url: base, keyFile: at('short') }],
    ['d', kannel()],
  ]);
  const result = await openBearers({ config: { bearers }, clock: { wall: () => NOW, monotonic: () => 0 } });
  expect(result).toEqual({
    kind: 'failed',
    problems: [
      `${at('none')}: cannot be read: ENOENT`,
      `${at('empty')}: is empty`,
      `${at('lines')}: holds more than one line, or characters that cannot be sent`,
      `${at('short')}: holds fewer than 32 characters; \`openssl rand -hex 32\` makes a good key`,
    ],
  });
});
