/** Mailboxes in LMDB: what other processes write is seen, records are small, and one that is damaged does not silence the others. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { open, type RootDatabase } from 'lmdb';
import type { MailboxStore } from '../../gateway/mailbox-ports.ts';
import type { Store } from '../../gateway/ports.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import {
  readHeader,
  readNotification,
  readPlace,
  writeHeader,
  writeNotification,
  writePlace,
} from '../../gateway/stores/mailbox-records.ts';
import { deposited, wished } from '../../gateway/stores/rules.ts';
import { recounted } from './mailbox-recount.ts';
import { deposit, idOf, KEY, OTHER_KEY, report, seal, wish } from './records-of-tests.ts';

const DAMAGED = expect.objectContaining({ code: 'STORE_RECORD' });
const MOST = 1_000;

let directory = '';
let stores: Store[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sapgw-mailbox-'));
});
afterEach(async () => {
  for (const store of stores) await store.close();
  stores = [];
  rmSync(directory, { recursive: true });
});

function opened(): MailboxStore {
  const result = openLmdbStore(directory, 0, seal);
  if (result.kind === 'failed') throw new Error(result.problem);
  stores.push(result.store);
  return result.store.mailbox;
}

/** Changes a row as a failing disk does. */
async function damage(name: string, change: (key: unknown, value: Buffer) => Buffer | undefined): Promise<void> {
  const root: RootDatabase<Buffer, string> = open<Buffer, string>(directory, { encoding: 'binary', maxDbs: 64 });
  root.transactionSync(() => {
    const rows = root.openDB<Buffer, string>({ name: `mail-${name}`, encoding: 'binary' });
    for (const { key, value } of [...rows.getRange({}).map(({ key, value }) => ({ key, value: Buffer.from(value) }))]) {
      const changed = change(key, value);
      if (changed !== undefined) rows.putSync(key, changed);
    }
  });
  await root.close();
}

const cut = (bytes: Buffer) => bytes.subarray(0, bytes.length - 1);

describe('records', () => {
  const header = deposited(deposit(1), 70_000);
  const notification = wished(undefined, wish());
  const key = { id: header.id, userKey: header.userKey, sequence: header.sequence };

  test('a header takes 57 bytes with usual names, and the envelope; a place 30', () => {
    expect(writeHeader(header).length - header.envelope.length).toBe(2 + 17 + 12 + 2 + 1 + 12 + 5);
    expect(writePlace(header)).toHaveLength(2 + 17 + 3 + 2 + 6);
  });

  test.each([
    ['a header', writeHeader(header), (bytes: Buffer) => readHeader(key, bytes), 51],
    ['a place', writePlace(header), readPlace, 30],
    ['a notification', writeNotification(notification), (bytes: Buffer) => readNotification(KEY, 'away', bytes), 34],
  ])('%s of another format, cut within its fields, or with unknown flags, is refused', (_name, bytes, read, fields) => {
    expect(() => read(Buffer.concat([Buffer.of(2), bytes.subarray(1)]))).toThrow(DAMAGED);
    expect(() => read(Buffer.concat([bytes.subarray(0, 1), Buffer.of(0x80), bytes.subarray(2)]))).toThrow(DAMAGED);
    for (let length = 0; length < Math.min(fields, bytes.length); length += 1) {
      expect(() => read(bytes.subarray(0, length))).toThrow(DAMAGED);
    }
  });
});

test('what one process writes another sees at once, and after all were closed', async () => {
  const [one, other] = [opened(), opened()];
  await one.put(deposit(1, {}, { notification: wish() }), MOST);
  expect(await other.counts(KEY)).toEqual({ messages: 1, bytes: 200 });
  expect(await other.notifications.due(2_000, 9)).toHaveLength(1);
  await other.put(deposit(2), MOST);
  await other.handed(deposit(1).message.id, 5);
  expect((await one.waiting(KEY, 9)).map(({ tries }) => tries)).toEqual([1, 0]);
  await one.end([deposit(1).message.id], []);
  expect(await other.get(deposit(1).message.id)).toBeUndefined();
  for (const store of stores) await store.close();
  stores = [];
  expect(await opened().totals()).toEqual({ waiting: 1, waitingBytes: 200, reports: 0, dead: 0 });
});

test('two processes that fill one mailbox keep its quota and its counts', async () => {
  const boxes = [opened(), opened()];
  const quota = { messages: 30, bytes: 1e9 };
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, (_, number) => boxes[number % 2]?.put(deposit(number, {}, { quota }), MOST)),
  );
  expect(outcomes.filter((outcome) => outcome?.kind === 'stored')).toHaveLength(30);
  expect(await boxes[0]?.counts(KEY)).toEqual({ messages: 30, bytes: 6_000 });
  const sequences = (await boxes[1]?.waiting(KEY, 99))?.map(({ sequence }) => sequence);
  expect(new Set(sequences).size).toBe(30);
});

