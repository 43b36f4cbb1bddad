/** What is put into mailboxes of one message: whose, for how long, sealed, and once however often its sender tries. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Element, element } from '../../gateway/csp/element.ts';
import { depositAll } from '../../gateway/mailbox/depositing.ts';
import type {
  Deposit,
  DepositOrder,
  DepositRecipient,
  MailboxResult,
  MailboxStore,
  OffLineWishes,
} from '../../gateway/mailbox-ports.ts';
import { readContent, readEnvelope, readNotification } from '../../gateway/stored-message/sealed.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { createClock, STARTS_AT, secretsOf, TEST_KEY } from '../transcripts/rig.ts';

const SECRETS = secretsOf(TEST_KEY);
const HOUR = 3_600_000;
const OUR_ID = /^sapgw\.mail\.[A-Za-z0-9_-]{22}$/;

const INFO = element('MessageInfo', [
  element('ContentType', 'text/plain'),
  element('ContentSize', 5),
  element('Sender', [element('User', [element('UserID', 'wv:alice@im.example')])]),
  element('Validity', 600),
]);

function recipient(name: string, keep: Partial<DepositRecipient['keep']> = {}): DepositRecipient {
  const notify = { bearer: 'sms', windowMillis: HOUR };
  return {
    userId: `wv:${name}@im.example`,
    userKey: `key-of-${name}`,
    keep: { policy: 'waiting', messages: 10, bytes: 1000, keepMillis: HOUR, notify, ...keep },
  };
}

const ORDER: DepositOrder = {
  vasp: 'verona',
  sessionKey: 'session-of-alice',
  senderKey: 'key-of-alice',
  sender: 'wv:alice@im.example',
  transactionId: '7',
  info: INFO,
  content: element('ContentData', 'Grüße'),
  wantsReport: true,
  validitySeconds: undefined,
  vaspMessageId: undefined,
  recipients: [recipient('bob')],
};

let store: MailboxStore;
let puts: Deposit[];
let counted: MailboxResult[];
let clock = createClock(STARTS_AT);
/** What the store fails with at this put, counted from 1. */
let failsAt: number;
let most: number;

beforeEach(() => {
  clock = createClock(STARTS_AT);
  store = openMemoryStore().mailbox;
  puts = [];
  counted = [];
  failsAt = 0;
  most = 1000;
});

function deposit(changes: Partial<DepositOrder> = {}): ReturnType<typeof depositAll> {
  const watched = Object.create(store, {
    put: {
      value: async (one: Deposit, limit: number) => {
        if (puts.push(one) === failsAt) throw new Error('the disk is full');
        return store.put(one, limit);
      },
    },
  }) as MailboxStore;
  const metrics = { mailbox: (result: MailboxResult) => counted.push(result) };
  const sendsTextMessages = (bearer: string): boolean => bearer === 'sms';
  const parts = { store: watched, secrets: SECRETS, clock, metrics, mostMessages: most, sendsTextMessages };
  return depositAll(parts, { ...ORDER, ...changes });
}

function unsealed(purpose: string, sealed: Uint8Array | undefined): string {
  const text = sealed === undefined ? undefined : SECRETS.unseal(purpose, sealed);
  if (text === undefined) throw new Error(`no ${purpose} was sealed`);
  return text;
}

