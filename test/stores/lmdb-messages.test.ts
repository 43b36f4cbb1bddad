/** Messages to users in LMDB: small, checked on every read, seen by every process, and none of them silences the others. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { open, type RootDatabase } from 'lmdb';
import type { Store } from '../../gateway/ports.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { readMessage, readSettings, writeMessage, writeSettings } from '../../gateway/stores/message-records.ts';
import { writeSession } from '../../gateway/stores/records.ts';
import { DEFAULT_SETTINGS } from '../../gateway/system-message-ports.ts';
import { EVERYTHING_OF_A_MESSAGE, idOf, KEY, message, OTHER_KEY, seal, session } from './records-of-tests.ts';

const DAMAGED = expect.objectContaining({ code: 'STORE_RECORD' });
const ABOUT = { aboutKey: OTHER_KEY, about: new Uint8Array(54) };

describe('records', () => {
  test('an open message takes 83 bytes, one about another user 155', () => {
    expect(writeMessage(message(1_000_000)).length).toBe(83);
    expect(writeMessage(message(1_000_000, ABOUT)).length).toBe(155);
    expect(writeMessage(message(1_000_000, EVERYTHING_OF_A_MESSAGE)).length).toBe(200);
  });

  test('settings take the names of policies and a few bytes', () => {
    const seen = new Map([['welcome', 300]]);
    expect(writeSettings({ help: 'off', seen, forgotten: [] }).length).toBe(3 + 8 + 2);
    expect(readSettings(writeSettings({ help: 'on', seen, forgotten: [KEY, 'ü'] }))).toEqual({
      help: 'on',
      seen,
      forgotten: [KEY, 'ü'],
    });
  });

  test.each([
    ['an open message', writeMessage(message(1))],
    ['a message with everything', writeMessage(message(1, EVERYTHING_OF_A_MESSAGE))],
  ])('%s, cut short, made longer or changed anywhere, is refused or another one', (_name, whole) => {
    const read = (bytes: Buffer) => readMessage('id', bytes);
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => read(whole.subarray(0, length))).toThrow(DAMAGED);
    }
    expect(() => read(Buffer.concat([whole, Buffer.of(0)]))).toThrow(DAMAGED);
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const changed = Buffer.from(whole);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect([bit, rewritten(changed)]).toEqual([bit, expect.anything()]);
    }
    // Written again as it stands, or refused: nothing of it is passed over.
    function rewritten(bytes: Buffer): unknown {
      try {
        return writeMessage(read(bytes)).equals(bytes) ? 'same' : undefined;
      } catch (error) {
        return error instanceof Error && 'code' in error && error.code === 'STORE_RECORD' ? 'refused' : undefined;
      }
    }
  });

  test.each([
    ['another format', 0, 2],
    ['an unknown state', 1, 7],
    ['an unknown way', 2, 4],
    ['a flag without its field', 3, 0x40],
  ])('%s is refused', (_name, at, value) => {
    const bytes = writeMessage(message(1));
    bytes[at] = value;
    expect(() => readMessage('id', bytes)).toThrow(DAMAGED);
  });

  test.each([
    ['', ''],
    ['format', '\x02\0\0'],
    ['flags', '\x01\x04\0'],
    ['number', '\x01\0\x05'],
    ['end', '\x01\0\0\0'],
  ])('settings with a wrong %s are refused', (_name, text) => {
    expect(() => readSettings(Buffer.from(text, 'latin1'))).toThrow(DAMAGED);
  });

  test('no word of a record is in its error', () => {
    const bytes = Buffer.concat([writeMessage(message(1, { policy: 'canary' })), Buffer.of(1)]);
    expect(() => readMessage('canary', bytes)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('canary') }),
    );
  });
});

describe('in the store', () => {
  let directory = '';
  let stores: Store[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sapgw-messages-'));
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
    stores = [];
    rmSync(directory, { recursive: true });
  });

  function opened(): Store {
    const result = openLmdbStore(directory, 0, seal);
    if (result.kind === 'failed') throw new Error(result.problem);
    stores.push(result.store);
    return result.store;
  }

  /** Changes the database as a failing disk does. */
  async function damage(change: (root: RootDatabase<Buffer, string>) => void): Promise<void> {
    const root = open<Buffer, string>(directory, { encoding: 'binary', maxDbs: 64 });
    root.transactionSync(() => change(root));
    await root.close();
  }

  async function damagedSecond(): Promise<Store> {
    const store = opened();
    await store.systemMessages.put([message(1), message(2), message(3, { userKey: OTHER_KEY })]);
    await damage((root) =>
      root.openDB<Buffer, string>({ name: 'messages', encoding: 'binary' }).putSync(message(2).id, Buffer.of(1, 99)),
    );
    return opened();
  }

  test('what one process wrote another sees at once, and after all were closed', async () => {
    const [one, other] = [opened().systemMessages, opened().systemMessages];
    await one.put([message(1), message(2)]);
    expect(await other.of(KEY)).toEqual([message(1), message(2)]);
    await other.remove([message(1).id]);
    await other.set(KEY, { help: 'off', seen: new Map() });
    expect(await one.get(message(1).id)).toBeUndefined();
    expect(await one.slice(undefined, 9)).toEqual([message(2)]);
    expect(await one.settings(KEY)).toEqual({ help: 'off', seen: new Map() });
    for (const store of stores) await store.close();
    stores = [];
    expect(await opened().systemMessages.of(KEY)).toEqual([message(2)]);
  });

  test('what another process erased, this one does not bring back', async () => {
    const gateway = opened().systemMessages;
    await gateway.put([message(1), message(2)]);
    expect(await opened().systemMessages.forget(KEY)).toBe(2);
    await gateway.put([message(1, { sentAt: 5, tries: 1 }), message(3, { userKey: OTHER_KEY })]);
    expect(await gateway.slice(undefined, 9)).toEqual([message(3, { userKey: OTHER_KEY })]);
    expect(await opened().systemMessages.settings(KEY)).toEqual(DEFAULT_SETTINGS);
  });

  test('writers in two processes leave both users’ rows whole', async () => {
    const [one, other] = [opened().systemMessages, opened().systemMessages];
    const numbers = Array.from({ length: 100 }, (_, number) => number);
    await Promise.all(
      numbers.flatMap((number) => [
        one.put([message(number)]),
        other.put([message(number, { tries: 1 }), message(1000 + number, { userKey: OTHER_KEY })]),
      ]),
    );
    expect((await one.of(KEY)).map(({ sequence }) => sequence)).toEqual(numbers);
    expect(await other.of(OTHER_KEY)).toHaveLength(100);
  });

  test('what cannot be written is refused, with all that was to be written beside it', async () => {
    const { systemMessages } = opened();
    const wrong = message(2, { option: 'x'.repeat(70_000) });
    await expect(systemMessages.put([message(1), wrong, message(3)])).rejects.toThrow(RangeError);
    expect(await systemMessages.slice(undefined, 9)).toEqual([]);
  });

  test('a message that cannot be read fails who asks for it, is left out of all, and counted', async () => {
    const { systemMessages } = await damagedSecond();
    await expect(systemMessages.get(message(2).id)).rejects.toEqual(DAMAGED);
    await expect(systemMessages.of(KEY)).rejects.toEqual(DAMAGED);
    expect(await systemMessages.of(OTHER_KEY)).toHaveLength(1);
    const found = await systemMessages.slice(undefined, 2);
    expect(found.map(({ sequence }) => sequence).sort()).toEqual([1, 3]);
    expect(await systemMessages.slice(found[1]?.id, 2)).toEqual([]);
    expect(await systemMessages.unreadable()).toBe(1);
  });

  test('it is repaired by writing it again', async () => {
    const { systemMessages } = await damagedSecond();
    await systemMessages.slice(undefined, 9);
    await systemMessages.put([message(2)]);
    expect(await systemMessages.of(KEY)).toEqual([message(1), message(2)]);
    expect(await systemMessages.unreadable()).toBe(0);
  });

  test('it is erased with its user, or by its id', async () => {
    const { systemMessages } = await damagedSecond();
    expect(await systemMessages.forget(KEY)).toBe(2);
    expect(await systemMessages.of(KEY)).toEqual([]);
    await damage((root) =>
      root.openDB<Buffer, string>({ name: 'messages', encoding: 'binary' }).putSync(message(3).id, Buffer.of(9)),
    );
    await systemMessages.remove([message(3).id]);
    expect(await systemMessages.of(OTHER_KEY)).toEqual([]);
    expect(await systemMessages.slice(undefined, 9)).toEqual([]);
    expect(await systemMessages.unreadable()).toBe(0);
  });

  test('settings that cannot be read fail who asks for them, and keep no message from being written or erased', async () => {
    const { systemMessages } = opened();
    await systemMessages.put([message(1)]);
    await damage((root) =>
      root.openDB<Buffer, string>({ name: 'message-settings', encoding: 'binary' }).putSync(KEY, Buffer.of(7)),
    );
    await expect(systemMessages.settings(KEY)).rejects.toEqual(DAMAGED);
    await systemMessages.put([message(2)]);
    expect(await systemMessages.of(KEY)).toHaveLength(2);
    expect(await systemMessages.forget(KEY)).toBe(2);
    expect(await systemMessages.settings(KEY)).toEqual({ help: 'on', seen: new Map() });
  });

  test('a session that cannot be read is left out of slices, and does not hide the others', async () => {
    const { sessions } = opened();
    const keys = ['a', 'b', 'c', 'd'].map(idOf).sort();
    for (const key of keys) await sessions.put(key, session({ userKey: KEY }));
    const short = writeSession(session()).subarray(0, 20);
    await damage((root) =>
      root.openDB<Buffer, string>({ name: 'sessions', encoding: 'binary' }).putSync(keys[1] ?? '', short),
    );
    expect((await sessions.slice(undefined, 2)).map(([key]) => key)).toEqual([keys[0], keys[2]]);
    expect([...(await sessions.ofUser(KEY)).keys()]).toEqual([keys[0], keys[2], keys[3]]);
    await expect(sessions.get(keys[1] ?? '')).rejects.toEqual(DAMAGED);
    await expect(sessions.sweep(0)).rejects.toEqual(DAMAGED);
  });
});
