import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { createUpstream, DEFAULT_VASP_LIMITS } from '../../gateway/upstream/pool.ts';
import { answerOf, FakeVasp } from './fake-vasp.ts';
import { counted, REQUEST, send, start, upstream, vasp } from './rig.ts';

describe('a request', () => {
  test('goes out with exactly the given headers, the VASP as Host, and its own length', async () => {
    await start((socket) => socket.write(answerOf('')));
    await send({
      contentType: 'text/xml; charset="utf-8"',
      headers: ['aCCept', 'a', 'Cookie', 'caf\xe9', 'X', '', 'aCCept', 'b', 'Via', '1.1 sapgw'],
    });
    expect(vasp.requests).toEqual([
      'POST /imps?x=1 HTTP/1.1\r\n' +
        `Host: 127.0.0.1:${vasp.port}\r\nConnection: keep-alive\r\n` +
        'Content-Type: text/xml; charset="utf-8"\r\naCCept: a\r\nCookie: caf\xe9\r\nX: \r\naCCept: b\r\nVia: 1.1 sapgw\r\n' +
        'Content-Length: 5\r\n\r\nhello',
    ]);
  });

  test('keeps every byte of its body, and has a length when it has none', async () => {
    await start((socket) => socket.write(answerOf('')));
    const body = Buffer.from(Array.from({ length: 256 }, (_, code) => code));
    await send({ body });
    await send({ body: Buffer.alloc(0) });
    expect(vasp.requests[0]?.endsWith(`Content-Length: 256\r\n\r\n${body.toString('latin1')}`)).toBe(true);
    expect(vasp.requests[1]?.endsWith('Content-Length: 0\r\n\r\n')).toBe(true);
  });

  test('brings no framing of its own', async () => {
    await start((socket) => socket.write(answerOf('')));
    await send({
      headers: [
        'Content-Length',
        '99',
        'Transfer-Encoding',
        'chunked',
        'Host',
        'x',
        'Connection',
        'close',
        'Expect',
        'y',
      ],
    });
    expect(vasp.requests[0]).toBe(
      `POST /imps?x=1 HTTP/1.1\r\nHost: 127.0.0.1:${vasp.port}\r\nConnection: keep-alive\r\n` +
        'Content-Type: text/xml\r\nContent-Length: 5\r\n\r\nhello',
    );
  });

  test.each([
    ['/', '/imps?x=1'],
    ['/csp', '/csp'],
    ['/csp/', '/csp/'],
    ['/csp?client=1', '/csp?client=1'],
  ])('to a VASP at %s asks for %s', async (path, asked) => {
    await start((socket) => socket.write(answerOf('')), {}, path);
    await send();
    expect(vasp.requests[0]?.split(' ')[1]).toBe(asked);
  });

  test('reuses the connection of the one before', async () => {
    await start((socket) => socket.write(answerOf('')));
    for (let round = 0; round < 5; round += 1) {
      await send();
      // A connection is free again one turn of the event loop after its answer.
      await new Promise(setImmediate);
      await new Promise(setImmediate);
    }
    expect(vasp.requests.length).toBe(5);
    expect(vasp.connections).toBe(1);
  });

  test('never shares a connection with one that waits, and none is opened beyond the limit', async () => {
    const waiting: Socket[] = [];
    await start((socket) => waiting.push(socket), { connections: 2, waiting: 1 });
    const results = [send(), send(), send(), send()];
    expect(await results[3]).toEqual({ kind: 'failed', failure: 'unreachable' });
    while (waiting.length < 2) await new Promise(setImmediate);
    for (let served = 0; served < 3; served += 1) {
      while (waiting.length === 0) await new Promise(setImmediate);
      waiting.shift()?.write(answerOf('done'));
    }
    expect((await Promise.all(results.slice(0, 3))).map(({ kind }) => kind)).toEqual(['answer', 'answer', 'answer']);
    expect(vasp.connections).toBe(2);
    expect(vasp.requests.length).toBe(3);
  });
});

