/** What one store holds is in the other after a migration, in the same bytes and orders, however often it was stopped. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { open } from 'lmdb';
import { COPY_TABLES, type CopyableStore } from '../../gateway/copy-ports.ts';
import { StoreWriteError } from '../../gateway/errors.ts';
import { unfinishedMigration } from '../../gateway/migration/marker.ts';
import type { MigrationResult } from '../../gateway/migration/migrate.ts';
import type { Progress } from '../../gateway/migration/progress.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { openStore } from '../../gateway/wiring/store.ts';
import { deposit, idOf, KEY, OTHER_KEY, session } from '../stores/records-of-tests.ts';
import { migration, openLmdbEnd } from './ends.ts';
import { fill, found, SMALL } from './filled.ts';

const SEED = 20_260_717;
let directory = '';
let opened: CopyableStore[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sapgw-migrate-'));
  opened = [];
});
afterEach(async () => {
  for (const store of opened) await store.close();
  rmSync(directory, { recursive: true });
});

function lmdb(name: string): CopyableStore {
  const store = openLmdbEnd(directory, name);
  opened.push(store);
  return store;
}

type Compared = Extract<MigrationResult, { readonly kind: 'compared' }>;

function compared(result: MigrationResult): Compared {
  if (result.kind !== 'compared') throw new Error(`the migration is ${result.kind}`);
  return result;
}

const isEqual = (result: Compared): boolean => result.isAuditEqual && result.tables.every((table) => table.isEqual);

describe('a whole migration', () => {
  test(`everything is found again, seed ${SEED}`, async () => {
    const [source, target] = [lmdb('source'), lmdb('target')];
    await fill(source, SEED, SMALL);
    const before = await found(source, SMALL);
    const steps: Progress[] = [];
    const result = compared(await migration(source, target, { onProgress: (progress) => steps.push(progress) }));
    expect(result.tables.filter((table) => !table.isEqual)).toEqual([]);
    expect(result.tables.map(({ table }) => table)).toEqual(COPY_TABLES);
    expect(result.tables.filter(({ target: rows }) => rows === 0)).toEqual([]);
    expect([result.unreadable, result.audit.problems, result.finishedBefore]).toEqual([0, [], undefined]);
    expect(await found(target, SMALL)).toEqual(before);
    expect(await found(source, SMALL)).toEqual(before);
    expect(new Set(steps.map(({ step }) => step))).toEqual(new Set(['copying', 'comparing', 'verifying']));
    expect(steps.every(({ done, of }) => done <= of)).toBe(true);
    expect(await unfinishedMigration(target.notes)).toBe(undefined);
  });

  test('what comes after stands behind what was there', async () => {
    const [source, target] = [lmdb('source'), lmdb('target')];
    for (const number of [1, 2, 3]) await source.mailbox.put(deposit(number), 10);
    await source.mailbox.end([idOf('deposit 1')], []);
    await migration(source, target);
    await target.mailbox.put(deposit(4), 10);
    const ids = (await target.mailbox.waiting(KEY, 9)).map(({ id }) => id);
    expect(ids).toEqual([2, 3, 4].map((number) => idOf(`deposit ${number}`)));
  });

  test('an empty store is migrated too', async () => {
    const result = compared(await migration(lmdb('source'), lmdb('target')));
    expect([isEqual(result), result.copied]).toEqual([true, 0]);
  });

  test('contents of some megabytes come in several slices', async () => {
    const [source, target] = [lmdb('source'), lmdb('target')];
    for (let number = 0; number < 8; number += 1)
      await source.mailbox.put(deposit(number, {}, { content: new Uint8Array(2 ** 20).fill(number) }), 10);
    const slice = await source.copy.read('mailbox', undefined);
    expect([slice.rows.length < 8, slice.next === undefined]).toEqual([true, false]);
    expect(isEqual(compared(await migration(source, target)))).toBe(true);
  });
});

describe('a migration that was stopped', () => {
  test(`goes on wherever it was, seed ${SEED}`, async () => {
    const [source, target] = [lmdb('source'), lmdb('target')];
    await fill(source, SEED, SMALL);
    const before = await found(source, SMALL);
    let runs = 0;
    for (; ; runs += 1) {
      let slices = 0;
      const isStopped = (): boolean => {
        slices += 1;
        return slices > runs;
      };
      const result = await migration(source, target, { isStopped });
      if (result.kind === 'compared') {
        expect(isEqual(result)).toBe(true);
        break;
      }
      expect(result).toEqual({ kind: 'stopped' });
      expect(await unfinishedMigration(target.notes)).toContain('migrated from lmdb:/source: run');
    }
    expect(runs).toBeGreaterThan(COPY_TABLES.length);
    expect(await found(target, SMALL)).toEqual(before);
  });

  test('is used by no gateway until it goes on', async () => {
    const [source, target] = [lmdb('source'), lmdb('target')];
    const secrets = openSecrets({ kind: 'keys', text: 'k'.repeat(64) });
    if (secrets.kind === 'failed') throw new Error(secrets.problem);
    const config = { kind: 'lmdb', directory: join(directory, 'target') } as const;
    const start = () => openStore(config, { wall: () => Date.now() }, secrets.secrets, true);
    await migration(source, target, { isStopped: () => true });
    expect(await start()).toEqual({
      kind: 'failed',
      problem:
        'store: holds a part of what is migrated from lmdb:/source: run `sapgw store migrate` again, which goes on, before a gateway uses it',
    });
    await migration(source, target);
    const started = await start();
    expect(started.kind).toBe('open');
    if (started.kind === 'open') await started.store.close();
  });

  test('is not mixed with another one', async () => {
    const [source, target] = [lmdb('source'), lmdb('target')];
    await source.notes.put('a', 'b');
    await migration(source, target, { isStopped: () => true });
    expect(await migration(source, target, { from: 'lmdb:/other' })).toEqual({
      kind: 'other-migration',
      from: 'lmdb:/source',
      because: 'source',
    });
    expect(await migration(source, target, { keys: 'others' })).toMatchObject({
      kind: 'other-migration',
      because: 'keys',
    });
    expect(await migration(source, target)).toMatchObject({ kind: 'compared' });
  });

  test('is compared again once it has finished, and copies nothing over what a gateway did since', async () => {
    const [source, target] = [lmdb('source'), lmdb('target')];
    await source.notes.put('a', 'b');
    await migration(source, target);
    const again = compared(await migration(source, target));
    expect([isEqual(again), again.copied, typeof again.finishedBefore]).toEqual([true, 0, 'number']);
    await target.notes.put('a', 'c');
    const later = compared(await migration(source, target));
    expect(later.tables.filter((table) => !table.isEqual)).toEqual([
      { table: 'notes', source: 1, target: 1, isEqual: false },
    ]);
    expect(await target.notes.get('a')).toBe('c');
  });
});

describe('what keeps a migration from being done', () => {
  test('a target that holds something', async () => {
    const [source, target] = [lmdb('source'), lmdb('target')];
    await target.notes.put('a', 'b');
    await target.askAgain.add({ policy: undefined, vasp: undefined, users: '*', at: 1 });
    expect(await migration(source, target)).toEqual({
      kind: 'occupied',
      tables: [
        { table: 'ask-again', rows: 1 },
        { table: 'notes', rows: 1 },
      ],
    });
  });

  /** Everything is copied, and nothing compared yet. */
  async function copiedAlone(source: CopyableStore, target: CopyableStore): Promise<void> {
    let isComparing = false;
    const result = await migration(source, target, {
      onProgress: ({ step }) => {
        isComparing = step === 'comparing';
      },
      isStopped: () => isComparing,
    });
    expect(result).toEqual({ kind: 'stopped' });
  }

  test('a source that lost something meanwhile is found out', async () => {
    const [source, target] = [lmdb('source'), lmdb('target')];
    for (const number of [1, 2]) await source.mailbox.put(deposit(number), 10);
    await copiedAlone(source, target);
    await source.mailbox.end([idOf('deposit 1')], []);
    const { tables } = compared(await migration(source, target));
    expect(tables.filter((table) => !table.isEqual)).toEqual([
      { table: 'mailbox', source: 1, target: 2, isEqual: false },
    ]);
    expect(await unfinishedMigration(target.notes)).not.toBe(undefined);
  });

  test('what came to the source meanwhile is copied, too', async () => {
    const [source, target] = [lmdb('source'), lmdb('target')];
    await source.mailbox.put(deposit(1), 10);
    await copiedAlone(source, target);
    await source.mailbox.put(deposit(2), 10);
    await source.mailbox.handed(idOf('deposit 1'), 5);
    expect(isEqual(compared(await migration(source, target)))).toBe(true);
    const waiting = await target.mailbox.waiting(KEY, 9);
    expect(waiting.map(({ tries }) => tries)).toEqual([1, 0]);
  });

  test('a store that is away for a moment does not', async () => {
    const [source, target] = [lmdb('source'), lmdb('target')];
    await source.notes.put('a', 'b');
    const heard: string[] = [];
    let fails = 3;
    const copy = {
      ...bound(target),
      write: (...args: Parameters<CopyableStore['copy']['write']>) =>
        fails-- > 0 ? Promise.reject(new StoreWriteError('ECONNREFUSED')) : target.copy.write(...args),
    };
    const flaky = Object.assign(Object.create(target) as CopyableStore, { copy });
    const pauses = { now: () => 0, pause: async () => {} };
    const result = await migration(source, flaky, { pauses, onTrouble: (code) => heard.push(code) });
    expect([isEqual(compared(result)), heard]).toEqual([true, ['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED']]);
  });

  test.each(['ENOSPC', 'EIO'])('a target that takes nothing does: %s', async (code) => {
    const [source, target] = [lmdb('source'), lmdb('target')];
    await source.notes.put('a', 'b');
    const copy = { ...bound(target), write: () => Promise.reject(new StoreWriteError(code)) };
    const full = Object.assign(Object.create(target) as CopyableStore, { copy });
    let now = 0;
    const pause = async (millis: number): Promise<void> => {
      now += millis;
    };
    const pauses = { now: () => now, pause };
    await expect(migration(source, full, { pauses })).rejects.toMatchObject({ code });
    expect(now > 0).toBe(code === 'EIO');
  });
});

