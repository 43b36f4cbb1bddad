/** What every store must do with messages to users and users' settings. Part of the suite in contract.ts. */
import { expect, test } from '@jest/globals';
import type { Store } from '../../gateway/ports.ts';
import {
  DEFAULT_SETTINGS,
  type MessageRecord,
  type SystemMessageStore,
  type UserSettings,
} from '../../gateway/system-message-ports.ts';
import { EVERYTHING_OF_A_MESSAGE, idOf, KEY, message, OTHER_KEY, session } from './records-of-tests.ts';

export function describeMessages(store: () => Store): void {
  const kept = (): SystemMessageStore => store().systemMessages;
  const all = async (limit: number): Promise<MessageRecord[]> => {
    const found: MessageRecord[] = [];
    for (;;) {
      const slice = await kept().slice(found.at(-1)?.id, limit);
      found.push(...slice);
      if (slice.length < limit) return found;
    }
  };
  const byId = (records: readonly MessageRecord[]) => [...records].sort((a, b) => (a.id < b.id ? -1 : 1));

  test.each<[string, Partial<MessageRecord>]>([
    ['as it is', {}],
    ['with everything', EVERYTHING_OF_A_MESSAGE],
    ...(['open', 'inbox', 'delivered', 'answered', 'expired', 'withdrawn', 'read'] as const).map(
      (state): [string, Partial<MessageRecord>] => [`that is ${state}`, { state }],
    ),
    ['answered by a System Message', { way: 'system-message' }],
    ['answered on a page', { way: 'page', option: 'ü'.repeat(200) }],
    ['about somebody', { aboutKey: OTHER_KEY, about: Uint8Array.of(1) }],
    ['about a long name', { about: new Uint8Array(3000).fill(7) }],
    ['of a broadcast with a long name', { broadcast: 'b'.repeat(300) }],
    ['of a broadcast that is a hash', { broadcast: idOf('broadcast') }],
    ['with keys that are no hashes', { userKey: 'wörld', definition: 'f'.repeat(64), aboutKey: '' }],
    ['with large numbers', { sequence: 2 ** 50, version: 2 ** 40, tries: 70_000, expiresAt: 2 ** 48 - 1 }],
    ['that was sent and not acknowledged', { sentAt: 1_700_000_000_500, tries: 1 }],
  ])('a message %s comes back whole', async (_name, change) => {
    const record = message(1, change);
    await kept().put([record]);
    expect(await kept().get(record.id)).toEqual(record);
    expect(await kept().of(record.userKey)).toEqual([record]);
    expect(await kept().slice(undefined, 5)).toEqual([record]);
  });

  test('a store without messages has none', async () => {
    expect(await kept().get(idOf('nothing'))).toBeUndefined();
    expect(await kept().of(KEY)).toEqual([]);
    expect(await kept().slice(undefined, 5)).toEqual([]);
    expect(await kept().unreadable()).toBe(0);
    await kept().put([]);
    await kept().remove([idOf('nothing')]);
    expect(await kept().forget(KEY)).toBe(0);
  });

  test('the messages of a user come in their order, and nobody else’s', async () => {
    const mine = [5, 3, 9, 300, 7].map((number) => message(number));
    await kept().put([...mine, message(4, { userKey: OTHER_KEY }), message(6, { userKey: KEY.slice(0, 21) })]);
    expect((await kept().of(KEY)).map(({ sequence }) => sequence)).toEqual([3, 5, 7, 9, 300]);
    expect((await kept().of(OTHER_KEY)).map(({ sequence }) => sequence)).toEqual([4]);
  });

  test('a message is replaced, where it stands', async () => {
    await kept().put([message(1), message(2), message(3)]);
    await kept().put([message(2, { state: 'delivered', deliveredAt: 9, endedAt: 9 }), message(3, { tries: 1 })]);
    await kept().put([message(3, { tries: 2 }), message(3, { tries: 3 })]);
    expect(await kept().of(KEY)).toEqual([
      message(1),
      message(2, { state: 'delivered', deliveredAt: 9, endedAt: 9 }),
      message(3, { tries: 3 }),
    ]);
    expect(await all(2)).toHaveLength(3);
  });

  test('messages written at the same time are all there', async () => {
    const records = Array.from({ length: 300 }, (_, number) => message(number, { userKey: idOf(`u${number % 7}`) }));
    await Promise.all(records.map((record) => kept().put([record])));
    expect(await all(64)).toEqual(byId(records));
    expect(await kept().of(idOf('u3'))).toEqual(records.filter((_, number) => number % 7 === 3));
  });

  test('all are gone through in the order of their ids, while some come and go', async () => {
    const records = byId(Array.from({ length: 25 }, (_, number) => message(number)));
    await kept().put(records);
    expect(await all(10)).toEqual(records);
    expect(await all(5)).toEqual(records);
    const first = await kept().slice(undefined, 10);
    expect(first).toEqual(records.slice(0, 10));
    await kept().remove([records[9]?.id ?? '', records[10]?.id ?? '', records[12]?.id ?? '']);
    const second = await kept().slice(first.at(-1)?.id, 3);
    expect(second).toEqual([records[11], records[13], records[14]]);
    await kept().put([message(100, { id: records[12]?.id ?? '' })]);
    expect((await kept().slice(records[11]?.id, 2)).map(({ sequence }) => sequence)).toEqual([
      100,
      records[13]?.sequence,
    ]);
    expect(await kept().slice('~', 3)).toEqual([]);
  });

  test('messages that are removed are gone, others stay', async () => {
    await kept().put([message(1), message(2), message(3)]);
    await kept().remove([message(1).id, message(3).id, idOf('nothing')]);
    expect(await kept().get(message(1).id)).toBeUndefined();
    expect(await kept().of(KEY)).toEqual([message(2)]);
    expect(await all(10)).toEqual([message(2)]);
    await kept().put([message(3)]);
    expect(await kept().of(KEY)).toEqual([message(2), message(3)]);
  });

  test('a user without settings has the default, and settings are replaced', async () => {
    expect(await kept().settings(KEY)).toEqual(DEFAULT_SETTINGS);
    const settings: UserSettings = {
      help: 'off',
      seen: new Map([
        ['welcome', 3],
        ['ü'.repeat(300), 2 ** 40],
      ]),
    };
    await kept().set(KEY, settings);
    expect(await kept().settings(KEY)).toEqual(settings);
    expect(await kept().settings(OTHER_KEY)).toEqual(DEFAULT_SETTINGS);
    await kept().set(KEY, { help: 'on', seen: new Map([['welcome', 4]]) });
    expect(await kept().settings(KEY)).toEqual({ help: 'on', seen: new Map([['welcome', 4]]) });
    await kept().set(KEY, DEFAULT_SETTINGS);
    expect(await kept().settings(KEY)).toEqual(DEFAULT_SETTINGS);
  });

  test('a forgotten user has no messages and no settings, others keep theirs', async () => {
    const ended = message(2, { state: 'answered', endedAt: 5 });
    await kept().put([message(1), ended, message(3, { userKey: OTHER_KEY })]);
    for (const key of [KEY, OTHER_KEY]) await kept().set(key, { help: 'off', seen: new Map() });
    expect(await kept().forget(KEY)).toBe(2);
    expect(await kept().of(KEY)).toEqual([]);
    expect(await kept().get(message(1).id)).toBeUndefined();
    expect(await all(10)).toEqual([message(3, { userKey: OTHER_KEY })]);
    expect(await kept().settings(KEY)).toEqual(DEFAULT_SETTINGS);
    expect(await kept().settings(OTHER_KEY)).toEqual({ help: 'off', seen: new Map() });
    expect(await kept().forget(KEY)).toBe(0);
  });

  test('what was forgotten while somebody had it in memory does not come back; new messages do', async () => {
    await kept().put([message(1), message(2, { state: 'inbox' }), message(9, { userKey: OTHER_KEY })]);
    await kept().forget(KEY);
    await kept().put([
      message(1, { tries: 1 }),
      message(2, { state: 'read' }),
      message(3),
      message(9, { userKey: OTHER_KEY, tries: 1 }),
    ]);
    expect(await kept().of(KEY)).toEqual([message(3)]);
    expect(await kept().of(OTHER_KEY)).toEqual([message(9, { userKey: OTHER_KEY, tries: 1 })]);
    await kept().set(KEY, { help: 'off', seen: new Map() });
    await kept().forget(KEY);
    await kept().put([message(1), message(3), message(4)]);
    expect(await kept().of(KEY)).toEqual([message(4)]);
    expect(await kept().settings(KEY)).toEqual(DEFAULT_SETTINGS);
  });

  test('sessions are gone through in the order of their keys', async () => {
    const person = Uint8Array.of(1, 2, 3);
    const keys = Array.from({ length: 7 }, (_, index) => idOf(`s${index}`)).sort();
    for (const key of keys) await store().sessions.put(key, session(key === keys[2] ? { person } : {}));
    const slice = await store().sessions.slice(undefined, 3);
    expect(slice).toEqual([
      [keys[0], session()],
      [keys[1], session()],
      [keys[2], session({ person })],
    ]);
    await store().sessions.delete(keys[4] ?? '');
    expect((await store().sessions.slice(keys[2], 3)).map(([key]) => key)).toEqual([keys[3], keys[5], keys[6]]);
    expect(await store().sessions.slice(keys[6], 3)).toEqual([]);
  });
}