test('closing lets what runs and what waits finish, and takes nothing new', async () => {
  let first: Socket | undefined;
  await start(
    (socket, _request, { requests }) => {
      if (requests.length === 1) first = socket;
      else socket.write(answerOf('second'));
    },
    { connections: 1 },
  );
  const running = [send(), send()];
  while (first === undefined) await new Promise(setImmediate);
  const closed = upstream.close();
  expect(await send()).toEqual({ kind: 'failed', failure: 'unreachable' });
  first.write(answerOf('first'));
  const results = await Promise.all(running);
  expect(results.map((result) => result.kind === 'answer' && result.body.toString())).toEqual(['first', 'second']);
  await closed;
  expect(vasp.connections).toBe(1);
});

describe('an answer', () => {
  test('comes back whole: status, end-to-end headers as they were spelled, body bytes', async () => {
    const body = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
    const headers = [
      'X_odd: a',
      'content-TYPE: text/xml',
      'Set-Cookie: b',
      'set-cookie: caf\xe9',
      'Keep-Alive: timeout=9',
    ];
    await start((socket) => socket.write(answerOf(body, ...headers, 'Connection: X-Hop', 'X-Hop: 1'), 'latin1'));
    const result = await send();
    expect(result).toMatchObject({
      kind: 'answer',
      statusCode: 200,
      contentType: 'text/xml',
      headers: [
        'X_odd',
        'a',
        'content-TYPE',
        'text/xml',
        'Set-Cookie',
        'b',
        'set-cookie',
        'caf\xe9',
        'Via',
        '1.1 sapgw',
      ],
    });
    expect(result.kind === 'answer' && result.body.toString('latin1')).toBe(body);
  });

  test.each([
    [
      'in many pieces',
      answerOf('hello')
        .split('')
        .map((character) => character),
    ],
    ['chunked', ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n', '3\r\nllo\r\n0\r\n\r\n']],
    ['after a 103', ['HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n', answerOf('hello')]],
    ['ended by closing', ['HTTP/1.0 200 OK\r\n\r\nhello', '']],
  ])('is read %s', async (_name, pieces) => {
    await start(async (socket) => {
      socket.setNoDelay(true);
      for (const piece of pieces) {
        if (piece === '') socket.end();
        else socket.write(piece);
        await new Promise(setImmediate);
      }
    });
    const result = await send();
    expect(result.kind === 'answer' && result.body.toString()).toBe('hello');
  });

  test('with an error status is an answer; nothing is decompressed or followed', async () => {
    await start((socket) =>
      socket.write('HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nno'),
    );
    const result = await send();
    expect(result).toMatchObject({ kind: 'answer', statusCode: 302, contentType: '' });
    expect(result.kind === 'answer' && result.body.toString()).toBe('no');
    expect(vasp.requests.length).toBe(1);
  });
});

describe('a failure', () => {
  const settings = { timeoutMillis: 100, maxAnswerBytes: 50 };
  const large = 'x'.repeat(51);

  test.each<[string, string, (socket: Socket) => void]>([
    ['a reset before the answer', 'broken', (socket) => socket.resetAndDestroy()],
    ['a close before the answer', 'broken', (socket) => socket.end()],
    ['a close inside the headers', 'broken', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-')],
    ['a close inside the body', 'broken', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')],
    [
      'a close inside a chunk',
      'broken',
      (s) => s.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf'),
    ],
    ['garbage', 'broken', (socket) => socket.write('GARBAGE\r\n\r\n')],
    [
      'both framings',
      'broken',
      (s) => s.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na'),
    ],
    ['an unasked upgrade', 'broken', (s) => s.write('HTTP/1.1 101 Hm\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')],
    ['headers without end', 'broken', (socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(40_000)}`)],
    ['silence', 'timeout', () => {}],
    ['silence inside the headers', 'timeout', (socket) => socket.write('HTTP/1.1 200 OK\r\n')],
    [
      'silence inside the body',
      'timeout',
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    ],
    ['informational answers alone', 'timeout', (socket) => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n')],
    ['a large body, announced', 'too-large', (socket) => socket.write(answerOf(large))],
    ['a large body, ended by closing', 'too-large', (socket) => socket.write(`HTTP/1.0 200 OK\r\n\r\n${large}`)],
    [
      'a large body, chunked',
      'too-large',
      (s) => s.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n33\r\n${large}\r\n`),
    ],
  ])('%s is told as %s; the request is not sent again, the connection not kept', async (_name, failure, answer) => {
    await start(answer, settings);
    expect(await send()).toEqual({ kind: 'failed', failure });
    await vasp.firstClosed();
    expect(vasp.requests.length).toBe(1);
    expect(counted.upstreamErrors).toEqual([`im/${failure}`]);
  });

  test('a body that trickles in is bounded by the same time', async () => {
    await start(
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n');
        const drip = setInterval(() => socket.write('x'), 10);
        socket.on('close', () => clearInterval(drip));
      },
      { timeoutMillis: 100 },
    );
    expect(await send()).toEqual({ kind: 'failed', failure: 'timeout' });
    await vasp.firstClosed();
  });

  test('a VASP that is not there is unreachable, and reached again once it is back', async () => {
    await start((socket) => socket.write(answerOf('')));
    await send();
    const { port } = vasp;
    await vasp.stop();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await send()).toEqual({ kind: 'failed', failure: 'unreachable' });
    expect(await send()).toEqual({ kind: 'failed', failure: 'unreachable' });
    expect(counted.upstreamErrors).toEqual(['im/unreachable', 'im/unreachable']);
    expect(vasp.port).toBe(port);
  });

  test('a request that waited too long for a connection is never sent', async () => {
    let millis = 0;
    await start(
      (socket, request) => {
        // The time of both is over by now: the timer that looks next finds them together.
        if (request.startsWith('POST /first ')) millis = 1000;
        else socket.write(answerOf('later'));
      },
      { connections: 1, timeoutMillis: 100 },
      '/',
      () => millis,
    );
    const results = await Promise.all([send({ target: '/first' }), send({ target: '/second' })]);
    expect(results).toEqual([
      { kind: 'failed', failure: 'timeout' },
      { kind: 'failed', failure: 'unreachable' },
    ]);
    expect((await send({ target: '/third' })).kind).toBe('answer');
    expect(vasp.requests.map((request) => request.split(' ')[1])).toEqual(['/first', '/third']);
  });

  test('of one VASP leaves another alone', async () => {
    await start(() => {});
    const other = await FakeVasp.start((socket) => socket.write(answerOf('fine')));
    const both = createUpstream(
      [
        { ...DEFAULT_VASP_LIMITS, name: 'slow', url: vasp.url, timeoutMillis: 100, connections: 1 },
        { ...DEFAULT_VASP_LIMITS, name: 'good', url: other.url },
      ],
      counted.metrics,
    );
    const slow = Promise.all([both.send('slow', REQUEST), both.send('slow', REQUEST)]);
    expect((await both.send('good', REQUEST)).kind).toBe('answer');
    expect((await slow).every(({ kind }) => kind === 'failed')).toBe(true);
    await other.stop();
    await both.close();
  });
});

test.each([
  ['a target', { target: '/a b' }],
  ['a content type', { contentType: 'a/b\r\nX: y' }],
  ['a header', { headers: ['X', 'a\nb'] }],
  ['a header beyond one byte', { headers: ['X', '\u010d\u010a'] }],
])('%s that would not stay one line is not sent', async (_name, request) => {
  await start((socket) => socket.write(answerOf('')));
  expect(() => send(request)).toThrow(TypeError);
  expect(vasp.connections).toBe(0);
});

test('a URL of another scheme is refused', async () => {
  await start(() => {});
  expect(() => createUpstream([{ ...DEFAULT_VASP_LIMITS, name: 'a', url: 'ftp://a/' }], counted.metrics)).toThrow(
    TypeError,
  );
});
