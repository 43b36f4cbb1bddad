/**
 * What a stored session costs: disk for one of many, time to write, to read, to sweep. Run by `tsx test/bench/store.ts [sessions]`;
 * a million by default. Exits with 1 when a session takes more than 200 bytes.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceSet } from '../../gateway/csp/service-tree.ts';
import type { SessionRecord } from '../../gateway/ports.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { printTable, type Row } from './table.ts';

const READS = 200_000;
/** Logins that arrive at once: what is written together is freed together, so larger ones leave a larger file. */
const BATCH = 500;

/** Measures a store of `sessions` sessions in a temporary directory. */
export async function benchStore(sessions: number): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'sapgw-bench-store-'));
  const opened = openLmdbStore(directory, Date.now(), (text) => text);
  if (opened.kind === 'failed') throw new Error(opened.problem);
  const { store } = opened;
  const keys: string[] = [];
  const written = await seconds(async () => {
    while (keys.length < sessions) {
      const batch = Array.from({ length: Math.min(BATCH, sessions - keys.length) }, hash);
      await Promise.all(batch.map((key, index) => store.sessions.put(key, record(keys.length + index))));
      keys.push(...batch);
    }
  });
  const bytes = statSync(join(directory, 'data.mdb')).size;
  const one = await seconds(async () => {
    for (let index = 0; index < 200; index++) await store.sessions.put(keys[index] ?? '', record(index));
  });
  const sample = Array.from({ length: READS }, (_, index) => keys[(index * 7919) % keys.length] ?? '');
  const read = await seconds(async () => {
    for (const key of sample) await store.sessions.get(key);
  });
  const swept = await seconds(() => store.sessions.sweep(0));
  await store.close();
  rmSync(directory, { recursive: true });
  return [
    {
      name: `disk, ${sessions} sessions`,
      value: bytes / sessions,
      unit: 'bytes/session',
      floor: 200,
      better: 'lower',
    },
    { name: 'session write, many at once', value: sessions / written, unit: '1/s', better: 'higher' },
    { name: 'session write, one at a time', value: (one / 200) * 1e3, unit: 'ms', better: 'lower' },
    { name: 'session read, LMDB', value: (read / READS) * 1e6, unit: 'µs', better: 'lower' },
    { name: 'sweep, nothing expired', value: (swept / sessions) * 1e6, unit: 'µs/session', better: 'lower' },
  ];
}

function record(index: number): SessionRecord {
  return {
    vasp: index % 2 === 0 ? 'friendly-im' : 'other-im',
    userKey: hash(),
    clientKey: hash(),
    granted: ServiceSet.ALL,
    version: '1.2',
    encoding: 'wbxml',
    openedAt: 1_700_000_000_000 + index,
    keepAliveSeconds: 600,
    expiresAt: 1_700_001_500_000 + index,
  };
}

function hash(): string {
  return randomBytes(16).toString('base64url');
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

if (process.argv[1]?.endsWith('store.ts')) {
  const rows = await benchStore(Number(process.argv[2] ?? 1_000_000));
  process.exitCode = printTable(rows, process.argv.includes('--json')) ? 0 : 1;
}
