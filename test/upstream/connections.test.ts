/** When connections to a VASP are kept, lent again, and dropped: no byte that is left on one reaches somebody else. */
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { bytesOf, makeCertificate } from '../http/certificates.ts';
import { answerOf } from './fake-vasp.ts';
import { send, start, vasp } from './rig.ts';

describe('a connection', () => {
  const second = answerOf('not yours');

  test.each<[string, (socket: Socket) => void]>([
    ['in the same segment', (socket) => socket.write(answerOf('yours') + second)],
    [
      'in the next one',
      (socket) => {
        socket.setNoDelay(true);
        socket.write(answerOf('yours'));
        socket.write(second);
      },
    ],
  ])('on which a second answer comes %s is dropped, and the answer reaches nobody', async (_name, answer) => {
    await start(
      (socket, request) => {
        if (request.startsWith('POST /split ')) answer(socket);
        else socket.write(answerOf('yours'));
      },
      { connections: 1 },
    );
    const results = await Promise.all([send({ target: '/split' }), ...Array.from({ length: 20 }, () => send())]);
    expect(results.map((result) => result.kind === 'answer' && result.body.toString())).toEqual(
      results.map(() => 'yours'),
    );
    expect(vasp.connections).toBe(2);
    expect(vasp.requests).toHaveLength(21);
  });

  test('on which bytes come that nobody asked for is dropped', async () => {
    await start((socket) => socket.write(answerOf('yours')));
    await send();
    vasp.sockets[0]?.write(second);
    await vasp.firstClosed();
    const result = await send();
    expect(result.kind === 'answer' && result.body.toString()).toBe('yours');
    expect(vasp.connections).toBe(2);
  });

  test('that was answered before its request was out is dropped', async () => {
    const sockets: Socket[] = [];
    const early = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.pause();
      socket.write(answerOf('early'));
    });
    await new Promise<void>((resolve) => {
      early.listen(0, '127.0.0.1', resolve);
    });
    const { port } = early.address() as AddressInfo;
    await start(() => {}, { url: `http://127.0.0.1:${port}` });
    const result = await send({ body: Buffer.alloc(32 * 1024 * 1024) });
    expect(result.kind === 'answer' && result.body.toString()).toBe('early');
    // Closes when every connection is closed.
    const closed = new Promise((resolve) => {
      early.close(resolve);
    });
    for (const socket of sockets) socket.resume();
    await closed;
  });

  test.each([
    ['the VASP tells no time', [], 3_999, 1],
    ['the VASP tells no time', [], 4_000, 2],
    ['the VASP keeps it for 2 s', ['Keep-Alive: timeout=2'], 999, 1],
    ['the VASP keeps it for 2 s', ['Keep-Alive: timeout=2'], 1_000, 2],
    ['the VASP keeps it for 1 s', ['Keep-Alive: timeout=1'], 0, 2],
    ['the VASP keeps it for an hour', ['Keep-Alive: timeout=3600'], 59_999, 1],
    ['the VASP keeps it for an hour', ['Keep-Alive: timeout=3600'], 60_000, 2],
    ['the VASP closes it', ['Connection: close'], 0, 2],
  ])('where %s, %j, is lent after %d ms or not', async (_name, headers, idleMillis, connections) => {
    let millis = 0;
    await start(
      (socket) => socket.write(answerOf('', ...headers)),
      {},
      '/',
      () => millis,
    );
    await send();
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    millis += idleMillis;
    await send();
    expect(vasp.connections).toBe(connections);
  });

  test('that nobody uses is closed before the VASP would', async () => {
    await start((socket) => socket.write(answerOf('', 'Keep-Alive: timeout=2')));
    await send();
    await vasp.quiet();
    expect(vasp.connections).toBe(1);
  });

  test('whose certificate is not to be trusted carries nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sapgw-upstream-'));
    const secure = createTlsServer(bytesOf(makeCertificate(folder, 'untrusted')), () => {});
    rmSync(folder, { recursive: true });
    let hasSpoken = false;
    secure.on('secureConnection', (socket: Socket) => socket.on('data', () => (hasSpoken = true)));
    secure.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => {
      secure.listen(0, '127.0.0.1', resolve);
    });
    const { port } = secure.address() as AddressInfo;
    await start(() => {}, { url: `https://127.0.0.1:${port}` });
    expect(await send()).toEqual({ kind: 'failed', failure: 'unreachable' });
    expect(hasSpoken).toBe(false);
    await new Promise((resolve) => {
      secure.close(resolve);
    });
  });
});
