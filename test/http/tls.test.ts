/** HTTPS on the clients' listener: what is served, what is refused and counted, and certificates that change under way. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Certificate, readCertificate } from '../../gateway/http/certificate.ts';
import { type CertificateWatch, watchCertificate } from '../../gateway/http/certificate-watch.ts';
import type { Log } from '../../gateway/ports.ts';
import { bytesOf, type MadeCertificate, makeCertificate } from './certificates.ts';
import { type Rig, type RigOptions, startRig } from './doubles.ts';

let folder: string;
let first: MadeCertificate;
let second: MadeCertificate;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sapgw-tls-'));
  first = makeCertificate(folder, 'first');
  second = makeCertificate(folder, 'second');
});
afterAll(() => rmSync(folder, { recursive: true }));

let rig: Rig;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await rig?.server.close();
});

async function start(options: RigOptions = {}): Promise<void> {
  rig = await startRig({ tls: bytesOf(first), ...options });
}

/** Rejects when the handshake fails. */
function client(options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: rig.port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () =>
      resolve(socket),
    );
    sockets.push(socket);
    socket.once('error', reject);
  });
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => {});
    socket.resume();
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });

async function answerTo(socket: TLSSocket): Promise<string> {
  socket.write('POST /imps HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello');
  const chunk = await new Promise<Buffer>((resolve) => {
    socket.once('data', resolve);
  });
  return chunk.toString('latin1');
}

