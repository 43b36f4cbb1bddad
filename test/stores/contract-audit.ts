/** What every store must do with records of acceptance, texts, wishes and notes. Part of the suite in contract.ts. */
import { expect, test } from '@jest/globals';
import { entryHash, GENESIS } from '../../gateway/audit/chain.ts';
import type { AuditEntry, AuditRecord } from '../../gateway/audit-ports.ts';
import type { Store, StoredAskAgain } from '../../gateway/ports.ts';
import {
  acceptance,
  accepted,
  idOf,
  KEY,
  OTHER_KEY,
  OTHER_TEXT,
  record,
  session,
  shown,
  TEXT,
} from './records-of-tests.ts';

export function describeAudit(store: () => Store): void {
  const records = async (from = 0): Promise<(AuditRecord | string)[]> =>
    (await store().audit.read(from, 10_000)).map((entry) => (entry.kind === 'record' ? entry.record : entry.kind));
  const isWhole = async (entries: number, erased = 0): Promise<void> => {
    const report = await store().audit.verify();
    expect(report).toMatchObject({ entries, erased, problems: [], moreProblems: 0 });
    expect(report.head).toEqual(await store().audit.head());
  };

  test('an empty chain is whole', async () => {
    expect(await store().audit.read(0, 10)).toEqual([]);
    expect(await store().audit.head()).toEqual({ first: 1, before: GENESIS, next: 1, hash: GENESIS, breaks: [] });
    await isWhole(0);
  });

  test('acceptances, records and texts of a login are kept together', async () => {
    await store().acceptances.accept(KEY, {
      remember: [acceptance()],
      records: [record(1), record(2, { policy: 'terms', text: OTHER_TEXT.hash })],
      texts: [TEXT, OTHER_TEXT],
    });
    expect(await store().acceptances.of(KEY)).toEqual([acceptance()]);
    expect(await records()).toEqual([record(1), record(2, { policy: 'terms', text: OTHER_TEXT.hash })]);
    expect(await store().texts.get(TEXT.hash)).toBe(TEXT.text);
    expect(await store().texts.get(OTHER_TEXT.hash)).toBe(OTHER_TEXT.text);
    await isWhole(2);
  });

  test.each<[string, Partial<AuditRecord>]>([
    ['without option, level and charge', { option: undefined, level: undefined, charge: undefined }],
    ['of a message that was shown', { outcome: 'shown', granted: [] }],
    ['with an estimated charge', { charge: { amount: '1', currency: 'SEK', per: 'månad', estimate: true } }],
    ['with several levels', { granted: ['full', 'presence-only', 'a', 'b'], level: '' }],
    ['of a page', { way: 'page', csp: '1.1' }],
    ['of a conversation', { way: 'conversation', csp: '1.3', tries: 70_000, version: 2 ** 40 }],
    ['of an Outband answer', { way: 'system-message-user' }],
    ['with keys that are no hashes', { id: 'wörld', user: '' }],
    ['with long names', { policy: 'ü'.repeat(300), vasp: 'v'.repeat(255), language: 'l'.repeat(254) }],
  ])('a record %s comes back whole', async (_name, change) => {
    await store().acceptances.accept(KEY, accepted([record(1, change)]));
    expect(await records()).toEqual([record(1, change)]);
    await isWhole(1);
  });

  test('entries are numbered from 1, each naming the hash of the one before', async () => {
    for (let number = 1; number <= 5; number++) await store().acceptances.accept(KEY, accepted([record(number)]));
    const entries = await store().audit.read(0, 100);
    let previous = GENESIS;
    for (const [index, entry] of entries.entries()) {
      if (entry.kind === 'damaged') throw new Error('damaged');
      expect(entry).toMatchObject({ sequence: index + 1, previous });
      expect(entry.hash).toMatch(/^[0-9a-f]{64}$/);
      previous = entry.hash;
    }
    expect(await store().audit.head()).toMatchObject({ next: 6, hash: previous });
    expect(await store().audit.read(3, 2)).toEqual(entries.slice(2, 4));
    expect(await store().audit.read(6, 2)).toEqual([]);
  });

  test('a record whose id is there already is not appended again, the acceptance is kept all the same', async () => {
    await store().acceptances.accept(KEY, accepted([record(1), record(1), record(2)]));
    await store().acceptances.accept(
      KEY,
      accepted([record(2, { tries: 9 }), record(3)], { remember: [acceptance({ version: 8 })] }),
    );
    expect(await records()).toEqual([record(1), record(2), record(3)]);
    expect(await store().acceptances.of(KEY)).toEqual([acceptance({ version: 8 })]);
    await isWhole(3);
  });

  test.each([
    ['was not given', record(2, { text: shown('another').hash }), []],
    ['has another hash', record(2, { text: shown('another').hash }), [{ hash: shown('another').hash, text: 'forged' }]],
  ])('a record whose text %s is refused, with all of its login', async (_name, wrong, texts) => {
    const whole = accepted([record(1), wrong], { remember: [acceptance()], texts: [TEXT, ...texts] });
    await expect(store().acceptances.accept(KEY, whole)).rejects.toMatchObject({ code: 'AUDIT_TEXT' });
    expect(await store().acceptances.of(KEY)).toEqual([]);
    expect(await records()).toEqual([]);
    expect(await store().texts.get(TEXT.hash)).toBeUndefined();
    await isWhole(0);
  });

  test('a text that is kept need not be given again', async () => {
    await store().acceptances.accept(KEY, accepted([record(1)]));
    await store().acceptances.accept(KEY, accepted([record(2)], { texts: [] }));
    await isWhole(2);
  });

  test('logins at the same time are all in one chain', async () => {
    const numbers = Array.from({ length: 60 }, (_, index) => index);
    await Promise.all(
      numbers.map((number) =>
        store().acceptances.accept(
          `user-${number % 7}`,
          accepted([record(number)], { remember: [acceptance({ policy: `p${number}` })] }),
        ),
      ),
    );
    await isWhole(60);
    const ids = (await records()).map((one) => (typeof one === 'string' ? one : one.id));
    expect(new Set(ids)).toEqual(new Set(numbers.map((number) => record(number).id)));
  });

  test('the records of a user are found, and nobody else’s', async () => {
    await store().acceptances.accept(KEY, accepted([record(1), record(2, { user: OTHER_KEY }), record(3)]));
    const numbers = (entries: readonly AuditEntry[]) => entries.map(({ sequence }) => sequence);
    expect(numbers(await store().audit.recordsOf(KEY))).toEqual([1, 3]);
    expect(numbers(await store().audit.recordsOf(OTHER_KEY))).toEqual([2]);
    expect(await store().audit.recordsOf('nobody')).toEqual([]);
  });

  test('erasing leaves the chain whole and nothing of the records', async () => {
    const mine = record(1, { text: OTHER_TEXT.hash });
    await store().acceptances.accept(KEY, accepted([mine, record(2, { user: OTHER_KEY }), record(3)]));
    const before = await store().audit.read(0, 10);
    expect(await store().audit.erase(KEY)).toBe(2);
    expect(await records()).toEqual(['erased', record(2, { user: OTHER_KEY }), 'erased']);
    const after = await store().audit.read(0, 10);
    const [first] = after;
    if (first?.kind !== 'erased') throw new Error('not erased');
    expect(entryHash(GENESIS, 1, first.content)).toBe(first.hash);
    const links = (entries: readonly AuditEntry[]) =>
      entries.map((entry) => (entry.kind === 'damaged' ? entry : [entry.previous, entry.hash]));
    expect(links(after)).toEqual(links(before));
    expect(await store().texts.get(OTHER_TEXT.hash)).toBeUndefined();
    expect(await store().texts.get(TEXT.hash)).toBe(TEXT.text);
    expect(await store().audit.recordsOf(KEY)).toEqual([]);
    expect(await store().audit.erase(KEY)).toBe(0);
    await isWhole(3, 2);
    await store().acceptances.accept(KEY, accepted([record(4)]));
    await isWhole(4, 2);
  });

  test('retention drops from the beginning, and the chain stays whole', async () => {
    const old = Array.from({ length: 1203 }, (_, index) => record(index, { decidedAt: 1000 + index }));
    await store().acceptances.accept(KEY, accepted([...old, record(5000, { text: OTHER_TEXT.hash })]));
    expect(await store().audit.dropBefore(1000)).toBe(0);
    expect(await store().audit.dropBefore(1700)).toBe(700);
    expect(await store().audit.head()).toMatchObject({ first: 701, next: 1205 });
    expect((await store().audit.read(0, 1)).map(({ sequence }) => sequence)).toEqual([701]);
    await isWhole(504);
    expect(await store().audit.recordsOf(KEY)).toHaveLength(504);
    expect(await store().audit.dropBefore(4000)).toBe(503);
    expect(await store().texts.get(TEXT.hash)).toBeUndefined();
    expect(await store().texts.get(OTHER_TEXT.hash)).toBe(OTHER_TEXT.text);
    expect(await store().audit.dropBefore(Number.MAX_SAFE_INTEGER)).toBe(1);
    await isWhole(0);
    await store().acceptances.accept(KEY, accepted([record(1)]));
    expect((await store().audit.read(0, 1)).map(({ sequence }) => sequence)).toEqual([1205]);
    await isWhole(1);
  });

  test('retention drops erased entries with a record after them, and keeps what was decided later', async () => {
    const records = [record(1), record(2, { user: OTHER_KEY }), record(3), record(4, { decidedAt: 50 })];
    await store().acceptances.accept(KEY, accepted(records.map((one, index) => ({ ...one, decidedAt: 10 + index }))));
    await store().acceptances.accept(KEY, accepted([record(5, { decidedAt: 5 })]));
    await store().audit.erase(OTHER_KEY);
    expect(await store().audit.dropBefore(12)).toBe(1);
    expect(await store().audit.dropBefore(13)).toBe(2);
    expect(await store().audit.dropBefore(13)).toBe(0);
    await isWhole(2);
  });

  test('acceptances are forgotten one policy at a time, or all', async () => {
    const remember = [acceptance(), acceptance({ policy: 'terms' }), acceptance({ policy: 'tariff' })];
    await store().acceptances.accept(KEY, accepted([record(1)], { remember }));
    await store().acceptances.accept(OTHER_KEY, accepted([], { remember }));
    expect(await store().acceptances.forgetPolicies(KEY, 'terms')).toBe(1);
    expect(await store().acceptances.forgetPolicies(KEY, 'terms')).toBe(0);
    expect((await store().acceptances.of(KEY)).map(({ policy }) => policy)).toEqual(['aoc', 'tariff']);
    expect(await store().acceptances.forgetPolicies(KEY, undefined)).toBe(2);
    expect(await store().acceptances.forget(OTHER_KEY)).toBe(3);
    expect(await store().acceptances.forget(OTHER_KEY)).toBe(0);
    expect(await store().acceptances.of(OTHER_KEY)).toEqual([]);
    await isWhole(1);
  });

  test('the sessions of a user are found', async () => {
    const put = Array.from({ length: 1500 }, (_, index) => store().sessions.put(idOf(`s${index}`), session()));
    await Promise.all(put);
    await store().sessions.put('mine', session({ userKey: KEY }));
    await store().sessions.put('mine too', session({ userKey: KEY, vasp: 'other' }));
    expect(await store().sessions.ofUser(KEY)).toEqual(
      new Map([
        ['mine', session({ userKey: KEY })],
        ['mine too', session({ userKey: KEY, vasp: 'other' })],
      ]),
    );
    expect(await store().sessions.ofUser(OTHER_KEY)).toEqual(new Map());
  });

  test('a wish to ask again takes the place of an older one for the same', async () => {
    const wish = (change: Partial<StoredAskAgain>): StoredAskAgain => ({
      policy: undefined,
      vasp: undefined,
      users: '*',
      at: 1,
      ...change,
    });
    expect(await store().askAgain.list()).toEqual([]);
    const wishes = [wish({}), wish({ policy: 'aoc' }), wish({ vasp: 'v' }), wish({ users: 'wv:ü*@a' })];
    for (const one of wishes) await store().askAgain.add(one);
    expect(await store().askAgain.list()).toEqual(wishes);
    await store().askAgain.add(wish({ policy: 'aoc', at: 2 }));
    expect(await store().askAgain.list()).toEqual([
      wish({}),
      wish({ vasp: 'v' }),
      wish({ users: 'wv:ü*@a' }),
      wish({ policy: 'aoc', at: 2 }),
    ]);
  });

  test('notes are kept by name and replaced', async () => {
    const name = 'n'.repeat(100);
    expect(await store().notes.get(name)).toBeUndefined();
    const large = 'policy ü\n'.repeat(200_000);
    await store().notes.put(name, large);
    await store().notes.put('other', '');
    expect(await store().notes.get(name)).toBe(large);
    expect(await store().notes.get('other')).toBe('');
    await store().notes.put(name, 'short');
    expect(await store().notes.get(name)).toBe('short');
  });
}
