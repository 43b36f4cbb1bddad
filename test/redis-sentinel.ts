/** A Redis group of a test's own: a master, a replica, and one Sentinel that watches them. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort, startRedis } from './redis-program.ts';

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

export async function startRedisGroup(): Promise<RedisGroup> {
  const first = await startRedis(['--repl-diskless-sync-delay', '0', '--appendfsync', 'no']);
  const second = await startRedis(['--replicaof', `127.0.0.1 ${first.port}`, '--appendfsync', 'no']);
  const directory = mkdtempSync(join(tmpdir(), 'sapgw-sentinel-'));
  const port = await freePort();
  const file = join(directory, 'sentinel.conf');
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${directory}`,
      `sentinel monitor ${GROUP} 127.0.0.1 ${first.port} 1`,
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
    url: () => `redis-sentinel://127.0.0.1:${port}/${GROUP}?prefix=group-${process.pid}-${gateways++}`,
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

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + START_MILLIS;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('the group did not become what it should be');
    await delay(50);
  }
}
