/**
 * Fills a store on disk with sessions, measures it, and tells its parent: store.ts starts it with their number, and with
 * `person` where the sessions hold who logged in.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceSet } from '../../gateway/csp/service-tree.ts';
import type { SessionRecord } from '../../gateway/ports.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { quantile } from './statistics.ts';

export interface StoreFigures {
  readonly diskBytes: number;
  /** What the process took more with the full store than before it was opened, without the file that it maps. */
  readonly ownBytes: number;
  /** Of the file, resident in the process; the system takes it back when it is needed elsewhere. */
  readonly mappedBytes: number;
  readonly writesPerSecond: number;
  readonly writeMillis: number;
  readonly readsPerSecond: number;
  readonly readMedianMicros: number;
  readonly readP99Micros: number;
  readonly sweepMicros: number;
}

const READS = 100_000;
const SINGLE_WRITES = 200;
/** Logins that arrive at once: what is written together is freed together, so larger ones leave a larger file. */
const BATCH = 500;
const TOLD_EVERY = 250_000;
/** As long as the seal of a user id of 33 characters, a ClientID of 32, and a language that nobody told. */
const PERSON = new Uint8Array(30 + JSON.stringify(['u'.repeat(33), 'c'.repeat(32), null]).length).fill(0xa5);

async function measure(sessions: number, hasPerson: boolean): Promise<StoreFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'sapgw-bench-store-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const before = resident('RssAnon');
  const opened = openLmdbStore(directory, Date.now(), (text) => text);
  if (opened.kind === 'failed') throw new Error(opened.problem);
  const { store } = opened;
  const put = (index: number): Promise<boolean> =>
    store.sessions.put(hash('session', index), hasPerson ? { ...record(index), person: PERSON } : record(index));
  const written = await seconds(async () => {
    for (let first = 0; first < sessions; first += BATCH) {
      const length = Math.min(BATCH, sessions - first);
      await Promise.all(Array.from({ length }, (_, index) => put(first + index)));
      if ((first + length) % TOLD_EVERY === 0) process.send?.({ written: first + length });
    }
  });
  const diskBytes = statSync(join(directory, 'data.mdb')).size;
  const one = await seconds(async () => {
    for (let index = 0; index < SINGLE_WRITES; index += 1) await put(index);
  });
  const ownBytes = resident('RssAnon') - before;
  const sample = Array.from({ length: READS }, (_, index) => hash('session', (index * 7919) % sessions));
  const latencies = new Float64Array(READS);
  const read = await seconds(async () => {
    for (const [index, key] of sample.entries()) {
      const start = performance.now();
      if ((await store.sessions.get(key)) === undefined) throw new Error('a session is gone');
      latencies[index] = (performance.now() - start) * 1000;
    }
  });
  const swept = await seconds(() => store.sessions.sweep(0));
  const mappedBytes = resident('RssFile');
  await store.close();
  return {
    diskBytes,
    ownBytes,
    mappedBytes,
    writesPerSecond: sessions / written,
    writeMillis: (one / SINGLE_WRITES) * 1e3,
    readsPerSecond: READS / read,
    readMedianMicros: quantile(latencies, 0.5),
    readP99Micros: quantile(latencies, 0.99),
    sweepMicros: (swept / sessions) * 1e6,
  };
}

function record(index: number): SessionRecord {
  return {
    vasp: index % 2 === 0 ? 'friendly-im' : 'other-im',
    userKey: hash('user', index),
    clientKey: hash('client', index),
    granted: ServiceSet.ALL,
    version: '1.2',
    encoding: 'wbxml',
    openedAt: 1_700_000_000_000 + index,
    keepAliveSeconds: 600,
    expiresAt: 1_700_001_500_000 + index,
  };
}

/** As keyed hashes are: 16 bytes without order. Made anew when it is needed, so that no list of them takes memory. */
function hash(purpose: string, index: number): string {
  return createHash('sha256').update(`${purpose} ${index}`).digest().subarray(0, 16).toString('base64url');
}

function resident(kind: 'RssAnon' | 'RssFile'): number {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return Number(new RegExp(`^${kind}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
  } catch {
    return Number.NaN;
  }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

process.on('disconnect', () => process.exit(0));
process.send?.(await measure(Number(process.argv[2]), process.argv[3] === 'person'), () => process.exit(0));