describe('one message', () => {
  test('is one record, with everything that a name could be read from sealed', async () => {
    const { sentId, recipients } = await deposit();
    expect(recipients).toEqual(['stored']);
    expect(sentId).toMatch(OUR_ID);
    expect(counted).toEqual(['stored']);
    const [message] = await store.waiting('key-of-bob', 10);
    expect(message).toMatchObject({
      kind: 'message',
      userKey: 'key-of-bob',
      senderKey: 'key-of-alice',
      vasp: 'verona',
      policy: 'waiting',
      storedAt: STARTS_AT,
      expiresAt: STARTS_AT + HOUR,
      bytes: 7,
      state: 'waiting',
    });
    if (message === undefined) throw new Error('it is kept');
    expect(readEnvelope(unsealed('envelope', message.envelope))).toEqual({
      sentId,
      wantsReport: true,
      info: element('MessageInfo', [
        element('ContentType', 'text/plain'),
        element('ContentSize', 5),
        element('Recipient', [element('User', [element('UserID', 'wv:bob@im.example')])]),
        element('Sender', [element('User', [element('UserID', 'wv:alice@im.example')])]),
        element('DateTime', '20261201T100000Z'),
      ]),
    });
    expect(readContent(unsealed('content', await store.content(message.id)))).toEqual(ORDER.content);
    expect(JSON.stringify(message)).not.toMatch(/alice@|bob@/);
    expect(`sapgw.mail.${message.id}`).not.toBe(sentId);
    const told = await store.notifications.get('key-of-bob', 'waiting');
    expect(told).toMatchObject({ bearer: 'sms', vasp: 'verona', at: STARTS_AT, windowMillis: HOUR });
    expect(readNotification(unsealed('notification', told?.content))).toEqual({
      to: 'wv:bob@im.example',
      sender: 'wv:alice@im.example',
    });
  });

  test('is announced only where the policy says so', async () => {
    await deposit({ recipients: [recipient('bob', { notify: undefined })] });
    expect(await store.notifications.get('key-of-bob', 'waiting')).toBeUndefined();
  });

  test('keeps the time that its sender gave', async () => {
    const info = { ...INFO, children: [...INFO.children, element('DateTime', '20261201T0900Z')] };
    await deposit({ info });
    const envelope = readEnvelope(unsealed('envelope', puts[0]?.message.envelope));
    expect(envelope?.info.children.map(({ name, text }) => [name, text])).toContainEqual([
      'DateTime',
      '20261201T0900Z',
    ]);
    expect(envelope?.info.children.filter(({ name }) => name === 'DateTime')).toHaveLength(1);
  });

  test.each<[string, Partial<DepositOrder>, number]>([
    ['text, in UTF-8', { content: element('ContentData', '€') }, 3],
    ['nothing', { content: undefined }, 0],
    ['BASE64, for what it stands for', base64('AAECAwQ='), 5],
    ['BASE64 in lines', base64('AAEC\nAwQ=\n'), 5],
  ])('counts %s', async (_, changes, bytes) => {
    await deposit(changes);
    expect(puts[0]?.message.bytes).toBe(bytes);
    expect(puts[0]?.content === undefined).toBe(bytes === 0);
  });

  test.each<[string, number | undefined, number]>([
    ['no Validity', undefined, HOUR],
    ['a shorter one', 60, 60_000],
    ['a longer one', 90_000, HOUR],
  ])('is kept for as long as both allow: %s', async (_, validitySeconds, life) => {
    await deposit({ validitySeconds });
    expect(puts[0]?.message.expiresAt).toBe(STARTS_AT + life);
  });

  test.each([0, -1])('that is of no use later is not kept: Validity %i', async (validitySeconds) => {
    const { recipients } = await deposit({ validitySeconds, recipients: [recipient('bob'), recipient('carol')] });
    expect(recipients).toEqual(['refused', 'refused']);
    expect([puts, counted]).toEqual([[], []]);
  });
});

function base64(text: string): Partial<DepositOrder> {
  const info = { ...INFO, children: [...INFO.children, element('ContentEncoding', 'BASE64')] };
  return { info, content: element('ContentData', text) };
}