test('what cannot be written is refused, and nothing of it is there', async () => {
  const box = opened();
  const key = idOf('a try');
  const wrong = [
    deposit(1, { userKey: 'u'.repeat(600) }),
    deposit(2, { policy: 'p'.repeat(70_000) }),
    deposit(3, {}, { notification: wish({ bearer: 'b'.repeat(70_000) }) }),
    deposit(4, {}, { duplicate: { key, sentId: 's'.repeat(70_000), until: 9 } }),
    deposit(5, { expiresAt: 2 ** 60 }),
  ];
  for (const one of wrong) await expect(box.put(one, MOST)).rejects.toMatchObject({ name: 'RangeError' });
  await expect(box.end([], [report(6, { policy: 'p'.repeat(70_000) })])).rejects.toMatchObject({
    name: 'RangeError',
  });
  expect(await box.slice(undefined, 9)).toEqual([]);
  expect(await box.totals()).toEqual({ waiting: 0, waitingBytes: 0, reports: 0, dead: 0 });
});

describe('a damaged record', () => {
  async function filled(): Promise<MailboxStore> {
    const box = opened();
    for (const number of [1, 2, 3]) await box.put(deposit(number), MOST);
    await box.put(deposit(4, { userKey: OTHER_KEY }), MOST);
    return box;
  }
  const second = deposit(2).message.id;
  const isSecond = (key: unknown) => key === second || (Array.isArray(key) && key.includes(second));
  const times = async (box: MailboxStore) => (await box.waiting(KEY, 9)).map(({ storedAt }) => storedAt % 10);

  test.each([
    ['header', 'waiting'],
    ['place', 'places'],
  ])('that is a %s fails who asks for it, is left out of all, counted, and ended by its id', async (_name, table) => {
    const box = await filled();
    await damage(table, (key, value) => (isSecond(key) ? Buffer.concat([Buffer.of(9), value.subarray(1)]) : undefined));
    await expect(box.get(second)).rejects.toEqual(DAMAGED);
    expect(await times(box)).toEqual([1, 3]);
    expect(await box.slice(undefined, 9)).toHaveLength(3);
    expect(await box.expired(2 ** 47, 9)).toHaveLength(3);
    expect(await box.unreadable()).toBe(1);
    await box.end([second, deposit(1).message.id], []);
    expect(await box.unreadable()).toBe(0);
    expect(await box.get(second)).toBeUndefined();
    expect(await times(box)).toEqual([3]);
  });

  test('that is a header leaves all counts right when it is ended, and when its user is forgotten', async () => {
    const box = await filled();
    const wrong = (key: unknown, value: Buffer) => (isSecond(key) ? cut(value).fill(9, 0, 1) : undefined);
    await damage('waiting', wrong);
    await box.end([second], []);
    expect(await box.totals()).toEqual(await recounted(box));
    await damage('waiting', (_, value) => cut(value).fill(9, 0, 1));
    expect(await box.forget(KEY)).toBe(2);
    expect(await box.totals()).toEqual({ waiting: 1, waitingBytes: 200, reports: 0, dead: 0 });
    expect(await box.counts(KEY)).toEqual({ messages: 0, bytes: 0 });
  });

  test('that is a content fails who asks for it alone', async () => {
    const box = await filled();
    await damage('contents', (key, value) => (isSecond(key) ? Buffer.concat([Buffer.of(9), value]) : undefined));
    await expect(box.content(second)).rejects.toEqual(DAMAGED);
    expect(await times(box)).toEqual([1, 2, 3]);
  });

  test('that counts is made again from the messages', async () => {
    const box = await filled();
    await damage('counts', () => Buffer.of(9));
    await damage('totals', () => Buffer.of(1, 0x80));
    expect(await box.counts(KEY)).toEqual({ messages: 3, bytes: 600 });
    expect(await box.totals()).toEqual({ waiting: 4, waitingBytes: 800, reports: 0, dead: 0 });
    await box.put(deposit(9), MOST);
    expect(await times(box)).toEqual([1, 2, 3, 9]);
    expect(await box.counts(KEY)).toEqual({ messages: 4, bytes: 800 });
    expect(await box.totals()).toEqual(await recounted(box));
  });

  test('that is a notification is left out and counted, and replaced by the next', async () => {
    const box = opened();
    await box.put(deposit(1, {}, { notification: wish() }), MOST);
    await box.put(deposit(2, {}, { notification: wish({ userKey: OTHER_KEY }) }), MOST);
    await damage('notifications', (key) => (Array.isArray(key) && key[0] === KEY ? Buffer.of(9, 9) : undefined));
    await expect(box.notifications.get(KEY, 'away')).rejects.toEqual(DAMAGED);
    expect(await box.notifications.due(2 ** 40, 9)).toHaveLength(1);
    expect(await box.notifications.slice(undefined, 9)).toHaveLength(1);
    expect(await box.unreadable()).toBe(1);
    await box.put(deposit(3, {}, { notification: wish({ at: 77 }) }), MOST);
    expect(await box.notifications.get(KEY, 'away')).toMatchObject({ at: 77, state: 'waiting' });
    expect(await box.unreadable()).toBe(0);
  });

  test('that remembers a second try lets the message in, rather than keeping the sender out', async () => {
    const box = opened();
    const tried = (number: number) =>
      deposit(number, { storedAt: 5 }, { duplicate: { key: idOf('a try'), sentId: 's', until: 99 } });
    await box.put(tried(1), MOST);
    await damage('duplicates', () => Buffer.of(9));
    expect(await box.put(tried(2), MOST)).toEqual({ kind: 'stored' });
    expect(await box.put(tried(3), MOST)).toMatchObject({ kind: 'known', id: deposit(2).message.id });
    await damage('duplicates', () => Buffer.of(9));
    await box.sweep(100);
    expect(await box.put(tried(4), MOST)).toEqual({ kind: 'stored' });
  });
});
