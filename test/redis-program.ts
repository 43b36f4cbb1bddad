/**
 * A Redis server of a test's own: on a free port, durable with every write, gone with the test. Where the program is not
 * installed, the tests that need it say so in one line; in CI it must be there.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { MadeCertificate } from './http/certificates.ts';

export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

export interface RedisServer {
  readonly port: number;
  /** Of a gateway with keys of its own: every call gives another. */
  url(): string;
  /** SIGKILL; what was acknowledged is on disk. */
  kill(): Promise<void>;
  /** Again on the same port, with what is on disk. */
  restart(): Promise<void>;
  /** Stops answering, and goes on. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

const START_MILLIS = 20_000;
let gateways = 0;

export async function startRedis(args: readonly string[] = []): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'sapgw-redis-'));
  const port = await freePort();
  const all = [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', ''],
    ...['--appendonly', 'yes', '--appendfsync', 'always', '--loglevel', 'warning'],
    ...args,
  ];
  let child = await begin(all, port);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  return {
    port,
    url: () => `redis://127.0.0.1:${port}/0?prefix=test-${process.pid}-${gateways++}`,
    kill,
    restart: async () => {
      await kill();
      child = await begin(all, port);
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGCONT');
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Arguments with which it listens by TLS as well. Its certificate is its authority too. */
export function byTls(port: number, { cert, key }: MadeCertificate): readonly string[] {
  return [
    ...['--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key],
    ...['--tls-ca-cert-file', cert, '--tls-auth-clients', 'no'],
  ];
}

async function begin(args: readonly string[], port: number): Promise<ChildProcess> {
  const child = spawn('redis-server', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  const until = Date.now() + START_MILLIS;
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    if (Date.now() > until) throw new Error('redis-server did not begin to answer');
    await delay(20);
  }
  return child;
}

/** Whether it has loaded what is on disk. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false));
      socket.once('data', (data) => resolve(data.toString('latin1').startsWith('+PONG')));
      socket.write('PING\r\n');
    });
  } finally {
    socket.destroy();
  }
}

export function freePort(): Promise<number> {
  const server = createServer((socket: Socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