/** The methods of a store's copy, each by itself. */
function bound({ copy }: CopyableStore): CopyableStore['copy'] {
  return {
    count: (table) => copy.count(table),
    read: (table, after) => copy.read(table, after),
    write: (table, rows) => copy.write(table, rows),
    users: () => copy.users(),
  };
}

describe('what is not as the gateway left it', () => {
  /** Writes into a database of an environment that nobody has open. */
  async function damage(name: string, database: string, key: string, value: Buffer): Promise<void> {
    const root = open<Buffer, string>(join(directory, name), { encoding: 'binary', maxDbs: 64 });
    await root.openDB<Buffer, string>({ name: database, encoding: 'binary' }).put(key, value);
    await root.close();
  }

  async function filled(): Promise<void> {
    const source = lmdb('source');
    await fill(source, SEED, SMALL);
    await source.sessions.put('a-session', session({ expiresAt: Date.now() + 3_600_000 }));
    await closeAll();
  }

  async function closeAll(): Promise<void> {
    for (const store of opened.splice(0)) await store.close();
  }

  test('records that cannot be read are left out, and counted', async () => {
    await filled();
    await damage('source', 'sessions', 'a-session', Buffer.of(9, 9));
    await damage('source', 'mail-places', idOf('deposit 1'), Buffer.of(9));
    await damage('source', 'message-settings', OTHER_KEY, Buffer.of(9));
    const target = lmdb('target');
    const result = compared(await migration(lmdb('source'), target));
    expect([isEqual(result), result.unreadable]).toEqual([true, 3]);
    expect(await target.sessions.get('a-session')).toBe(undefined);
  });

  test('a chain that was meddled with is as wrong afterwards as before', async () => {
    await filled();
    await damage('source', 'audit-ids', 'a-stray-id', Buffer.from([0, 0, 0, 0, 0, 9]));
    await damage('source', 'single', 'audit-head', Buffer.from('not a head'));
    const [source, target] = [lmdb('source'), lmdb('target')];
    const result = compared(await migration(source, target));
    expect(isEqual(result)).toBe(true);
    expect(result.audit).toEqual(await source.audit.verify());
    expect(result.audit.problems.map(({ code }) => code)).toContain('head-damaged');
  });
});
