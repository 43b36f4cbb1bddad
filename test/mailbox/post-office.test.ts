/**
 * The mailbox over a store, as the chain asks it: handed over in order until acknowledged, not to those who were told
 * nothing of lists, reports to senders, ends by every way that there is.
 */
import { describe, expect, test } from '@jest/globals';
import { child, childText, element } from '../../gateway/csp/element.ts';
import { PostOffice as Office, type PostOffice } from '../../gateway/mailbox/post-office.ts';
import type { AccessLists, DepositOrder, MailboxStore, OutgoingMail, Visitor } from '../../gateway/mailbox-ports.ts';
import type { PolicySets } from '../../gateway/policy/live-sets.ts';
import type { Secrets } from '../../gateway/ports.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { MemoryMailbox } from '../../gateway/stores/memory-mailbox.ts';
import { silentLog } from '../http/doubles.ts';

const NOBODY: AccessLists = { blocked: undefined, granted: undefined };
const START = 1_700_000_000_000;

function secretsOf(text: string): Secrets {
  const opened = openSecrets({ kind: 'keys', text });
  if (opened.kind === 'failed') throw new Error(opened.problem);
  return opened.secrets;
}

interface World {
  readonly office: PostOffice;
  readonly store: MailboxStore;
  readonly rung: string[];
  readonly counted: Map<string, number>;
  now: number;
  restart(): Promise<void>;
}

async function world(store: MailboxStore = new MemoryMailbox()): Promise<World> {
  const rung: string[] = [];
  const counted = new Map<string, number>();
  const secrets = secretsOf('a'.repeat(40));
  const none = { offLineUser: [] };
  const policies = { current: () => none, live: () => [none] } as unknown as PolicySets;
  const made = { now: START, rung, counted, store } as unknown as { -readonly [K in keyof World]: World[K] };
  const open = async (): Promise<void> => {
    made.office = await Office.open({
      store,
      policies,
      secrets,
      clock: { wall: () => made.now },
      metrics: { mailbox: (result, count = 1) => void counted.set(result, (counted.get(result) ?? 0) + count) },
      log: silentLog,
      mostMessages: 1_000,
      sendsTextMessages: () => true,
      knownUsers: 100,
      firstTransactionNumber: 0,
      events: { concern: async () => {}, ring: (userKey) => void rung.push(userKey) },
    });
  };
  made.restart = open;
  await open();
  return made;
}

function order(text: string, changes: Partial<DepositOrder> = {}): DepositOrder {
  return {
    vasp: 'v',
    sessionKey: 'session-of-alice',
    senderKey: 'alice',
    sender: 'wv:alice@im.example',
    transactionId: text,
    info: element('MessageInfo', [
      element('ContentType', 'text/plain'),
      element('Sender', [element('User', [element('UserID', 'wv:alice@im.example')])]),
    ]),
    content: element('ContentData', text),
    wantsReport: true,
    validitySeconds: undefined,
    vaspMessageId: undefined,
    recipients: [
      {
        userId: 'wv:bob@im.example',
        userKey: 'bob',
        keep: { policy: 'p', messages: 10, bytes: 1_000, keepMillis: 3_600_000, notify: undefined },
      },
    ],
    ...changes,
  };
}

function visitor(userKey: string, changes: Partial<Visitor> = {}): Visitor {
  return {
    sessionKey: `session-of-${userKey}`,
    userKey,
    vasp: 'v',
    version: '1.2',
    openedAt: START,
    gets: { messages: true, notifications: true, reports: true },
    delivery: { method: 'P', pushedBytes: undefined },
    ...changes,
  };
}

const BOB = visitor('bob');
const ALICE = visitor('alice');

const textOf = (mail: OutgoingMail | undefined): string | undefined => childText(mail?.primitive, 'ContentData');
const idOf = (mail: OutgoingMail | undefined): string =>
  childText(child(mail?.primitive, 'MessageInfo'), 'MessageID') ?? '';
const codeOf = (mail: OutgoingMail | undefined): string | undefined =>
  childText(child(mail?.primitive, 'Result'), 'Code');

/** Everything that a user gets, each acknowledged. */
async function fetchAll(office: PostOffice, who: Visitor): Promise<string[]> {
  const got: string[] = [];
  for (let mail = await office.take(who); mail !== undefined; mail = await office.take(who)) {
    got.push(textOf(mail) ?? '');
    await office.delivered(who, idOf(mail));
  }
  return got;
}

