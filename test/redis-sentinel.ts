/** A Redis group of a test's own: a master, a replica, and one Sentinel that watches them. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { MadeCertificate } from './http/certificates.ts';
import { byTls, freePort, startRedis } from './redis-program.ts';

export interface RedisGroup {
  /** Of a gateway with keys of its own: every call gives another. */
  url(): string;
  /** The replica becomes the master, and has all that was written; resolves when the Sentinel says so. */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

const GROUP = 'im';
const START_MILLIS = 20_000;
let gateways = 0;

/** @param certificate for localhost: clients, and the servers among themselves, come by TLS */
export async function startRedisGroup(certificate?: MadeCertificate): Promise<RedisGroup> {
  const [host, byTlsPorts] =
    certificate === undefined
      ? ['127.0.0.1', []]
      : ['localhost', await Promise.all([freePort(), freePort(), freePort()])];
  const tls = (at: number): readonly string[] => tlsArguments(byTlsPorts[at], certificate);
  const first = await startRedis(['--repl-diskless-sync-delay', '0', '--appendfsync', 'no', ...tls(0)]);
  const masterAt = `${host} ${byTlsPorts[0] ?? first.port}`;
  const second = await startRedis(['--replicaof', masterAt, '--appendfsync', 'no', ...tls(1)]);
  const directory = mkdtempSync(join(tmpdir(), 'sapgw-sentinel-'));
  const port = await freePort();
  const file = join(directory, 'sentinel.conf');
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${directory}`,
      ...(certificate === undefined ? [] : sentinelByTls(byTlsPorts[2] ?? 0, certificate)),
      `sentinel monitor ${GROUP} ${masterAt} 1`,
      `sentinel down-after-milliseconds ${GROUP} 2000`,
      '',
    ].join('\n'),
  );
  const sentinel = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
  process.once('exit', () => sentinel.kill('SIGKILL'));
  const asked = new Redis({ host: '127.0.0.1', port, protocol: 2, disableClientInfo: true, enableReadyCheck: false });
  asked.on('error', () => undefined);
  const master = async (): Promise<number> => {
    const [, found] = (await asked.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', GROUP)) as [string, string];
    return Number(found);
  };
  return {
    url: () => {
      const scheme = certificate === undefined ? 'redis-sentinel' : 'rediss-sentinel';
      return `${scheme}://${host}:${byTlsPorts[2] ?? port}/${GROUP}?prefix=group-${process.pid}-${gateways++}`;
    },
    async failOver() {
      const before = await master();
      // Until the Sentinel has heard of the replica, it knows nobody to choose.
      await until(async () => {
        const told = await asked.call('SENTINEL', 'FAILOVER', GROUP).catch((error: Error) => error.message);
        return told === 'OK' || String(told).startsWith('INPROG');
      });
      await until(async () => (await master()) !== before);
    },
    async stop() {
      asked.disconnect();
      const gone = new Promise((resolve) => sentinel.once('exit', resolve));
      sentinel.kill('SIGKILL');
      await gone;
      await Promise.all([first.stop(), second.stop()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function tlsArguments(port: number | undefined, certificate: MadeCertificate | undefined): readonly string[] {
  if (port === undefined || certificate === undefined) return [];
  const announced = ['--replica-announce-ip', 'localhost', '--replica-announce-port', String(port)];
  return [...byTls(port, certificate), '--tls-replication', 'yes', ...announced];
}

/** Lines of its configuration. */
function sentinelByTls(port: number, { cert, key }: MadeCertificate): readonly string[] {
  return [
    ...[`tls-port ${port}`, `tls-cert-file ${cert}`, `tls-key-file ${key}`, `tls-ca-cert-file ${cert}`],
    ...[
      'tls-auth-clients no',
      'tls-replication yes',
      'sentinel resolve-hostnames yes',
      'sentinel announce-hostnames yes',
    ],
  ];
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + START_MILLIS;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('the group did not become what it should be');
    await delay(50);
  }
}
