/** The LMDB store keeps the contract of stores, and what it acknowledged, through restarts, kills and damage. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { open } from 'lmdb';
import type { Store } from '../../gateway/ports.ts';
import { writeEntry } from '../../gateway/stores/audit-records.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { damageOf } from '../../gateway/stores/lmdb-header.ts';
import { readAcceptances, readSession, writeSession } from '../../gateway/stores/records.ts';
import { describeStore } from './contract.ts';
import { recounted } from './mailbox-recount.ts';
import {
  acceptance,
  accepted,
  deposit,
  idOf,
  KEY,
  message,
  record,
  remembering,
  seal,
  session,
} from './records-of-tests.ts';

let root: string;
let made = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sapgw-lmdb-'));
});
afterAll(() => rmSync(root, { recursive: true }));

const newDirectory = () => join(root, `store-${made++}`);
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

function opened(directory: string): Store {
  const result = openLmdbStore(directory, NOW, seal);
  if (result.kind === 'failed') throw new Error(result.problem);
  return result.store;
}

describeStore('lmdb', async () => opened(newDirectory()));

/** Runs a writer until it has acknowledged some, and kills it; the numbers that it acknowledged. */
async function writtenUntilKilled(directory: string, first: number): Promise<number[]> {
  const args = ['--import', 'tsx', 'test/stores/lmdb-writer.ts', directory, String(first)];
  const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    writer.once('exit', (code) => reject(new Error(`the writer ended by itself: ${code}`)));
    writer.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.split('\n').length > 20) resolve();
    });
  });
  writer.removeAllListeners('exit');
  const gone = new Promise((resolve) => writer.once('close', resolve));
  writer.kill('SIGKILL');
  await gone;
  const acknowledged = output.split('\n').slice(0, -1).map(Number);
  expect(acknowledged.length).toBeGreaterThanOrEqual(20);
  return acknowledged;
}