describe('handing over', () => {
  test('in order, one after the other, each until it is acknowledged', async () => {
    const { office, rung, store } = await world();
    for (const text of ['one', 'two', 'three']) await office.deposit(order(text));
    expect(rung).toEqual(['bob', 'bob', 'bob']);
    expect(await office.standing(BOB, false)).toEqual({ isEmpty: false, isWaiting: false, wantsBlockList: true });
    expect(await office.take(BOB)).toBeUndefined();
    await office.accessLists(BOB, NOBODY);
    const first = await office.take(BOB);
    expect(textOf(first)).toBe('one');
    expect(idOf(first)).toMatch(/^sapgw\.mail\.[A-Za-z0-9_-]{22}$/);
    expect(await office.take(BOB)).toBeUndefined();
    expect(await office.delivered(BOB, idOf(first))).toBe(true);
    expect(await fetchAll(office, BOB)).toEqual(['two', 'three']);
    expect(await store.counts('bob')).toEqual({ messages: 0, bytes: 0 });
    expect(office.concerns('bob')).toBe(true);
    expect(await office.standing(BOB, false)).toMatchObject({ isEmpty: true });
    expect(office.concerns('bob')).toBe(false);
  });

  test('again under the same MessageID and another TransactionID, then it is kept for the operator', async () => {
    const made = await world();
    const { office, store } = made;
    await office.deposit(order('one', { recipients: [keptLong(order('one'))] }));
    await office.deposit(order('two', { recipients: [keptLong(order('two'))] }));
    const messageIds = new Set<string>();
    const transactions = new Set<string>();
    for (let tries = 0; tries < 10; tries++) {
      await office.accessLists(BOB, NOBODY);
      const mail = await office.take(BOB);
      expect(textOf(mail)).toBe('one');
      messageIds.add(idOf(mail));
      transactions.add(mail?.transactionId ?? '');
      expect(await office.take(BOB)).toBeUndefined();
      made.now += 3_600_000;
    }
    expect([messageIds.size, transactions.size]).toEqual([1, 10]);
    await office.accessLists(BOB, NOBODY);
    expect(textOf(await office.take(BOB))).toBe('two');
    expect(await store.totals()).toMatchObject({ waiting: 1, dead: 1 });
    expect(made.counted.get('dead')).toBe(1);
  });

  test('after a restart the same message goes out under the same id, and its acknowledgement counts', async () => {
    const made = await world();
    await made.office.deposit(order('one'));
    await made.office.accessLists(BOB, NOBODY);
    const before = await made.office.take(BOB);
    await made.restart();
    made.now += 10_000;
    await made.office.accessLists(BOB, NOBODY);
    const after = await made.office.take(BOB);
    expect(idOf(after)).toBe(idOf(before));
    await made.office.answered(BOB, before?.transactionId ?? '', 200);
    expect(await made.store.totals()).toMatchObject({ waiting: 0 });
  });

  test('not before the session has agreed on its services, or has polled twice', async () => {
    const { office } = await world();
    await office.deposit(order('one'));
    await office.arrived(BOB, false);
    expect(await office.standing(BOB, false)).toEqual({ isEmpty: false, isWaiting: false, wantsBlockList: false });
    await office.ready(BOB.sessionKey);
    expect(await office.standing(BOB, false)).toMatchObject({ wantsBlockList: true });
    const other = visitor('bob', { sessionKey: 'another' });
    await office.arrived(other, false);
    expect(await office.standing(other, true)).toMatchObject({ wantsBlockList: false });
    expect(await office.standing(other, true)).toMatchObject({ wantsBlockList: true });
  });

  test('a session that neither agrees nor polls is called after half a minute', async () => {
    const made = await world();
    await made.office.deposit(order('one'));
    await made.office.arrived(BOB, false);
    made.rung.length = 0;
    made.now += 29_999;
    await made.office.sweep();
    expect(made.rung).toEqual([]);
    made.now += 1;
    await made.office.sweep();
    expect(made.rung).toEqual(['bob']);
    expect(await made.office.standing(BOB, true)).toMatchObject({ wantsBlockList: true });
  });

  test('announced, fetched, and only then gone', async () => {
    const { office, store } = await world();
    await office.deposit(order('one'));
    const who = visitor('bob', { delivery: { method: 'N', pushedBytes: undefined } });
    await office.accessLists(who, NOBODY);
    const mail = await office.take(who);
    expect(mail?.primitive.name).toBe('MessageNotification');
    await office.answered(who, mail?.transactionId ?? '', 200);
    expect(await office.take(who)).toBeUndefined();
    expect((await office.list(who)).length).toBe(1);
    expect(await office.fetch(who, idOf(mail))).toMatchObject({ content: { text: 'one' } });
    expect(await store.totals()).toMatchObject({ waiting: 1 });
    expect(await office.delivered(who, idOf(mail))).toBe(true);
    expect(await store.totals()).toMatchObject({ waiting: 0 });
  });
});

