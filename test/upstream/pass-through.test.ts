import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createPassThrough, DEFAULT_PASS_THROUGH_LIMITS } from '../../gateway/upstream/pass-through.ts';
import { type Counted, countingMetrics, type Rig, silentLog, startRig } from '../http/doubles.ts';
import { RawClient } from '../http/raw-client.ts';
import { answerOf, FakeVasp } from './fake-vasp.ts';

let vasp: FakeVasp;
let rig: Rig;
let client: RawClient;
let counted: Counted;

async function start(
  answer: (socket: Socket, request: string, vasp: FakeVasp) => void,
  limits: Partial<typeof DEFAULT_PASS_THROUGH_LIMITS | { bodyBytes: number; running: number }> = {},
  url?: string,
): Promise<void> {
  vasp = await FakeVasp.start(answer);
  counted = countingMetrics();
  const proxy = createPassThrough({
    routes: [{ vasp: 'im', url: url ?? `${vasp.url}/ignored`, paths: ['/content/*', '/exact'], timeoutMillis: 150 }],
    limits: { ...DEFAULT_PASS_THROUGH_LIMITS, ...limits },
    metrics: counted.metrics,
    log: silentLog,
  });
  rig = await startRig({ passThrough: (request, response) => proxy.handle(request, response) });
  client = await RawClient.connect(rig.port);
}

afterEach(async () => {
  client.destroy();
  await rig.server.close();
  await vasp.stop();
});

const get = (target: string, ...headers: readonly string[]): string =>
  `${[`GET ${target} HTTP/1.1`, 'Host: im.example', ...headers].join('\r\n')}\r\n\r\n`;
const post = (target: string, body: string, ...headers: readonly string[]): string =>
  `${[`POST ${target} HTTP/1.1`, 'Host: im.example', ...headers, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`;