describe('HTTPS', () => {
  test('is HTTP inside TLS 1.2 or 1.3, with the address of the client', async () => {
    await start();
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await client({ minVersion: version, maxVersion: version });
      expect(await answerTo(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok$/);
    }
    expect(rig.seen.map(({ body, remoteAddress }) => [body.toString(), remoteAddress])).toEqual([
      ['hello', '127.0.0.1'],
      ['hello', '127.0.0.1'],
    ]);
  });

  test.each([
    ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const],
    ['no common cipher', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA256' } as const],
  ])('refuses %s, and counts it', async (_name, options) => {
    await start();
    await expect(client(options)).rejects.toMatchObject({ code: expect.stringMatching(/^(ERR_SSL|ECONNRESET)/) });
    while (rig.counted.rejects.length === 0) await new Promise(setImmediate);
    expect(rig.counted.rejects).toEqual(['edge/tls-handshake']);
  });

  test('HTTP without TLS is cut off and counted', async () => {
    await start();
    const socket = connectTcp(rig.port, '127.0.0.1');
    sockets.push(socket);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    await closed(socket);
    expect(rig.counted.rejects).toEqual(['edge/tls-handshake']);
    expect(rig.seen).toEqual([]);
  });

  test('a handshake that takes too long is cut off and counted', async () => {
    await start({ limits: { headersTimeoutMillis: 100 } });
    const socket = connectTcp(rig.port, '127.0.0.1');
    sockets.push(socket);
    socket.write('\x16\x03\x01', 'latin1');
    await closed(socket);
    expect(rig.counted.rejects).toEqual(['edge/tls-handshake']);
  });

  test('a new certificate holds for new connections; running ones are not dropped', async () => {
    await start();
    const before = await client();
    expect(before.getPeerCertificate().subject.CN).toBe('first');
    expect(await answerTo(before)).toContain('200 OK');
    rig.server.useCertificate(bytesOf(second));
    const after = await client();
    expect(after.getPeerCertificate().subject.CN).toBe('second');
    expect(await answerTo(before)).toContain('200 OK');
    expect(await answerTo(after)).toContain('200 OK');
    await expect(client({ maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toBeDefined();
  });

  test('stopping closes connections that wait: before the first request, between two, and in the handshake', async () => {
    await start();
    const fresh = await client();
    const used = await client();
    await answerTo(used);
    const shaking = connectTcp(rig.port, '127.0.0.1');
    sockets.push(shaking);
    shaking.write('\x16\x03\x01', 'latin1');
    while ((rig.counted.open.at(-1) ?? 0) < 3) await new Promise(setImmediate);
    const gone = [fresh, used, shaking].map(closed);
    await rig.server.drain(300);
    await Promise.all(gone);
    while (rig.counted.open.at(-1) !== 0) await new Promise(setImmediate);
  });
});

describe('the files', () => {
  const problemsOf = (cert: string, key: string): readonly string[] => {
    const read = readCertificate({ cert, key });
    return read.kind === 'failed' ? read.problems.map((line) => line.replaceAll(`${folder}/`, '')) : [];
  };
  const file = (name: string, text: string | Buffer): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test('that belong together are taken, with the day on which they end', () => {
    const read = readCertificate(first);
    expect(read.kind).toBe('read');
    const { notAfter } = (read as { certificate: Certificate }).certificate;
    expect(Math.abs(notAfter - Date.now() - 86_400_000)).toBeLessThan(600_000);
  });

  test('that are wrong are told of with the key, the file, and what is wrong', () => {
    const none = join(folder, 'none');
    expect(problemsOf(none, none)).toEqual([
      'tls.cert: none cannot be read: ENOENT',
      'tls.key: none cannot be read: ENOENT',
    ]);
    expect(problemsOf(first.key, first.cert)).toEqual([
      'tls.cert: first.key holds no certificate in PEM; that begins with -----BEGIN CERTIFICATE-----',
      'tls.key: first.crt holds no private key in PEM; that begins with -----BEGIN PRIVATE KEY-----',
    ]);
    expect(problemsOf(first.cert, second.key)).toEqual([
      'tls.key: second.key is not the key of the certificate in first.crt, whose own certificate stands first',
    ]);
    const damaged = readFileSync(first.cert, 'utf8').replace(/\n[A-Za-z0-9+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
    expect(problemsOf(file('damaged.crt', damaged), first.key)).toEqual([
      'tls.cert: damaged.crt holds a damaged certificate',
    ]);
    const der = execFileSync('openssl', ['x509', '-in', first.cert, '-outform', 'DER']);
    expect(problemsOf(file('der.crt', der), first.key)[0]).toContain('holds no certificate in PEM');
    const locked = execFileSync('openssl', ['pkcs8', '-topk8', '-in', first.key, '-passout', 'pass:secret']);
    expect(problemsOf(first.cert, file('locked.key', locked))).toEqual([
      'tls.key: locked.key holds a key that is protected by a passphrase; write it without, readable by the gateway alone',
    ]);
  });

  describe('are watched', () => {
    let watch: CertificateWatch;
    const lines: string[] = [];
    const used: Certificate[] = [];
    const line =
      (level: string) =>
      (event: string): void => {
        lines.push(`${level} ${event}`);
      };
    const log: Log = { info: line('info'), warn: line('warn'), error: line('error') };
    const files = (): MadeCertificate => ({ cert: join(folder, 'live.crt'), key: join(folder, 'live.key') });
    const put = (cert: MadeCertificate, key: MadeCertificate): void => {
      copyFileSync(cert.cert, files().cert);
      copyFileSync(key.key, files().key);
    };
    const begin = (now = Date.now()): void => {
      lines.length = 0;
      used.length = 0;
      put(first, first);
      const read = readCertificate(files());
      if (read.kind === 'failed') throw new Error(read.problems.join('\n'));
      const options = { files: files(), current: read.certificate, log, clock: { wall: () => now } };
      watch = watchCertificate({ ...options, use: (next) => used.push(next), everyMillis: 3_600_000 });
    };
    afterEach(() => watch.close());

    test('and taken into use once when they change', () => {
      begin();
      watch.look();
      expect(used).toEqual([]);
      put(second, second);
      watch.look();
      watch.look();
      expect(used.map(({ cert }) => cert.equals(readFileSync(second.cert)))).toEqual([true]);
      expect(lines).toEqual(['info certificate loaded']);
    });

    test('half of a change is waited for; what stays wrong is told of once and changes nothing', () => {
      begin();
      put(second, first);
      watch.look();
      expect(lines).toEqual([]);
      watch.look();
      watch.look();
      expect(lines).toEqual(['error certificate not loaded, the one in use stays']);
      put(second, second);
      watch.look();
      expect(lines.slice(1)).toEqual(['info certificate loaded']);
      expect(used).toHaveLength(1);
    });

    test('whoever asks is told at once', () => {
      begin();
      put(second, first);
      watch.reload();
      expect(lines).toEqual(['error certificate not loaded, the one in use stays']);
      expect(used).toEqual([]);
    });

    test('one that has expired is used, with a warning', () => {
      begin(Date.now() + 2 * 86_400_000);
      expect(lines).toEqual(['warn the certificate has expired']);
    });
  });
});