function keptLong({ recipients }: DepositOrder): DepositOrder['recipients'][number] {
  const [recipient] = recipients;
  if (recipient === undefined) throw new Error('an order without recipients');
  return { ...recipient, keep: { ...recipient.keep, keepMillis: 100 * 86_400_000 } };
}

describe('who may write', () => {
  test('what a blocked user sent is dropped, and looks rejected to the sender', async () => {
    const { office, counted, store } = await world();
    await office.deposit(order('one'));
    await office.accessLists(BOB, { blocked: ['alice@im.example'], granted: undefined });
    expect(await office.take(BOB)).toBeUndefined();
    expect(counted.get('blocked')).toBe(1);
    expect(codeOf(await office.take(ALICE))).toBe('538');
    expect(await store.totals()).toMatchObject({ waiting: 0, reports: 1 });
  });

  test('only who is granted, where that list is in use', async () => {
    const { office } = await world();
    await office.deposit(order('one'));
    await office.accessLists(BOB, { blocked: undefined, granted: ['wv:carol@im.example'] });
    expect(await office.take(BOB)).toBeUndefined();
  });

  test('a message that came after the lists were said is judged too', async () => {
    const { office } = await world();
    await office.deposit(order('one'));
    await office.accessLists(BOB, { blocked: ['wv:mallory@im.example'], granted: undefined });
    const info = element('MessageInfo', [
      element('Sender', [element('User', [element('UserID', 'wv:mallory@im.example')])]),
    ]);
    await office.deposit(order('bad', { info, senderKey: 'mallory' }));
    expect(await fetchAll(office, BOB)).toEqual(['one']);
  });

  test('lists that cannot be had hold the messages back, are asked for later, and not all the time', async () => {
    const made = await world();
    const { office } = made;
    await office.deposit(order('one'));
    await office.accessLists(BOB, 'unknown');
    expect(await office.standing(BOB, false)).toEqual({ isEmpty: false, isWaiting: false, wantsBlockList: false });
    expect(await office.list(BOB)).toEqual([]);
    made.now += 5_000;
    expect(await office.standing(BOB, false)).toMatchObject({ wantsBlockList: true });
    await office.accessLists(BOB, NOBODY);
    expect(await fetchAll(office, BOB)).toEqual(['one']);
  });

  test('what is asked for is shown when the lists are known, however long ago it was announced', async () => {
    const made = await world();
    const { office } = made;
    await office.deposit(order('one'));
    const who = visitor('bob', { delivery: { method: 'N', pushedBytes: undefined } });
    await office.accessLists(who, NOBODY);
    const mail = await office.take(who);
    made.now += 60_000;
    expect(await office.fetch(who, idOf(mail))).toBe('later');
    expect(await office.standing(who, true)).toMatchObject({ wantsBlockList: false });
    expect(await office.standing(who, false)).toMatchObject({ wantsBlockList: true });
    await office.accessLists(who, NOBODY);
    expect(await office.fetch(who, idOf(mail))).toMatchObject({ content: { text: 'one' } });
  });

  test('lists that the user has changed are asked for again', async () => {
    const { office } = await world();
    await office.deposit(order('one'));
    await office.accessLists(BOB, NOBODY);
    await office.listsChanged('bob');
    expect(await office.take(BOB)).toBeUndefined();
    expect(await office.standing(BOB, false)).toMatchObject({ wantsBlockList: true });
  });
});

