/** Whoever changes the database behind the gateway's back is found out, and the right entry is named. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Database, open, type RootDatabase } from 'lmdb';
import { EMPTY_HEAD, headText, isConsistent, nextEntry } from '../../gateway/audit/chain.ts';
import type { AuditEntry, AuditReport } from '../../gateway/audit-ports.ts';
import { readEntry, readHead, writeEntry, writeHead } from '../../gateway/stores/audit-records.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { accepted, KEY, OTHER_KEY, OTHER_TEXT, record, seal } from './records-of-tests.ts';

const ENTRIES = 9;
let directory = '';

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sapgw-tamper-'));
  const store = opened();
  for (let number = 1; number <= ENTRIES; number++) {
    const change = number === 3 ? { user: OTHER_KEY, text: OTHER_TEXT.hash } : {};
    await store.acceptances.accept(KEY, accepted([record(number, change)]));
  }
  await store.close();
});
afterEach(() => rmSync(directory, { recursive: true }));

function opened(of: (text: string) => string = seal) {
  const result = openLmdbStore(directory, 0, of);
  if (result.kind === 'failed') throw new Error(result.problem);
  return result.store;
}

interface Raw {
  readonly root: RootDatabase<Buffer, string>;
  readonly entries: Database<Buffer, Buffer>;
  readonly rows: (name: 'single' | 'audit-ids' | 'audit-users' | 'audit-texts') => Database<Buffer, string>;
}

/** Changes the database as somebody without the gateway does. */
async function tamper(change: (raw: Raw) => void): Promise<void> {
  const root = open<Buffer, string>(directory, { encoding: 'binary', maxDbs: 64 });
  const entries = root.openDB<Buffer, Buffer>({ name: 'audit', encoding: 'binary', keyEncoding: 'binary' });
  root.transactionSync(() => change({ root, entries, rows: (name) => root.openDB({ name, encoding: 'binary' }) }));
  await root.close();
}

/** The problems, as `number code`. */
async function found(of?: (text: string) => string): Promise<string[]> {
  return named(await report(of));
}

async function report(of?: (text: string) => string): Promise<AuditReport> {
  const store = opened(of);
  try {
    return await store.audit.verify();
  } finally {
    await store.close();
  }
}

const named = ({ problems }: AuditReport): string[] =>
  problems.map(({ sequence, code }) => `${sequence ?? '-'} ${code}`);

const key = (sequence: number): Buffer => Buffer.from(sequence.toString(16).padStart(12, '0'), 'hex');

function bytesOf(raw: Raw, sequence: number): Buffer {
  return raw.entries.get(key(sequence)) ?? Buffer.alloc(0);
}

function entryOf(raw: Raw, sequence: number): Exclude<AuditEntry, { kind: 'damaged' }> {
  const entry = readEntry(sequence, bytesOf(raw, sequence));
  if (entry.kind === 'damaged') throw new Error(`${sequence} is damaged`);
  return entry;
}

/** A record written anew, with the hash that it ought to have at its place. */
function forged(raw: Raw, sequence: number): Buffer {
  const { previous: hash } = entryOf(raw, sequence);
  return writeEntry(nextEntry({ ...EMPTY_HEAD, next: sequence, hash }, record(sequence, { option: 'forged' })));
}

test('nothing is found where nothing was done', async () => {
  expect(await found()).toEqual([]);
});