describe('several recipients', () => {
  const three = [recipient('bob'), recipient('carol', { messages: 0 }), recipient('erin')];

  test('have a record each, and one MessageID; who has no room is told apart', async () => {
    const { sentId, recipients } = await deposit({ recipients: three });
    expect(recipients).toEqual(['stored', 'full', 'stored']);
    expect(counted).toEqual(['stored', 'full', 'stored']);
    expect(new Set(puts.map(({ message }) => message.id)).size).toBe(3);
    expect(puts.map(({ duplicate }) => duplicate?.sentId)).toEqual([sentId, sentId, sentId]);
    const named = puts.map(({ message }) => readEnvelope(unsealed('envelope', message.envelope))?.info);
    expect(named.map((info) => info?.children.filter(({ name }) => name === 'Recipient'))).toEqual(
      three.map(({ userId }) => [element('Recipient', [element('User', [element('UserID', userId)])])]),
    );
  });

  test('share the MessageID of the VASP where it gave one', async () => {
    expect(await deposit({ recipients: three, vaspMessageId: 'theirs' })).toMatchObject({ sentId: 'theirs' });
    expect(puts[0]?.duplicate?.sentId).toBe('theirs');
  });

  test('when the mailbox as a whole is full, nobody has room', async () => {
    most = 1;
    expect((await deposit({ recipients: [recipient('bob'), recipient('erin')] })).recipients).toEqual([
      'stored',
      'full',
    ]);
  });
});

describe('a second try', () => {
  test('is known, and told the first MessageID again', async () => {
    const first = await deposit();
    clock.advance(119_000);
    const second = await deposit({ vaspMessageId: 'theirs' });
    expect(second).toEqual(first);
    expect(counted).toEqual(['stored', 'duplicate']);
    expect(await store.waiting('key-of-bob', 10)).toHaveLength(1);
  });

  test('is known after the message was delivered', async () => {
    const first = await deposit();
    await store.end([puts[0]?.message.id ?? ''], []);
    expect(await deposit()).toEqual(first);
    expect(await store.waiting('key-of-bob', 10)).toHaveLength(0);
  });

  test('finishes what the first did not get to, under one MessageID', async () => {
    failsAt = 2;
    const both = { recipients: [recipient('bob'), recipient('erin')] };
    await expect(deposit(both)).rejects.toThrow();
    expect(counted).toEqual(['stored']);
    const { sentId, recipients } = await deposit(both);
    expect(recipients).toEqual(['stored', 'stored']);
    expect(counted).toEqual(['stored', 'duplicate', 'stored']);
    const ids = puts.map(({ message }) => readEnvelope(unsealed('envelope', message.envelope))?.sentId);
    expect([ids[0], ids[3]]).toEqual([sentId, sentId]);
  });

  test.each<[string, Partial<DepositOrder>, number]>([
    ['another transaction', { transactionId: '8' }, 0],
    ['another session', { sessionKey: 'session-of-alice-2' }, 0],
    ['another text', { content: element('ContentData', 'Gruß') }, 0],
    ['another VASP', { vasp: 'padua' }, 0],
    ['the same two minutes later', {}, 120_000],
  ])('is none: %s', async (_, changes, millis) => {
    await deposit();
    clock.advance(millis);
    await deposit(changes);
    expect(counted).toEqual(['stored', 'stored']);
  });
});

describe('IMPS 1.3', () => {
  const etem: Element = { ...INFO, children: [...INFO.children, element('ExtBlockETEM', [element('Vendor', 'x')])] };

  test.each<[string | undefined, 'refused' | 'stored']>([
    ['REJECT', 'refused'],
    ['SENDREJECT', 'refused'],
    ['SENDSTORE', 'stored'],
    ['PRIORITYSTORE', 'stored'],
    [undefined, 'stored'],
  ])('ExtBlockETEM for somebody whose OfflineETEMHandling is %s: %s', async (etemHandling, outcome) => {
    const wishes: OffLineWishes = { bearers: undefined, etemHandling, notifications: undefined };
    await store.wishes.set('key-of-bob', wishes);
    expect((await deposit({ info: etem, recipients: [recipient('bob'), recipient('erin')] })).recipients).toEqual([
      outcome,
      'stored',
    ]);
    expect((await deposit()).recipients).toEqual(['stored']);
  });
});
