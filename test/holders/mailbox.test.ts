/** A message to users of several shares is kept by several nodes and is one message to its sender, also when it is sent again. */
import { describe, expect, test } from '@jest/globals';
import { element } from '../../gateway/csp/element.ts';
import { StoreWriteError } from '../../gateway/errors.ts';
import { HeldMailboxes } from '../../gateway/holders/mailbox.ts';
import { PostOffice } from '../../gateway/mailbox/post-office.ts';
import type { DepositOrder, DepositRecipient, Visitor } from '../../gateway/mailbox-ports.ts';
import { LivePolicySets } from '../../gateway/policy/live-sets.ts';
import { MemoryMailbox } from '../../gateway/stores/memory-mailbox.ts';
import { silentLog } from '../http/doubles.ts';
import { createClock, policySetOf, STARTS_AT, secretsOf, TEST_KEY } from '../transcripts/rig.ts';
import { keyIn, TestNodes } from './nodes.ts';

const HOUR = 3_600_000;
const SENDER = 'wv:alice@im.example';
const SESSION = keyIn(7, 'session');

async function world(ids: readonly string[] = ['a', 'b', 'c']) {
  const nodes = new TestNodes(...ids);
  const clock = createClock(STARTS_AT);
  const policies = new LivePolicySets(policySetOf());
  const stores = new Map<number, MemoryMailbox>();
  const offices = new Map<number, PostOffice>();
  /** What the offices tell of whom something waits for. */
  const told: string[] = [];
  /** Shares whose store fails, and how. */
  const failing = new Map<number, string>();
  const asked: string[] = [];
  for (const share of [0, 1, 2, 3]) {
    const store = new MemoryMailbox();
    stores.set(share, store);
    const put = store.put.bind(store);
    store.put = async (deposit, most) => {
      const code = failing.get(share);
      if (code !== undefined) throw new StoreWriteError(code);
      return put(deposit, most);
    };
    const office = await PostOffice.open({
      store,
      clock,
      policies,
      secrets: secretsOf(TEST_KEY),
      metrics: { mailbox: () => {} },
      log: silentLog,
      mostMessages: 3,
      knownUsers: 100,
      sendsTextMessages: () => true,
      firstTransactionNumber: share * 1_000,
      events: { concern: async (users) => void told.push(...users), ring: () => {} },
    });
    offices.set(share, office);
  }
  const boxes = nodes.all.map(
    (node) =>
      new HeldMailboxes(
        node.holders,
        (share) => {
          asked.push(`${node.id}${share}`);
          const office = offices.get(share);
          if (office === undefined) throw new Error(`no office for share ${share}`);
          return node.heldOr(share, office);
        },
        { policies, clock, hasMail: false, rememberedUntil: 0, knownUsers: 100 },
      ),
  );
  const [a, b, c] = boxes;
  if (a === undefined || b === undefined) throw new Error('two nodes at least');
  return { nodes, clock, a, b, c: c ?? b, stores, told, failing, asked };
}

function visitorOf(userKey: string): Visitor {
  return {
    sessionKey: `s${userKey}`.slice(0, 43),
    userKey,
    vasp: 'v',
    version: '1.3',
    openedAt: STARTS_AT,
    gets: { messages: true, notifications: true, reports: true },
    delivery: { method: 'P', pushedBytes: undefined },
  };
}

function recipient(share: number, name: string, messages = 2): DepositRecipient {
  const keep = { policy: 'p', messages, bytes: 10_000, keepMillis: HOUR, notify: undefined };
  return { userId: `wv:${name}@im.example`, userKey: keyIn(share, name), keep };
}

function order(recipients: readonly DepositRecipient[], change: Partial<DepositOrder> = {}): DepositOrder {
  return {
    vasp: 'v',
    sessionKey: SESSION,
    senderKey: keyIn(9, 'alice'),
    sender: SENDER,
    transactionId: '1',
    info: element('MessageInfo', [element('Sender', [element('User', [element('UserID', SENDER)])])]),
    content: element('ContentData', 'hello'),
    wantsReport: false,
    validitySeconds: undefined,
    vaspMessageId: undefined,
    recipients,
    ...change,
  };
}

const count = async (store: MemoryMailbox | undefined) => (await store?.totals())?.waiting;