describe('one byte', () => {
  test('of an entry, in each of its fields', async () => {
    const whole = await bytesOfFourth();
    for (let at = 0; at < whole.length; at += 12) {
      await tamper((raw) => raw.entries.putSync(key(4), flipped(whole, at, 0x01)));
      expect([at, await found()]).toEqual([at, [expect.stringMatching(/^4 (changed|damaged)$/)]]);
    }
  });

  test('or one bit of an entry, wherever it is', async () => {
    const whole = await bytesOfFourth();
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const entry = readEntry(4, flipped(whole, bit >> 3, 1 << (bit & 7)));
      expect([bit, entry.kind !== 'damaged' && isConsistent(entry)]).toEqual([bit, false]);
    }
  });

  test.each([
    ['the head', 'single', 'audit-head', /^- (not-sealed|head-damaged)$/],
    // What the row says now is wrong in two places.
    ['an index of ids', 'audit-ids', record(5).id, /^(4|5|\d{3,}) index$/],
    ['a text', 'audit-texts', OTHER_TEXT.hash, /^3 text$/],
  ] as const)('of %s', async (_name, database, row, problem) => {
    let at = 0;
    for (let length = 1; at < length; at++) {
      let whole: Buffer = Buffer.alloc(0);
      await tamper(({ rows }) => {
        whole = rows(database).get(row) ?? Buffer.alloc(0);
        rows(database).putSync(row, flipped(whole, at, 0x01));
      });
      length = Math.min(whole.length, 40);
      const [first, ...more] = await found();
      expect([at, first]).toEqual([at, expect.stringMatching(problem)]);
      expect(more.filter((one) => !problem.test(one))).toEqual([]);
      await tamper(({ rows }) => rows(database).putSync(row, whole));
    }
    expect(at).toBeGreaterThan(5);
  });

  test('of the index of users', async () => {
    await tamper(({ root }) => {
      const users = root.openDB<Buffer, [string, number]>({ name: 'audit-users', encoding: 'binary' });
      users.putSync([KEY, 7], Buffer.of(2));
    });
    expect(await found()).toEqual(['7 index']);
  });
});

async function bytesOfFourth(): Promise<Buffer> {
  let bytes: Buffer = Buffer.alloc(0);
  await tamper((raw) => {
    bytes = Buffer.from(bytesOf(raw, 4));
  });
  return bytes;
}

function flipped(bytes: Buffer, at: number, bits: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ bits;
  return changed;
}

describe('whole rows', () => {
  test.each([
    ['deleted', [5], ['5 missing']],
    ['deleted side by side', [5, 6, 7], ['5 missing']],
    ['deleted apart', [2, 8], ['2 missing', '8 missing']],
    ['deleted at the beginning', [1], ['1 missing']],
    ['cut off at the end', [8, 9], ['8 missing']],
    ['all deleted', [1, 2, 3, 4, 5, 6, 7, 8, 9], ['1 missing']],
  ])('%s', async (_name, sequences, problems) => {
    await tamper((raw) => {
      for (const sequence of sequences) raw.entries.removeSync(key(sequence));
    });
    expect(await found()).toEqual(problems);
  });

  test('swapped', async () => {
    await tamper((raw) => {
      const [two, six] = [Buffer.from(bytesOf(raw, 2)), Buffer.from(bytesOf(raw, 6))];
      raw.entries.putSync(key(2), six);
      raw.entries.putSync(key(6), two);
    });
    expect(await found()).toEqual(['2 changed', '6 changed']);
  });

  test('written anew in the middle, its own hash right', async () => {
    await tamper((raw) => raw.entries.putSync(key(5), forged(raw, 5)));
    expect(await found()).toEqual(['5 changed']);
  });

  test('written anew two side by side, each other’s hashes right', async () => {
    await tamper((raw) => {
      raw.entries.putSync(key(5), forged(raw, 5));
      const { hash } = entryOf(raw, 5);
      raw.entries.putSync(key(6), writeEntry(nextEntry({ ...EMPTY_HEAD, next: 6, hash }, record(6, { tries: 3 }))));
    });
    expect(await found()).toEqual(['6 changed']);
  });

  test('written anew to the end, every hash right', async () => {
    await tamper((raw) => {
      raw.entries.putSync(key(8), forged(raw, 8));
      const { hash } = entryOf(raw, 8);
      raw.entries.putSync(key(9), writeEntry(nextEntry({ ...EMPTY_HEAD, next: 9, hash }, record(9))));
    });
    expect(await found()).toEqual(['9 changed']);
  });

  test('appended, its link right', async () => {
    await tamper((raw) => {
      const { hash } = entryOf(raw, 9);
      raw.entries.putSync(key(10), writeEntry(nextEntry({ ...EMPTY_HEAD, next: 10, hash }, record(10))));
    });
    expect(await found()).toEqual(['10 head-differs']);
  });

  test('appended with a head for it, which nobody could seal', async () => {
    await tamper((raw) => {
      const { hash } = entryOf(raw, 9);
      const entry = nextEntry({ ...EMPTY_HEAD, next: 10, hash }, record(10));
      raw.entries.putSync(key(10), writeEntry(entry));
      raw
        .rows('single')
        .putSync('audit-head', writeHead({ ...EMPTY_HEAD, next: 11, hash: entry.hash, seal: seal('') }));
    });
    expect((await found())[0]).toBe('- not-sealed');
  });

  test('an old head, put back with its seal', async () => {
    const store = opened();
    let old: Buffer = Buffer.alloc(0);
    await tamper(({ rows }) => {
      old = rows('single').get('audit-head') ?? old;
    });
    await store.acceptances.accept(KEY, accepted([record(10), record(11)]));
    await store.close();
    await tamper(({ rows }) => rows('single').putSync('audit-head', old));
    expect(await found()).toEqual(['10 head-differs', '11 head-differs']);
  });

  test('a row of an index or a text, added or deleted', async () => {
    await tamper(({ rows, root }) => {
      rows('audit-ids').removeSync(record(2).id);
      rows('audit-ids').putSync('stray', key(77));
      const users = root.openDB<Buffer, [string, number]>({ name: 'audit-users', encoding: 'binary' });
      users.removeSync([KEY, 4]);
      users.putSync(['stray', 78], Buffer.of(1));
      rows('audit-texts').removeSync(OTHER_TEXT.hash);
    });
    expect(await found()).toEqual(['2 index', '3 text', '4 index', '77 index', '78 index']);
  });

  test('the head deleted', async () => {
    await tamper(({ rows }) => rows('single').removeSync('audit-head'));
    expect(await found()).toEqual(['- head-damaged']);
  });
});

