import { afterEach, describe, expect, test } from '@jest/globals';
import type { ClientReply } from '../../gateway/ports.ts';
import { OK, type Rig, type RigOptions, startRig } from './doubles.ts';
import { RawClient } from './raw-client.ts';

let rig: Rig;
const clients: RawClient[] = [];

async function start(options: RigOptions = {}): Promise<RawClient> {
  rig = await startRig(options);
  return connect();
}

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(rig.port);
  clients.push(client);
  return client;
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await rig.server.close();
});

function post(body: string, ...headers: readonly string[]): string {
  const head = ['POST /imps HTTP/1.1', 'Host: im.example', ...headers, `Content-Length: ${body.length}`];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

const replying = (reply: ClientReply): RigOptions => ({ handle: () => Promise.resolve(reply) });

/** A handler that answers only when it is told to. */
function held(): { options: RigOptions; release: (reply?: ClientReply) => void; started: Promise<void> } {
  let release: (reply: ClientReply) => void = () => {};
  const reply = new Promise<ClientReply>((resolve) => {
    release = resolve;
  });
  let begin: () => void = () => {};
  const started = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const handle = (): Promise<ClientReply> => {
    begin();
    return reply;
  };
  return { options: { handle }, release: (given = OK) => release(given), started };
}

describe('requests', () => {
  test('reach the handler byte for byte, end-to-end headers in order and spelling, Via added', async () => {
    const body = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
    const client = await start();
    client.send(
      post(
        body,
        'x-UP-Calling-Line-ID: +4412',
        'Content-TYPE: text/xml; charset="utf-8"',
        'Accept: a',
        'aCCept: b',
        'Cookie: caf\xe9',
        'Connection: keep-alive, X-Secret',
        'Keep-Alive: 300',
        'TE: trailers',
        'Proxy-Authorization: Basic x',
        'X-Secret: 1',
        'Via: 1.0 wap',
      ),
    );
    await client.answers(1);
    const [request] = rig.seen;
    expect(request?.body.toString('latin1')).toBe(body);
    expect(request).toMatchObject({ target: '/imps', host: 'im.example', contentType: 'text/xml; charset="utf-8"' });
    expect(request?.remoteAddress).toBe('127.0.0.1');
    expect(request?.headers).toEqual(
      ['x-UP-Calling-Line-ID', '+4412', 'Accept', 'a', 'aCCept', 'b', 'Cookie', 'caf\xe9'].concat([
        'Via',
        '1.0 wap',
        'Via',
        '1.1 sapgw',
      ]),
    );
  });

  test('Via tells the version that the client spoke', async () => {
    const client = await start();
    client.send('POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n');
    await client.closed();
    expect(rig.seen[0]?.headers).toEqual(['Via', '1.0 sapgw']);
  });

  test('Connection cannot take the content type away', async () => {
    const client = await start();
    client.send(post('', 'Connection: content-type, accept', 'Content-Type: text/xml', 'Accept: a'));
    await client.answers(1);
    expect(rig.seen[0]).toMatchObject({ contentType: 'text/xml', headers: ['Via', '1.1 sapgw'] });
  });

  test('come through whole however the network cuts them', async () => {
    const client = await start();
    const raw = post('hello', 'Content-Type: text/xml');
    client.socket.setNoDelay(true);
    for (const character of raw) {
      client.send(character);
      await new Promise(setImmediate);
    }
    const [answer] = await client.answers(1);
    expect(answer?.statusCode).toBe(200);
    expect(rig.seen[0]?.body.toString()).toBe('hello');
  });

  test('go one after the other over one connection', async () => {
    const client = await start();
    for (let round = 1; round <= 5; round += 1) {
      client.send(post(`message ${round}`));
      await client.answers(round);
    }
    expect(rig.seen.map(({ body }) => body.toString())).toEqual([1, 2, 3, 4, 5].map((round) => `message ${round}`));
  });

  test('answers of one connection keep the order of their requests', async () => {
    const releases: ((reply: ClientReply) => void)[] = [];
    const client = await start({
      handle: () =>
        new Promise((resolve) => {
          releases.push(resolve);
        }),
    });
    client.send(post('1') + post('2'));
    while (releases.length < 2) await new Promise(setImmediate);
    releases[1]?.({ ...OK, body: Buffer.from('second') });
    releases[0]?.({ ...OK, body: Buffer.from('first') });
    expect((await client.answers(2)).map(({ body }) => body)).toEqual(['first', 'second']);
  });
});

describe('answers', () => {
  test('carry the headers that the handler gave, in order and spelling, and their length', async () => {
    const headers = ['content-TYPE', 'text/xml', 'Set-Cookie', 'a', 'X_odd', 'b', 'Set-Cookie', 'c', 'Date', 'then'];
    const client = await start(replying({ statusCode: 200, headers, body: Buffer.from('\x00\xff', 'latin1') }));
    client.send(post(''));
    const [answer] = await client.answers(1);
    expect(answer?.body).toBe('\x00\xff');
    expect(answer?.head.split('\r\n').slice(0, 7)).toEqual([
      'HTTP/1.1 200 OK',
      'content-TYPE: text/xml',
      'Set-Cookie: a',
      'X_odd: b',
      'Set-Cookie: c',
      'Date: then',
      'Content-Length: 2',
    ]);
  });

  test('have a length even when they are empty, and are never 204 [X1]', async () => {
    const client = await start(replying({ statusCode: 204, headers: [], body: Buffer.alloc(0) }));
    client.send(post(''));
    const [answer] = await client.answers(1);
    expect(answer?.statusCode).toBe(200);
    expect(answer?.head).toMatch(/\r\nContent-Length: 0(\r\n|$)/);
  });

  test('framing that the handler brings along is ignored', async () => {
    const headers = ['Content-Length', '99', 'Transfer-Encoding', 'chunked', 'Connection', 'close', 'Keep-Alive', 'x'];
    const client = await start(replying({ ...OK, headers }));
    client.send(post('') + post(''));
    const answers = await client.answers(2);
    expect(answers.map(({ body }) => body)).toEqual(['ok', 'ok']);
  });

  test.each([
    ['a handler that throws', { handle: () => Promise.reject(new Error('with a password in it')) }],
    ['a reply that cannot be written', replying({ ...OK, headers: ['X', 'a\r\nb'] })],
  ])('%s gives 500 in plain words', async (_name, options) => {
    const client = await start(options);
    client.send(post(''));
    const [answer] = await client.answers(1);
    expect(answer?.statusCode).toBe(500);
    expect(client.received).not.toMatch(/password/);
  });
});

describe('bodies', () => {
  const limits = { bodyBytes: 100 };
  const chunked = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

  test('of exactly the limit are taken, announced or chunked', async () => {
    const client = await start({ limits });
    client.send(`${post('x'.repeat(100))}${chunked}64\r\n${'y'.repeat(100)}\r\n0\r\n\r\n`);
    await client.answers(2);
    expect(rig.seen.map(({ body }) => body.length)).toEqual([100, 100]);
  });

  test.each([
    ['announced', post('x'.repeat(101))],
    ['chunked', `${chunked}${'1\r\nx\r\n'.repeat(101)}0\r\n\r\n`],
    ['chunked, never ending', `${chunked}${'1\r\nx\r\n'.repeat(101)}`],
  ])('over the limit get 413, %s', async (_name, raw) => {
    const client = await start({ limits });
    client.send(raw);
    const [answer] = await client.answers(1);
    expect(answer).toMatchObject({
      statusCode: 413,
      body: 'The body is too large; at most 100 bytes are allowed.\n',
    });
    expect(rig.seen).toEqual([]);
    expect(rig.counted.rejects).toEqual(['body/too-large']);
  });

  test('a client that goes on sending reads its 413, and is cut off in the end', async () => {
    const client = await start({ limits });
    client.send(`${chunked}96\r\n${'x'.repeat(150)}\r\n`);
    const [answer] = await client.answers(1);
    expect(answer?.statusCode).toBe(413);
    client.send(`96\r\n${'x'.repeat(150)}\r\n`);
    await client.closed();
  });

  test('too large by announcement are not waited for: no 100, but 413', async () => {
    const client = await start({ limits });
    client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n');
    const [answer] = await client.answers(1);
    expect(answer?.statusCode).toBe(413);
  });

  test('a request that breaks off is never handled', async () => {
    const client = await start();
    client.send(post('hello').slice(0, -1));
    client.destroy();
    const other = await connect();
    other.send(post('whole'));
    await other.answers(1);
    expect(rig.seen.map(({ body }) => body.toString())).toEqual(['whole']);
  });
});

describe('limits', () => {
  test('a client that is slow with its headers, or its body, gets 408 and is closed', async () => {
    const slowHead = await start({ limits: { headersTimeoutMillis: 100, requestTimeoutMillis: 200 } });
    const slowBody = await connect();
    slowHead.send('POST / HTTP/1.1\r\nHost: a\r\n');
    slowBody.send(post('hello').slice(0, -1));
    for (const client of [slowHead, slowBody]) {
      const [answer] = await client.answers(1);
      expect(answer?.statusCode).toBe(408);
      await client.closed();
    }
    expect(rig.counted.rejects).toEqual(['edge/timeout', 'edge/timeout']);
  });

  test('a connection without a request is closed', async () => {
    const client = await start({ limits: { keepAliveTimeoutMillis: 50 } });
    client.send(post(''));
    await client.answers(1);
    await client.closed();
  });

  test('a client that does not read its answer is closed', async () => {
    const body = Buffer.alloc(32 * 1024 * 1024);
    const client = await start({ ...replying({ ...OK, body }), limits: { idleTimeoutMillis: 100 } });
    client.socket.pause();
    client.send(post(''));
    while (rig.seen.length === 0) await new Promise(setImmediate);
    await rig.server.drain(10_000);
    expect(client.received.length).toBeLessThan(body.length);
    expect(rig.counted.rejects).toEqual(['edge/slow-reader']);
  });

  test('connections beyond the limit are closed at once', async () => {
    await start({ limits: { connections: 1 } });
    const second = await connect();
    await second.closed();
    expect(second.received).toBe('');
    expect(rig.counted.rejects).toEqual(['edge/connections']);
  });

  test('a connection ends after its share of requests', async () => {
    const client = await start({ limits: { requestsPerConnection: 2 } });
    client.send(post('1'));
    await client.answers(1);
    client.send(post('2'));
    const answers = await client.answers(2);
    expect(answers[1]?.head).toMatch(/\r\nConnection: close/);
    await client.closed();
  });

  test('requests that wait on one connection are bounded', async () => {
    const { options, release } = held();
    const client = await start({ ...options, limits: { pipelinedRequests: 2 } });
    client.send(post('1') + post('2') + post('3') + post('4'));
    while (rig.counted.rejects.length === 0) await new Promise(setImmediate);
    release();
    expect((await client.answers(3)).map(({ statusCode }) => statusCode)).toEqual([200, 200, 503]);
    await client.closed();
    expect(rig.seen.length).toBe(2);
  });

  test('garbage behind a running request does not get into its answer', async () => {
    const { options, release, started } = held();
    const client = await start(options);
    client.send(`${post('1')}GARBAGE\r\n\r\n`);
    await started;
    while (rig.counted.rejects.length === 0) await new Promise(setImmediate);
    release();
    const answers = await client.answers(2);
    await client.closed();
    expect(answers).toMatchObject([{ statusCode: 200, body: 'ok' }, { statusCode: 400 }]);
  });

  test('garbage behind requests that are answered out of turn takes no answer away', async () => {
    const releases: ((reply: ClientReply) => void)[] = [];
    const client = await start({
      handle: () =>
        new Promise((resolve) => {
          releases.push(resolve);
        }),
    });
    client.send(`${post('1')}${post('2')}GARBAGE\r\n\r\n`);
    while (rig.counted.rejects.length === 0 || releases.length < 2) await new Promise(setImmediate);
    releases[1]?.({ ...OK, body: Buffer.from('second') });
    await new Promise(setImmediate);
    releases[0]?.({ ...OK, body: Buffer.from('first') });
    const answers = await client.answers(3);
    expect(answers.map(({ statusCode, body }) => (statusCode === 200 ? body : statusCode))).toEqual([
      'first',
      'second',
      400,
    ]);
    await client.closed();
  });
});

describe('stopping', () => {
  test('running requests finish, idle connections close, new ones are not taken', async () => {
    const { options, release, started } = held();
    const busy = await start(options);
    const idle = await connect();
    busy.send(post('1'));
    await started;
    const drained = rig.server.drain(10_000);
    await idle.closed();
    await expect(RawClient.connect(rig.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    release();
    const [answer] = await busy.answers(1);
    expect(answer).toMatchObject({ statusCode: 200, body: 'ok' });
    expect(answer?.head).toMatch(/\r\nConnection: close/);
    await drained;
  });

  test('of requests that wait on one connection all are answered, whichever is ready first', async () => {
    const releases: ((reply: ClientReply) => void)[] = [];
    const client = await start({
      handle: () =>
        new Promise((resolve) => {
          releases.push(resolve);
        }),
    });
    client.send(post('1') + post('2'));
    while (releases.length < 2) await new Promise(setImmediate);
    const drained = rig.server.drain(10_000);
    releases[1]?.({ ...OK, body: Buffer.from('second') });
    releases[0]?.({ ...OK, body: Buffer.from('first') });
    expect((await client.answers(2)).map(({ body }) => body)).toEqual(['first', 'second']);
    await client.closed();
    await drained;
  });

  test('an answer that a client takes its time to read goes out whole', async () => {
    const body = Buffer.alloc(16 * 1024 * 1024, 'x');
    const client = await start(replying({ ...OK, body }));
    client.socket.pause();
    client.send(post(''));
    while (rig.seen.length === 0) await new Promise(setImmediate);
    const drained = rig.server.drain(10_000);
    setTimeout(() => client.socket.resume(), 150);
    await client.closed();
    expect(client.received.slice(client.received.indexOf('\r\n\r\n') + 4).length).toBe(body.length);
    await drained;
  });

  test('what does not finish in time is cut', async () => {
    const { options, started } = held();
    const client = await start(options);
    client.send(post('1'));
    await started;
    await rig.server.drain(20);
    await client.closed();
    expect(client.received).toBe('');
  });

  test('an address that is taken is an error', async () => {
    await start();
    const second = await startRig();
    await second.server.close();
    await expect(second.server.listen('127.0.0.1', rig.port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