describe('durability', () => {
  test('what was stored is there after closing and opening again', async () => {
    const directory = newDirectory();
    const before = opened(directory);
    await before.sessions.put(KEY, session());
    await before.acceptances.accept(KEY, remembering([acceptance()]));
    await before.close();
    const after = opened(directory);
    expect(await after.sessions.get(KEY)).toEqual(session());
    expect(await after.acceptances.of(KEY)).toEqual([acceptance()]);
    await after.close();
  });

  test('what was acknowledged is there after kill -9, nothing by halves, and the store goes on', async () => {
    const directory = newDirectory();
    let entries = 0;
    for (const first of [0, 100_000]) {
      const acknowledged = await writtenUntilKilled(directory, first);
      const store = opened(directory);
      for (const number of acknowledged) {
        expect(await store.sessions.get(`session-${number}`)).toEqual(session());
        const user = idOf(`user ${number}`);
        expect(await store.acceptances.of(user)).toEqual([acceptance()]);
        const messages = [2 * number, 2 * number + 1].map((sequence) => message(sequence, { userKey: user }));
        expect(await store.systemMessages.of(user)).toEqual(messages);
        const settings = await store.systemMessages.settings(user);
        expect(settings).toEqual({ help: 'off', seen: new Map([['welcome', number]]) });
        const [kept] = await store.mailbox.waiting(user, 2);
        expect([kept?.kind, kept?.id]).toEqual(
          number % 3 === 0 ? ['report', idOf(`report ${number}`)] : ['message', deposit(number).message.id],
        );
        expect(await store.mailbox.notifications.get(user, 'away')).toMatchObject({ state: 'waiting' });
      }
      const report = await store.audit.verify();
      expect(report).toMatchObject({ problems: [], erased: 0 });
      expect(report.entries - entries).toBeGreaterThanOrEqual(acknowledged.length * 2);
      entries = report.entries;
      // Written, perhaps not acknowledged: the acceptance and both records, or none of the three.
      for (let number = first; number < first + acknowledged.length + 20; number++) {
        const user = idOf(`user ${number}`);
        const kept = (await store.acceptances.of(user)).length;
        expect([number, (await store.audit.recordsOf(user)).length]).toEqual([number, kept * 2]);
        const messages = await store.systemMessages.of(user);
        expect([0, 2]).toContain(messages.length);
        for (const { id } of messages) expect(await store.systemMessages.get(id)).toBeDefined();
      }
      expect(await store.mailbox.totals()).toEqual(await recounted(store.mailbox));
      await store.close();
    }
  });

  test('a store that another process writes to is never taken for a damaged one', async () => {
    const directory = newDirectory();
    const args = ['--import', 'tsx', 'test/stores/lmdb-writer.ts', directory, '0'];
    const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => writer.stdout.once('data', resolve));
    const end = Date.now() + 1_500;
    const found: string[] = [];
    while (Date.now() < end) found.push(...[damageOf(directory)].filter((damage) => damage !== undefined));
    const gone = new Promise((resolve) => writer.once('close', resolve));
    writer.kill('SIGKILL');
    await gone;
    expect(found).toEqual([]);
  });

  test('a directory may have a dot in its name', async () => {
    const directory = `${newDirectory()}.store`;
    const store = opened(directory);
    await store.sessions.put(KEY, session());
    await store.close();
    expect(existsSync(join(directory, 'data.mdb'))).toBe(true);
  });

  test('several processes append to one chain', async () => {
    const directory = newDirectory();
    await opened(directory).close();
    const written = await Promise.all([0, 100_000].map((first) => writtenUntilKilled(directory, first)));
    const store = opened(directory);
    const report = await store.audit.verify();
    expect(report).toMatchObject({ problems: [] });
    expect(report.entries).toBeGreaterThanOrEqual(written.flat().length * 2);
    await store.close();
  });

  test('verifying sees one moment while others append', async () => {
    const directory = newDirectory();
    const one = opened(directory);
    const other = opened(directory);
    const many = Array.from({ length: 1000 }, (_, number) => record(number));
    await one.acceptances.accept(KEY, accepted(many));
    let appended = 1000;
    const appending: Promise<void>[] = [];
    const report = await one.audit.verify(() => {
      for (const store of [one, other]) appending.push(store.acceptances.accept(KEY, accepted([record(appended++)])));
    });
    await Promise.all(appending);
    expect(report).toMatchObject({ entries: 1000, problems: [], head: { next: 1001 } });
    expect(appended).toBeGreaterThan(1004);
    expect(await other.audit.verify()).toMatchObject({ entries: appended, problems: [] });
    await one.close();
    await other.close();
  });

  test('what cannot be written is refused with all of its login', async () => {
    const store = opened(newDirectory());
    const wrong = record(2, { option: 'x'.repeat(70_000) });
    const all = accepted([record(1), wrong], { remember: [acceptance()] });
    await expect(store.acceptances.accept(KEY, all)).rejects.toThrow(RangeError);
    expect(await store.acceptances.of(KEY)).toEqual([]);
    expect(await store.texts.get(record(1).text)).toBeUndefined();
    expect(await store.audit.verify()).toMatchObject({ entries: 0, problems: [] });
    await store.acceptances.accept(KEY, accepted([record(1)]));
    expect(await store.audit.verify()).toMatchObject({ entries: 1, problems: [] });
    await store.close();
  });

  test('an environment of a version without records opens and serves them', async () => {
    const directory = newDirectory();
    const older = open<Buffer, string>(directory, { encoding: 'binary', maxDbs: 16 });
    await older.put('layout', Buffer.of(1));
    await older.openDB({ name: 'sessions', encoding: 'binary' }).put(KEY, writeSession(session()));
    await older.close();
    const store = opened(directory);
    expect(await store.sessions.get(KEY)).toEqual(session());
    await store.acceptances.accept(KEY, accepted([record(1)]));
    expect(await store.audit.verify()).toMatchObject({ entries: 1, problems: [] });
    await store.systemMessages.put([message(1)]);
    expect(await store.systemMessages.of(KEY)).toEqual([message(1)]);
    await store.close();
  });

  test('two handles on one directory see what the other wrote', async () => {
    const directory = newDirectory();
    const one = opened(directory);
    const other = opened(directory);
    await one.sessions.put(KEY, session());
    expect(await other.sessions.get(KEY)).toEqual(session());
    await other.sessions.delete(KEY);
    expect(await one.sessions.get(KEY)).toBeUndefined();
    await one.close();
    await other.close();
  });
});