describe('keys and breaks', () => {
  test('another key does not believe the seal', async () => {
    expect(await found((text) => `other ${seal(text)}`.slice(0, 22))).toEqual(['- not-sealed']);
  });

  test('a gateway whose head was meddled with goes on, and says for ever where', async () => {
    await tamper(({ rows }) => rows('single').removeSync('audit-head'));
    const store = opened();
    await store.acceptances.accept(KEY, accepted([record(10)]));
    await store.acceptances.accept(KEY, accepted([record(11)]));
    expect(named(await store.audit.verify())).toEqual(['10 broken']);
    expect(await store.audit.head()).toMatchObject({ first: 1, next: 12, breaks: [10] });
    await store.close();
  });

  test('retention goes no further than a damaged entry, and nowhere under a foreign head', async () => {
    await tamper((raw) => raw.entries.putSync(key(3), Buffer.of(9)));
    const store = opened();
    expect(await store.audit.dropBefore(Number.MAX_SAFE_INTEGER)).toBe(2);
    expect(named(await store.audit.verify())).toContain('3 damaged');
    await store.close();
    const foreign = opened(() => 'another seal');
    await expect(foreign.audit.dropBefore(1)).rejects.toMatchObject({ code: 'AUDIT_NOT_SEALED' });
    await foreign.close();
  });

  test('retention ends where entries were cut off after erased ones', async () => {
    const store = opened();
    await store.audit.erase(KEY);
    await store.audit.erase(OTHER_KEY);
    await store.close();
    await tamper((raw) => raw.entries.removeSync(key(9)));
    const cut = opened();
    expect(await cut.audit.dropBefore(Number.MAX_SAFE_INTEGER)).toBe(0);
    expect(named(await cut.audit.verify())).toEqual(['9 missing']);
    await cut.close();
  });

  test('a head comes back as it was written', () => {
    const head = { ...EMPTY_HEAD, breaks: [3, 9], seal: seal(headText(EMPTY_HEAD)) };
    expect(readHead(writeHead(head))).toEqual(head);
  });
});
