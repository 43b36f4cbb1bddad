/** What every store must do with messages for users who are away. Part of the suite in contract.ts. */
import { expect, test } from '@jest/globals';
import type { Deposit, MailboxStore, StoredMessage } from '../../gateway/mailbox-ports.ts';
import type { Store } from '../../gateway/ports.ts';
import { recounted } from './mailbox-recount.ts';
import { deposit, idOf, KEY, OTHER_KEY, report } from './records-of-tests.ts';

const MOST = 1_000_000;

export function describeMailbox(store: () => Store): void {
  const box = (): MailboxStore => store().mailbox;
  const put = (...deposits: readonly Deposit[]) => Promise.all(deposits.map((one) => box().put(one, MOST)));
  const numbers = (messages: readonly StoredMessage[]) => messages.map(({ storedAt }) => storedAt - 1_700_000_000_000);
  const waiting = async (userKey = KEY) => numbers(await box().waiting(userKey, 1_000));

  test.each<[string, Partial<Deposit['message']>]>([
    ['as it is', {}],
    ['that is a report', { kind: 'report', bytes: 0 }],
    ['with keys that are no hashes', { userKey: 'wörld', senderKey: '', id: 'an id' }],
    ['with large numbers', { bytes: 2 ** 40, expiresAt: 2 ** 48 - 1, storedAt: 2 ** 47 }],
    ['with long names', { vasp: 'v'.repeat(300), policy: 'ü'.repeat(200) }],
    ['with a long envelope', { envelope: new Uint8Array(200_000).fill(7) }],
    ['with an empty envelope', { envelope: new Uint8Array(0) }],
  ])('a message %s comes back whole', async (_name, change) => {
    const one = deposit(1, change);
    expect(await box().put(one, MOST)).toEqual({ kind: 'stored' });
    const kept = {
      ...one.message,
      sequence: expect.any(Number),
      state: 'waiting',
      reason: undefined,
      tries: 0,
      handedAt: undefined,
    };
    expect(await box().get(one.message.id)).toEqual(kept);
    expect(await box().waiting(one.message.userKey, 5)).toEqual([kept]);
    expect(await box().slice(undefined, 5)).toEqual([kept]);
    expect(await box().content(one.message.id)).toEqual(one.content);
  });

  test('a large content comes back whole, and one that is not there is not', async () => {
    const content = Uint8Array.from({ length: 300_000 }, (_, at) => at * 7);
    await put(deposit(1, {}, { content }), deposit(2, {}, { content: undefined }));
    expect(await box().content(deposit(1).message.id)).toEqual(content);
    expect(await box().content(deposit(2).message.id)).toBeUndefined();
    expect(await box().content(idOf('nothing'))).toBeUndefined();
  });

  test('an empty mailbox has nothing', async () => {
    expect(await box().get(idOf('nothing'))).toBeUndefined();
    expect(await waiting()).toEqual([]);
    expect(await box().counts(KEY)).toEqual({ messages: 0, bytes: 0 });
    expect(await box().totals()).toEqual({ waiting: 0, waitingBytes: 0, reports: 0, dead: 0 });
    expect(await box().slice(undefined, 5)).toEqual([]);
    expect(await box().expired(2 ** 47, 5)).toEqual([]);
    expect(await box().unreadable()).toBe(0);
    expect(await box().end([idOf('nothing')], [])).toEqual([]);
    await box().handed(idOf('nothing'), 1);
    await box().bury(idOf('nothing'), 'refused', 1);
    expect(await box().replay(idOf('nothing'), 1)).toBe(false);
    await box().reseal(idOf('nothing'), Uint8Array.of(1), undefined);
    await box().sweep(2 ** 47);
    expect(await box().forget(KEY)).toBe(0);
    expect(await box().slice(undefined, 5)).toEqual([]);
  });

  test('what waits for a user comes in the order in which it was put, reports too, and nobody else’s', async () => {
    for (const one of [deposit(5), deposit(3), report(9), deposit(1)]) await box().put(one, MOST);
    await put(deposit(20, { userKey: OTHER_KEY }), deposit(21, { userKey: KEY.slice(0, 21) }));
    expect(await waiting()).toEqual([5, 3, 9, 1]);
    expect(numbers(await box().waiting(KEY, 2))).toEqual([5, 3]);
    expect(await box().waiting(KEY, 0)).toEqual([]);
    expect(await waiting(OTHER_KEY)).toEqual([20]);
    expect(await box().counts(KEY)).toEqual({ messages: 3, bytes: 600 });
    expect(await box().totals()).toEqual({ waiting: 5, waitingBytes: 1_000, reports: 1, dead: 0 });
  });

  test('messages put at the same moment are all there, each with a sequence of its own', async () => {
    const deposits = Array.from({ length: 300 }, (_, number) => deposit(number, { userKey: idOf(`u${number % 7}`) }));
    await put(...deposits);
    expect(await waiting(idOf('u3'))).toHaveLength(43);
    const all = await box().slice(undefined, 1_000);
    expect(new Set(all.map(({ sequence }) => sequence)).size).toBe(300);
    expect(await recounted(box())).toEqual(await box().totals());
  });

  test('there is room for exactly as many messages and bytes as a recipient may have', async () => {
    const small = (number: number, bytes: number) =>
      deposit(number, { bytes }, { quota: { messages: 3, bytes: 1_000 } });
    expect(await put(small(1, 400), small(2, 600))).toEqual([{ kind: 'stored' }, { kind: 'stored' }]);
    const full = { kind: 'full', of: 'recipient' };
    expect(await put(small(3, 1))).toEqual([full]);
    expect(await put(small(4, 0))).toEqual([{ kind: 'stored' }]);
    expect(await put(small(5, 0))).toEqual([full]);
    expect(await put(report(6, { bytes: 0 }), deposit(7, { userKey: OTHER_KEY }))).toEqual([
      { kind: 'stored' },
      { kind: 'stored' },
    ]);
    await box().end([small(4, 0).message.id], []);
    await box().bury(small(1, 0).message.id, 'refused', 5);
    expect(await put(small(8, 400))).toEqual([{ kind: 'stored' }]);
    expect(await put(small(9, 1))).toEqual([full]);
    expect(await waiting()).toEqual([2, 6, 8]);
  });

  test('of deposits at the same moment only as many are taken as there is room for', async () => {
    const quota = { messages: 4, bytes: 1e9 };
    const outcomes = await put(...Array.from({ length: 50 }, (_, number) => deposit(number, {}, { quota })));
    expect(outcomes.filter(({ kind }) => kind === 'stored')).toHaveLength(4);
    expect(await box().counts(KEY)).toEqual({ messages: 4, bytes: 800 });
  });

  test('all mailboxes together hold so many messages; reports and dead ones do not count', async () => {
    const within = (one: Deposit) => box().put(one, 2);
    expect(await within(deposit(1))).toEqual({ kind: 'stored' });
    await box().bury(deposit(1).message.id, 'refused', 1);
    expect(await within(deposit(2))).toEqual({ kind: 'stored' });
    expect(await within(deposit(3, { userKey: OTHER_KEY }))).toEqual({ kind: 'stored' });
    expect(await within(deposit(4, { userKey: idOf('third') }))).toEqual({ kind: 'full', of: 'mailbox' });
    expect(await within(report(5))).toEqual({ kind: 'stored' });
    await box().end([deposit(2).message.id], []);
    expect(await within(deposit(4, { userKey: idOf('third') }))).toEqual({ kind: 'stored' });
  });

  test('a second try is no second message for as long as it is remembered, also after the message has left', async () => {
    const at = (number: number, storedAt: number, until: number) =>
      deposit(number, { storedAt }, { duplicate: { key: idOf('a try'), sentId: 'told 1', until } });
    expect(await put(at(1, 100, 600))).toEqual([{ kind: 'stored' }]);
    const known = { kind: 'known', id: deposit(1).message.id, sentId: 'told 1' };
    expect(await put(at(2, 599, 1_200))).toEqual([known]);
    expect(await box().end([deposit(1).message.id], [])).toHaveLength(1);
    expect(await put(at(3, 599, 1_200))).toEqual([known]);
    await box().sweep(599);
    expect(await put(at(4, 599, 1_200))).toEqual([known]);
    expect(await box().totals()).toMatchObject({ waiting: 0 });
    expect(await put(at(5, 600, 700))).toEqual([{ kind: 'stored' }]);
    expect(await put(at(6, 699, 1_300))).toEqual([{ ...known, id: deposit(5).message.id }]);
    await box().sweep(700);
    expect(await put(at(7, 650, 1_300))).toEqual([{ kind: 'stored' }]);
    expect(await put(at(8, 700, 1_300))).toEqual([{ ...known, id: deposit(7).message.id }]);
  });

  test('what was refused for want of room is not remembered, and what is known is told though there is no room', async () => {
    const tried = (number: number, messages: number) =>
      deposit(
        number,
        { storedAt: 10 },
        { duplicate: { key: idOf('a try'), sentId: 's', until: 99 }, quota: { messages, bytes: 1e9 } },
      );
    expect(await put(tried(1, 0))).toEqual([{ kind: 'full', of: 'recipient' }]);
    expect(await put(tried(1, 1))).toEqual([{ kind: 'stored' }]);
    expect(await put(tried(2, 0))).toEqual([{ kind: 'known', id: deposit(1).message.id, sentId: 's' }]);
  });

  test('many second tries are forgotten when their time is over', async () => {
    const tried = (number: number, until: number) =>
      deposit(number, { storedAt: 1 }, { duplicate: { key: idOf(`try ${number}`), sentId: 's', until } });
    const all = Array.from({ length: 1_200 }, (_, number) => number);
    await put(...all.map((number) => tried(number, 10 + (number % 2))));
    await box().end(
      all.map((number) => deposit(number).message.id),
      [],
    );
    await box().sweep(10);
    const again = await put(...all.map((number) => tried(number, 20)));
    expect(again.filter(({ kind }) => kind === 'stored')).toHaveLength(600);
  });

  test('the same deposit twice is one message', async () => {
    await put(deposit(1), deposit(1));
    await box().bury(deposit(1).message.id, 'refused', 1);
    expect(await put(deposit(1))).toEqual([{ kind: 'stored' }]);
    expect(await box().totals()).toEqual({ waiting: 0, waitingBytes: 0, reports: 0, dead: 1 });
  });

  test('handing over is counted and dated, and nothing else changes', async () => {
    await put(deposit(1), deposit(2));
    const before = await box().get(deposit(1).message.id);
    await box().handed(deposit(1).message.id, 7);
    await box().handed(deposit(1).message.id, 9);
    expect(await box().get(deposit(1).message.id)).toEqual({ ...before, tries: 2, handedAt: 9 });
    expect(await waiting()).toEqual([1, 2]);
    expect(await box().content(deposit(1).message.id)).toEqual(deposit(1).content);
    expect(await box().counts(KEY)).toEqual({ messages: 2, bytes: 400 });
  });

  test('what is ended is gone with its content, and is ended once', async () => {
    await put(deposit(1), deposit(2), deposit(3), report(4));
    await box().bury(deposit(3).message.id, 'refused', 1);
    const ids = [1, 3, 4, 1, 77].map((number) => deposit(number).message.id);
    expect(await box().end(ids, [])).toEqual([1, 3, 4].map((number) => deposit(number).message.id));
    expect(await box().end(ids, [])).toEqual([]);
    expect(await box().get(deposit(1).message.id)).toBeUndefined();
    expect(await box().content(deposit(1).message.id)).toBeUndefined();
    expect(await box().totals()).toEqual({ waiting: 1, waitingBytes: 200, reports: 0, dead: 0 });
    expect(await waiting()).toEqual([2]);
    expect(await box().expired(2 ** 47, 9)).toHaveLength(1);
  });

  test('reports are put in the step that ends, once', async () => {
    await put(deposit(1), deposit(2));
    const told = report(10, { userKey: OTHER_KEY });
    await Promise.all([1, 2].map(() => box().end([deposit(1).message.id], [told])));
    expect(await waiting(OTHER_KEY)).toEqual([10]);
    await box().end([told.message.id], []);
    await box().end([deposit(1).message.id], [told]);
    expect(await waiting(OTHER_KEY)).toEqual([]);
    await box().end([], [told]);
    expect(await waiting(OTHER_KEY)).toEqual([10]);
    expect(await box().counts(OTHER_KEY)).toEqual({ messages: 0, bytes: 0 });
    expect(await box().totals()).toEqual({ waiting: 1, waitingBytes: 200, reports: 1, dead: 0 });
  });

  test('a dead message counts no longer, keeps its reason and time, and waits again behind all others', async () => {
    await put(deposit(1), deposit(2), deposit(3));
    const { id } = deposit(1).message;
    await box().handed(id, 5);
    await box().bury(id, 'unacknowledged', 6);
    await box().bury(id, 'refused', 7);
    const dead = { state: 'dead', reason: 'unacknowledged', diedAt: 6, tries: 1, handedAt: 5 };
    expect(await box().get(id)).toMatchObject(dead);
    expect(await waiting()).toEqual([2, 3]);
    expect(await box().expired(2 ** 47, 9)).toHaveLength(2);
    expect(await box().totals()).toEqual({ waiting: 2, waitingBytes: 400, reports: 0, dead: 1 });
    await box().handed(id, 8);
    expect(await box().get(id)).toMatchObject(dead);
    expect(await box().dead(KEY)).toMatchObject([dead]);
    expect(await box().dead(OTHER_KEY)).toEqual([]);
    expect(await box().replay(deposit(2).message.id, 1)).toBe(false);
    expect(await box().replay(id, 1_800_000_000_000)).toBe(true);
    expect(await box().replay(id, 1)).toBe(false);
    await put(deposit(4));
    expect(await waiting()).toEqual([2, 3, 1, 4]);
    const again = await box().get(id);
    expect(again).toMatchObject({ state: 'waiting', reason: undefined, tries: 0, expiresAt: 1_800_000_000_000 });
    expect(again).not.toHaveProperty('diedAt');
    expect(await box().dead(KEY)).toEqual([]);
    expect(again?.handedAt).toBeUndefined();
    expect(await box().counts(KEY)).toEqual({ messages: 4, bytes: 800 });
    expect(await box().content(id)).toEqual(deposit(1).content);
  });

  test('what is over comes the oldest first, reports too, and no dead ones', async () => {
    await put(deposit(1, { expiresAt: 50 }), deposit(2, { expiresAt: 30 }), report(3, { expiresAt: 40 }));
    await put(deposit(4, { expiresAt: 60 }), deposit(5, { expiresAt: 20, userKey: OTHER_KEY }));
    await box().bury(deposit(2).message.id, 'refused', 1);
    expect(await box().expired(19, 9)).toEqual([]);
    expect(numbers(await box().expired(20, 9))).toEqual([5]);
    expect(numbers(await box().expired(50, 9))).toEqual([5, 3, 1]);
    expect(numbers(await box().expired(50, 2))).toEqual([5, 3]);
    await box().replay(deposit(2).message.id, 10);
    expect(numbers(await box().expired(10, 9))).toEqual([2]);
    await box().end([deposit(2).message.id], []);
    expect(await box().expired(10, 9)).toEqual([]);
  });

  test('all are gone through in the order of their ids, dead ones too, while some come and go', async () => {
    const ids = Array.from({ length: 25 }, (_, number) => deposit(number).message.id).sort();
    await put(...Array.from({ length: 25 }, (_, number) => deposit(number, { userKey: idOf(`u${number % 3}`) })));
    await box().bury(ids[3] ?? '', 'refused', 1);
    const slice = async (after: string | undefined, limit: number) =>
      (await box().slice(after, limit)).map(({ id }) => id);
    expect(await slice(undefined, 10)).toEqual(ids.slice(0, 10));
    await box().end([ids[9] ?? '', ids[10] ?? '', ids[12] ?? ''], []);
    expect(await slice(ids[9], 3)).toEqual([ids[11], ids[13], ids[14]]);
    expect(await slice(ids[20], 9)).toEqual(ids.slice(21));
    expect(await slice('~', 9)).toEqual([]);
  });

  test('other seals take the place of those that were there, and nothing else changes', async () => {
    await put(deposit(1), deposit(2));
    await box().bury(deposit(2).message.id, 'refused', 1);
    for (const number of [1, 2]) {
      const { id } = deposit(number).message;
      const before = await box().get(id);
      await box().reseal(id, Uint8Array.of(1, 2), undefined);
      expect(await box().get(id)).toEqual({ ...before, envelope: Uint8Array.of(1, 2) });
      expect(await box().content(id)).toEqual(deposit(number).content);
      await box().reseal(id, Uint8Array.of(3), Uint8Array.of(4));
      expect(await box().content(id)).toEqual(Uint8Array.of(4));
    }
    expect(await box().totals()).toEqual({ waiting: 1, waitingBytes: 200, reports: 0, dead: 1 });
  });

  test('a forgotten user has nothing left, others have theirs', async () => {
    await put(deposit(1), deposit(2), report(3), deposit(4, { userKey: OTHER_KEY }));
    await box().bury(deposit(2).message.id, 'refused', 1);
    expect(await box().forget(KEY)).toBe(2);
    expect(await waiting()).toEqual([]);
    expect(await box().counts(KEY)).toEqual({ messages: 0, bytes: 0 });
    expect(numbers(await box().slice(undefined, 9))).toEqual([4]);
    expect(await box().content(deposit(1).message.id)).toBeUndefined();
    expect(await box().expired(2 ** 47, 9)).toHaveLength(1);
    expect(await box().totals()).toEqual({ waiting: 1, waitingBytes: 200, reports: 0, dead: 0 });
    expect(await box().forget(KEY)).toBe(0);
  });
}