describe('reports', () => {
  test.each([
    ['delivered', '200'],
    ['rejected', '538'],
    ['forwarded', '541'],
  ] as const)('%s', async (how, code) => {
    const { office, rung } = await world();
    const { sentId } = await office.deposit(order('one'));
    await office.accessLists(BOB, NOBODY);
    const mail = await office.take(BOB);
    if (how === 'delivered') await office.delivered(BOB, idOf(mail));
    else expect(await office.settle(BOB, idOf(mail), how)).toBe(true);
    expect(rung).toContain('alice');
    const report = await office.take(ALICE);
    expect(report?.primitive.name).toBe('DeliveryReport-Request');
    expect([codeOf(report), idOf(report)]).toEqual([code, sentId]);
    expect(childText(child(child(child(report?.primitive, 'MessageInfo'), 'Recipient'), 'User'), 'UserID')).toBe(
      'wv:bob@im.example',
    );
    await office.answered(ALICE, report?.transactionId ?? '', 200);
    expect(await office.standing(ALICE, false)).toMatchObject({ isEmpty: true });
  });

  test('expired', async () => {
    const made = await world();
    const { office } = made;
    await office.deposit(order('one', { validitySeconds: 60 }));
    made.now += 60_000;
    await office.accessLists(BOB, NOBODY);
    expect(await office.take(BOB)).toBeUndefined();
    await office.sweep();
    expect(codeOf(await office.take(ALICE))).toBe('542');
    expect(await made.store.totals()).toMatchObject({ waiting: 0, reports: 1 });
  });

  test('none for who wanted none, and none twice', async () => {
    const { office, store } = await world();
    await office.deposit(order('one', { wantsReport: false }));
    await office.deposit(order('two'));
    await office.accessLists(BOB, NOBODY);
    await fetchAll(office, BOB);
    expect(await office.delivered(BOB, 'sapgw.mail.AAAAAAAAAAAAAAAAAAAAAA')).toBe(false);
    expect(await store.totals()).toMatchObject({ reports: 1 });
  });
});

describe('other users', () => {
  test("nobody fetches, rejects or acknowledges another one's message", async () => {
    const { office, store } = await world();
    await office.deposit(order('one'));
    await office.accessLists(BOB, NOBODY);
    await office.accessLists(ALICE, NOBODY);
    const mail = await office.take(BOB);
    const id = idOf(mail);
    expect(await office.fetch(ALICE, id)).toBeUndefined();
    expect(await office.settle(ALICE, id, 'rejected')).toBe(false);
    expect(await office.delivered(ALICE, id)).toBe(false);
    await office.answered(ALICE, mail?.transactionId ?? '', 200);
    expect(await store.totals()).toMatchObject({ waiting: 1, reports: 0 });
  });

  test("a sender's second try is one message, told by the same MessageID", async () => {
    const { office } = await world();
    const first = await office.deposit(order('one'));
    expect(await office.deposit(order('one'))).toEqual(first);
    await office.accessLists(BOB, NOBODY);
    expect(await fetchAll(office, BOB)).toEqual(['one']);
    expect(await office.deposit(order('one'))).toEqual(first);
    expect(await fetchAll(office, BOB)).toEqual([]);
  });

  test('is known before the VASP is asked, after a restart too, and for two minutes', async () => {
    const made = await world();
    const { sentId } = await made.office.deposit(order('one'));
    expect(made.office.mayRepeat('session-of-alice', 'one')).toBe(true);
    expect(made.office.mayRepeat('session-of-alice', 'two')).toBe(false);
    expect(await made.office.repeated(order('one'))).toBe(sentId);
    expect(await made.office.repeated(order('two'))).toBeUndefined();
    const carol = { ...keptLong(order('one')), userId: 'wv:carol@im.example', userKey: 'carol' };
    expect(
      await made.office.repeated(order('one', { recipients: [...order('one').recipients, carol] })),
    ).toBeUndefined();
    await made.restart();
    expect(made.office.mayRepeat('session-of-alice', 'one')).toBe(true);
    expect(await made.office.repeated(order('one'))).toBe(sentId);
    made.now += 120_000;
    expect(made.office.mayRepeat('another session', 'three')).toBe(false);
    expect(await made.office.repeated(order('one'))).toBeUndefined();
  });

  test('a full mailbox is told, and takes again when there is room', async () => {
    const { office } = await world();
    for (let count = 0; count < 10; count++) await office.deposit(order(`m${count}`));
    expect((await office.deposit(order('over'))).recipients).toEqual(['full']);
    await office.accessLists(BOB, NOBODY);
    expect(await fetchAll(office, BOB)).toHaveLength(10);
    expect((await office.deposit(order('over'))).recipients).toEqual(['stored']);
  });
});