describe('what does not open', () => {
  test.each([
    ['is no LMDB file', () => Buffer.alloc(20_000, 'not an environment ')],
    ['is all zeros', (file: Buffer) => Buffer.alloc(file.length)],
    ['was cut short', (file: Buffer) => file.subarray(0, 12_000)],
    ['was cut to a few bytes', (file: Buffer) => file.subarray(0, 100)],
    [
      'has a damaged second meta page',
      (file: Buffer) => Buffer.concat([file.subarray(0, 4096), Buffer.alloc(4096), file.subarray(8192)]),
    ],
  ])('a file that %s is moved aside whole, and an empty store takes its place', async (_name, damage) => {
    const directory = newDirectory();
    const store = opened(directory);
    await Promise.all(Array.from({ length: 500 }, (_, index) => store.sessions.put(`session-${index}`, session())));
    await store.close();
    const damaged = damage(readFileSync(join(directory, 'data.mdb')));
    writeFileSync(join(directory, 'data.mdb'), damaged);
    const result = openLmdbStore(directory, NOW, seal);
    if (result.kind === 'failed') throw new Error(result.problem);
    expect(result.setAside).toBe(`${directory}.damaged-2026-01-02T030405000Z`);
    expect(readFileSync(join(result.setAside ?? '', 'data.mdb')).equals(damaged)).toBe(true);
    expect(await result.store.sessions.get('session-1')).toBeUndefined();
    await result.store.sessions.put(KEY, session());
    expect(await result.store.sessions.get(KEY)).toEqual(session());
    await result.store.close();
  });

  test('a newer layout stops the start and is left alone', async () => {
    const directory = newDirectory();
    await opened(directory).close();
    const raw = open<Buffer, string>(directory, { encoding: 'binary', maxDbs: 16 });
    await raw.put('layout', Buffer.of(77));
    await raw.close();
    const result = openLmdbStore(directory, NOW, seal);
    expect(result).toEqual({ kind: 'failed', problem: `${directory}: has layout 77; this version reads 1` });
    expect(existsSync(join(directory, 'data.mdb'))).toBe(true);
  });

  test('a directory that cannot be made is a problem with its path', () => {
    const directory = newDirectory();
    writeFileSync(directory, 'a file');
    expect(openLmdbStore(directory, NOW, seal)).toEqual({
      kind: 'failed',
      problem: `${directory}: cannot be made: EEXIST`,
    });
  });
});

describe('records', () => {
  test('an entry of the audit chain takes 219 bytes, an erased one 98', () => {
    const link = { sequence: 1, previous: '0'.repeat(64), hash: '1'.repeat(64) };
    expect(writeEntry({ kind: 'record', ...link, record: record(1) }).length).toBe(219);
    expect(writeEntry({ kind: 'erased', ...link, content: '2'.repeat(64) }).length).toBe(98);
  });

  test('a session takes 59 bytes and the name of the VASP', () => {
    expect(writeSession(session()).length).toBe(59 + 'friendly-im'.length);
  });

  test('what a session agreed on about CIR costs it no more than its addresses', () => {
    const vaspTcp = { host: '10.20.30.40', port: 18_080 };
    const cir = { stcp: true, shttp: true, udp: { host: '192.0.2.117', port: 3717 }, vaspTcp, vaspUrl: undefined };
    expect(writeSession(session({ cir })).length).toBe(59 + 'friendly-im'.length + 29);
  });

  test.each([
    ['another format', (bytes: Buffer) => Buffer.concat([Buffer.of(9), bytes.subarray(1)])],
    ['no byte', () => Buffer.alloc(0)],
    ['an unknown version', (bytes: Buffer) => Buffer.concat([Buffer.of(1, 0xf3), bytes.subarray(2)])],
    ['bytes after the end', (bytes: Buffer) => Buffer.concat([bytes, Buffer.of(1)])],
  ])('%s is refused', (_name, change) => {
    for (const written of [session(), session({ person: Uint8Array.of(5) })]) {
      expect(() => readSession(change(writeSession(written)))).toThrow(
        expect.objectContaining({ code: 'STORE_RECORD' }),
      );
    }
  });

  test('who logged in costs a session two bytes and the seal', () => {
    const person = new Uint8Array(90);
    expect(writeSession(session({ person })).length).toBe(59 + 'friendly-im'.length + 2 + 90);
  });

  test.each([
    ['without CIR', session()],
    ['with who logged in', session({ person: new Uint8Array(300).fill(7) })],
    [
      'with who logged in and CIR',
      session({
        person: Uint8Array.of(0, 1, 2),
        cir: { stcp: true, shttp: false, udp: undefined, vaspTcp: undefined, vaspUrl: undefined },
      }),
    ],
    [
      'with CIR',
      session({ cir: { stcp: true, shttp: false, udp: undefined, vaspTcp: undefined, vaspUrl: 'http://a/' } }),
    ],
    ['with a way of delivery', session({ delivery: { method: 'N', pushedBytes: undefined } })],
    [
      'with a way of delivery and who logged in',
      session({ delivery: { method: 'P', pushedBytes: 700 }, person: Uint8Array.of(0, 1, 2) }),
    ],
  ])('a session %s, cut short anywhere, is refused', (_name, written) => {
    const bytes = writeSession(written);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readSession(bytes.subarray(0, length))).toThrow(expect.objectContaining({ code: 'STORE_RECORD' }));
    }
  });

  test.each(['\x01{}', '\x01[[1]]', '\x01[["p",1,2,3]]', '\x01[[', '\x02[]', ''])(
    'acceptances %j are refused',
    (text) => {
      expect(() => readAcceptances(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'STORE_RECORD' }));
    },
  );
});