describe('a message to users of several shares', () => {
  test('is kept by their holders, with one MessageID and each result in its place', async () => {
    const { a, b, stores, asked, told } = await world();
    const full = recipient(1, 'full', 0);
    const all = [recipient(2, 'x'), full, recipient(2, 'z'), recipient(0, 'y'), recipient(1, 'w'), recipient(3, 'v')];
    const result = await a.deposit(order(all));
    expect(result.recipients).toEqual(['stored', 'full', 'stored', 'stored', 'stored', 'stored']);
    expect(result.sentId).toMatch(/^sapgw\.mail\./);
    expect(asked.toSorted()).toEqual(['a0', 'a3', 'b1', 'c2']);
    expect(await Promise.all([0, 1, 2, 3].map((share) => count(stores.get(share))))).toEqual([1, 1, 2, 1]);
    expect(told.toSorted()).toEqual(
      [0, 1, 2, 2, 3].map((share, at) => keyIn(share, ['y', 'w', 'x', 'z', 'v'][at])).toSorted(),
    );
    for (const one of all) {
      expect(await b.repeated(order([one]))).toBe(one === full ? undefined : result.sentId);
    }
    expect(await a.count(keyIn(2, 'x'))).toBe(1);
    expect(await b.count(keyIn(2, 'x'))).toBe(1);
  });

  test('keeps the MessageID of the VASP', async () => {
    const { a } = await world();
    const result = await a.deposit(order([recipient(0, 'x'), recipient(1, 'y')], { vaspMessageId: 'of-the-vasp' }));
    expect(result).toEqual({ sentId: 'of-the-vasp', recipients: ['stored', 'stored'] });
  });

  test('that is sent again through another node is known there, and kept once', async () => {
    const { a, b, c, stores } = await world();
    const all = [recipient(0, 'x'), recipient(1, 'y'), recipient(2, 'z')];
    const first = await a.deposit(order(all));
    expect(await b.repeated(order(all))).toBe(first.sentId);
    expect(await c.deposit(order(all))).toEqual(first);
    expect(await Promise.all([0, 1, 2].map((share) => count(stores.get(share))))).toEqual([1, 1, 1]);
    expect(await b.repeated(order(all, { transactionId: '2' }))).toBeUndefined();
    expect(await b.repeated(order([...all, recipient(3, 'new')]))).toBeUndefined();
  });

  test('one of whose shares fails fails, and is whole when it is sent again', async () => {
    const { a, b, failing, stores } = await world();
    const all = [recipient(0, 'x'), recipient(1, 'y'), recipient(2, 'z')];
    failing.set(1, 'ETIMEDOUT');
    await expect(a.deposit(order(all))).rejects.toMatchObject({ failure: 'ETIMEDOUT' });
    expect(await b.repeated(order(all))).toBeUndefined();
    failing.clear();
    const again = await b.deposit(order(all));
    expect(again.recipients).toEqual(['stored', 'stored', 'stored']);
    expect(await b.repeated(order(all))).toBe(again.sentId);
    for (const one of all) expect(await b.repeated(order([one]))).toBe(again.sentId);
    expect(await Promise.all([0, 1, 2].map((share) => count(stores.get(share))))).toEqual([1, 1, 1]);
  });

  test('follows a share that moves while it is kept', async () => {
    const { nodes, a, asked } = await world();
    nodes.move(1, 'c', nodes.all.slice(1));
    const result = await a.deposit(order([recipient(0, 'x'), recipient(1, 'y')]));
    expect([result.recipients, asked]).toEqual([
      ['stored', 'stored'],
      ['a0', 'b1', 'c1'],
    ]);
  });

  test('has nobody to keep it where a share has no holder: nothing is claimed to be kept', async () => {
    const { nodes, a, stores } = await world();
    nodes.move(1, undefined);
    await expect(a.deposit(order([recipient(0, 'x'), recipient(1, 'y')]))).rejects.toMatchObject({ code: 'NOT_HELD' });
    expect(await count(stores.get(1))).toBe(0);
  });

  test('to nobody is kept nowhere', async () => {
    const { a, asked } = await world();
    expect((await a.deposit(order([]))).recipients).toEqual([]);
    expect(asked).toEqual([]);
  });
});

describe('what a node remembers of mailboxes', () => {
  test('is what it is told; of whom it knows nothing it asks once, and after a gap again', async () => {
    const { a, b, asked } = await world();
    const user = keyIn(1, 'y');
    expect([a.concerns(user), a.isOpen(), a.known().hasMail]).toEqual([true, false, false]);
    expect((await a.standing(visitorOf(user), true)).isEmpty).toBe(true);
    expect([a.concerns(user), b.concerns(user)]).toEqual([false, true]);
    a.told([user], undefined);
    expect([a.concerns(user), a.isOpen(), a.known().hasMail]).toEqual([true, true, true]);
    await a.standing(visitorOf(user), true);
    expect(a.concerns(user)).toBe(false);
    a.forgetKnown();
    expect([a.concerns(user), a.isOpen()]).toEqual([true, true]);
    expect(asked).toEqual(['b1', 'b1']);
  });

  test('of second tries: those that it heard of, until their time is over; after a gap all of them', async () => {
    const { a, clock } = await world();
    expect(a.mayRepeat(SESSION, '1')).toBe(false);
    a.told([keyIn(1)], { sessionKey: SESSION, transactionId: '1' });
    expect([a.mayRepeat(SESSION, '1'), a.mayRepeat(SESSION, '2')]).toEqual([true, false]);
    expect(a.known().rememberedUntil).toBeGreaterThan(clock.wall());
    a.forgetKnown();
    expect([a.mayRepeat(SESSION, '1'), a.mayRepeat(SESSION, '2')]).toEqual([true, true]);
    clock.advance(a.known().rememberedUntil - clock.wall() + 1);
    expect(a.mayRepeat(SESSION, '2')).toBe(false);
  });

  test('changes by an operator reach the holder of each user', async () => {
    const { a, asked, told } = await world();
    await a.changed([keyIn(2, 'x'), keyIn(0, 'y'), keyIn(2, 'z')]);
    expect(asked.toSorted()).toEqual(['a0', 'c2']);
    expect(told.toSorted()).toEqual([keyIn(0, 'y'), keyIn(2, 'x'), keyIn(2, 'z')].toSorted());
  });
});