describe('an opaque request', () => {
  test('goes through with its target, headers and body as they are', async () => {
    await start((socket) => socket.write(answerOf('')));
    client.send(
      post('/content/a%20b?u=http://x//y', 'he\xfflo', 'X-Two: a', 'x-ONE: b', 'X-Two: c', 'Content-type: image/png'),
    );
    await client.answers(1);
    expect(vasp.requests).toHaveLength(1);
    const [head = '', body] = vasp.requests[0]?.split('\r\n\r\n') ?? [];
    expect(body).toBe('he\xfflo');
    expect(head.split('\r\n')).toEqual([
      'POST /content/a%20b?u=http://x//y HTTP/1.1',
      `Host: 127.0.0.1:${vasp.port}`,
      'Content-Type: image/png',
      'Content-Length: 5',
      'X-Two: a',
      'X-Two: c',
      'x-ONE: b',
      'Via: 1.1 sapgw',
      'connection: close',
    ]);
    expect(rig.seen).toEqual([]);
  });

  test('gets the answer as it is, and may be followed by another on the same connection', async () => {
    const headers = ['X_odd: 1', 'Set-Cookie: a', 'set-cookie: b', 'Connection: X-Hop', 'X-Hop: 1', 'Keep-Alive: x'];
    await start((socket) => socket.end(answerOf('\x00\xff', ...headers), 'latin1'));
    client.send(get('/content/1') + get('/exact'));
    const answers = await client.answers(2);
    expect(answers.map(({ body }) => body)).toEqual(['\x00\xff', '\x00\xff']);
    expect(answers[0]?.head.split('\r\n').slice(0, 6)).toEqual([
      'HTTP/1.1 200 OK',
      'X_odd: 1',
      'Set-Cookie: a',
      'set-cookie: b',
      'Via: 1.1 sapgw',
      'Content-Length: 2',
    ]);
    expect(client.received).not.toContain('X-Hop');
  });

  test('is streamed: the first bytes of the answer are there before its last', async () => {
    let finish: () => void = () => {};
    await start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n');
      finish = () => socket.end('4\r\nlast\r\n0\r\n\r\n');
    });
    client.send(get('/content/1'));
    while (!client.received.includes('first')) await new Promise(setImmediate);
    expect(client.received).not.toContain('last');
    finish();
    const [answer] = await client.answers(1);
    expect(answer?.body).toBe('firstlast');
  });

  test('by HEAD gets the headers alone', async () => {
    await start((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'));
    client.send('HEAD /content/1 HTTP/1.1\r\nHost: a\r\n\r\n');
    const [answer] = await client.answers(1, true);
    expect(answer?.head).toContain('Content-Length: 5');
    expect(vasp.requests[0]).toMatch(/^HEAD \/content\/1 /);
  });

  test('with Expect: 100-continue is asked for its body here', async () => {
    await start((socket) => socket.end(answerOf('ok')));
    client.send('POST /content/1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    await client.answers(1);
    client.send('hello');
    expect((await client.answers(2)).map(({ statusCode }) => statusCode)).toEqual([100, 200]);
    expect(vasp.requests[0]).not.toMatch(/expect/i);
  });

  test('that is not opaque by its path is inspected instead', async () => {
    await start((socket) => socket.end(answerOf('')));
    client.send(post('/content/../imps', 'x'));
    await client.answers(1);
    expect(rig.seen.map(({ target }) => target)).toEqual(['/content/../imps']);
    expect(vasp.requests).toEqual([]);
  });
});

describe('the traps of http-proxy', () => {
  test.each(['DELETE', 'OPTIONS', 'PUT'])('1: a chunked %s never reaches the VASP as two requests', async (method) => {
    await start((socket) => socket.end(answerOf('')));
    const smuggled = get('/content/smuggled');
    client.send(
      `${method} /content/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n` +
        `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
    );
    const [answer] = await client.answers(1);
    expect(answer?.statusCode).toBe(405);
    await client.closed();
    expect(vasp.connections).toBe(0);
  });

  test('2: a client that leaves before the answer takes the request at the VASP with it', async () => {
    await start(() => {});
    client.send(get('/content/1'));
    while (vasp.requests.length === 0) await new Promise(setImmediate);
    client.destroy();
    await vasp.quiet();
    expect(counted.upstreamErrors).toEqual([]);
  });

  test('2: a client that leaves inside the answer does too', async () => {
    await start((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf'));
    client.send(get('/content/1'));
    while (!client.received.includes('half')) await new Promise(setImmediate);
    client.destroy();
    await vasp.quiet();
  });

  test('3: what Connection names, and everything hop by hop, stays here', async () => {
    await start((socket) => socket.end(answerOf('')));
    client.send(
      get(
        '/content/1',
        'Connection: close, X-Secret',
        'X-Secret: 1',
        'TE: trailers',
        'Proxy-Authorization: x',
        'Keep-Alive: 1',
      ),
    );
    await client.answers(1);
    expect(vasp.requests[0]?.split('\r\n')).toEqual([
      'GET /content/1 HTTP/1.1',
      `Host: 127.0.0.1:${vasp.port}`,
      'Via: 1.1 sapgw',
      'connection: close',
      '',
      '',
    ]);
  });

  test.each<[string, number, (socket: Socket) => void]>([
    ['silence', 504, () => {}],
    ['a reset', 502, (socket) => socket.resetAndDestroy()],
    ['garbage', 502, (socket) => socket.end('GARBAGE\r\n\r\n')],
  ])('4: %s is answered with %j in words', async (_name, statusCode, answer) => {
    await start(answer);
    client.send(get('/content/1'));
    const [given] = await client.answers(1);
    expect(given).toMatchObject({ statusCode, body: expect.stringMatching(/^The service [^\n]+\.\n$/) });
    await client.closed();
    await vasp.quiet();
    expect(counted.upstreamErrors).toEqual([statusCode === 504 ? 'im/timeout' : 'im/broken']);
  });

  test('4: a VASP that is not there is answered with 502', async () => {
    const gone = await FakeVasp.start(() => {});
    await gone.stop();
    await start(() => {}, {}, gone.url);
    client.send(get('/content/1'));
    expect((await client.answers(1))[0]?.statusCode).toBe(502);
  });

  test.each<[string, (socket: Socket) => void]>([
    ['breaks off', (socket) => socket.end()],
    ['is reset', (socket) => socket.resetAndDestroy()],
    ['falls silent', () => {}],
  ])('a VASP that %s inside its answer does not leave the client waiting for the rest', async (_name, then) => {
    await start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf', () => setImmediate(() => then(socket)));
    });
    client.send(get('/content/1'));
    await client.closed();
    expect(client.received).not.toMatch(/HTTP\/1\.1 50[24]/);
  });
});

describe('limits', () => {
  test.each([
    ['announced', post('/content/1', 'x'.repeat(101))],
    [
      'chunked',
      `POST /content/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n${'x'.repeat(101)}\r\n0\r\n\r\n`,
    ],
  ])('a body over the limit gets 413, %s', async (_name, raw) => {
    await start((socket) => socket.end(answerOf('')), { bodyBytes: 100 });
    client.send(raw);
    expect((await client.answers(1))[0]?.statusCode).toBe(413);
    await vasp.quiet();
    expect(vasp.requests).toEqual([]);
  });

  test('requests that run at the same time are bounded', async () => {
    await start(() => {}, { running: 1 });
    client.send(get('/content/1'));
    while (vasp.requests.length === 0) await new Promise(setImmediate);
    const second = await RawClient.connect(rig.port);
    second.send(get('/content/2'));
    expect((await second.answers(1))[0]?.statusCode).toBe(503);
    second.destroy();
  });
});
