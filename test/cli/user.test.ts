/** `sapgw user`: what is kept of a user is shown, erased, and what stays is told. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { acceptance, message, OTHER_TEXT, record, TEXT } from '../stores/records-of-tests.ts';
import { ALICE, BOB, CANARY, Kept } from './kept.ts';

let kept: Kept;
beforeEach(async () => {
  kept = new Kept();
  await kept.fill();
});
afterEach(() => kept.remove());

const hash = () => kept.key('one', ALICE);
const NO_MAIL = { messages: [], notifications: [], wishes: null };

test('export shows all that is known, by VASP, and no name', async () => {
  const { out, status } = await kept.sapgw('user', 'export', ALICE);
  expect(status).toBe(0);
  const { vasps } = JSON.parse(out) as { vasps: readonly unknown[] };
  expect(vasps).toEqual([
    {
      vasp: 'one',
      user: hash(),
      acceptances: [
        { policy: 'aoc', version: 3, option: 'accept', acceptedAt: '2023-11-14T22:13:20.000Z' },
        { policy: 'tariff', version: 3, option: 'accept', acceptedAt: '2023-11-14T22:13:20.000Z' },
      ],
      records: [1, 2, 5].map((sequence) =>
        expect.objectContaining({ sequence, id: record(sequence).id, shown: TEXT.text }),
      ),
      damaged: [],
      sessions: [
        {
          openedAt: '2023-11-14T22:13:20.123Z',
          expiresAt: '2023-11-14T22:15:20.123Z',
          csp: '1.2',
          encoding: 'wbxml',
          keepAliveSeconds: 120,
          granted: expect.arrayContaining(['MM', 'GETJU', 'GETSPI']),
        },
      ],
      messages: [
        {
          id: message(1).id,
          policy: 'presence-notice',
          version: 3,
          broadcast: 'spring-notice',
          state: 'answered',
          createdAt: '2023-11-14T22:13:20.001Z',
          expiresAt: '2023-11-15T22:13:20.001Z',
          sentAt: '2023-11-14T22:13:21.000Z',
          tries: 3,
          deliveredAt: '2023-11-14T22:13:22.000Z',
          answeredAt: '2023-11-14T22:13:23.000Z',
          option: 'allow',
          way: 'conversation',
          endedAt: '2023-11-14T22:13:23.000Z',
        },
        expect.objectContaining({ id: message(2).id, state: 'open', sentAt: null, option: null, endedAt: null }),
      ],
      settings: { help: 'off', seen: [{ policy: 'welcome', version: 2 }] },
      mailbox: {
        messages: [
          {
            id: `${'m'.repeat(20)}0A`,
            kind: 'message',
            vasp: 'one',
            policy: 'away',
            user: hash(),
            state: 'waiting',
            reason: null,
            diedAt: null,
            storedAt: '2023-11-14T22:13:20.000Z',
            expiresAt: '2023-11-21T22:13:20.000Z',
            bytes: 5,
            tries: 0,
            handedAt: null,
          },
          expect.objectContaining({ state: 'dead', reason: 'unacknowledged', diedAt: '2023-11-14T22:13:21.000Z' }),
        ],
        notifications: [
          {
            user: hash(),
            vasp: 'one',
            policy: 'away',
            bearer: 'sms',
            state: 'waiting',
            wantedAt: '2023-11-14T22:13:20.000Z',
            dueAt: '2023-11-14T22:13:20.000Z',
            sentAt: null,
            tries: 0,
            failure: null,
          },
        ],
        wishes: { bearers: ['SMS'], notifications: true },
      },
    },
    expect.objectContaining({
      vasp: 'two',
      records: [expect.objectContaining({ shown: OTHER_TEXT.text })],
      sessions: [],
      messages: [],
      settings: { help: 'on', seen: [] },
      mailbox: NO_MAIL,
    }),
  ]);
  expect(out).not.toMatch(/alice/i);
  for (const form of ['utf8', 'base64', 'base64url', 'hex'] as const) {
    expect(out).not.toContain(Buffer.from(CANARY).toString(form).slice(0, 20));
  }
  expect(out).not.toContain(kept.key('one', BOB));
});

test('export of one VASP, and of somebody unknown', async () => {
  const one = await kept.sapgw('user', 'export', ALICE, '--vasp', 'two');
  expect(JSON.parse(one.out)).toMatchObject({ vasps: [{ vasp: 'two' }] });
  const nobody = await kept.sapgw('user', 'export', 'wv:nobody@im.example', '--vasp', 'two');
  expect(JSON.parse(nobody.out)).toEqual({
    vasps: [
      {
        vasp: 'two',
        user: kept.key('two', 'wv:nobody@im.example'),
        acceptances: [],
        records: [],
        damaged: [],
        sessions: [],
        messages: [],
        settings: { help: 'on', seen: [] },
        mailbox: NO_MAIL,
      },
    ],
  });
});

test('forget erases acceptances, keeps the records and says so', async () => {
  const { out, status } = await kept.sapgw('user', 'forget', ALICE);
  expect(out.split('\n')).toEqual([
    `one: 2 acceptances erased; 2 system messages erased; 2 kept messages erased; 3 audit records kept as proof under the keyed hash ${hash()} for ever; 1 open session kept until the end of it`,
    `two: 1 acceptance erased; 1 audit record kept as proof under the keyed hash ${kept.key('two', ALICE)} for ever`,
    '',
  ]);
  expect(status).toBe(0);
  await kept.store(async (store) => {
    expect(await store.acceptances.of(hash())).toEqual([]);
    expect(await store.acceptances.of(kept.key('one', BOB))).toHaveLength(1);
    expect(await store.audit.recordsOf(hash())).toHaveLength(3);
    expect(await store.systemMessages.of(hash())).toEqual([]);
    expect(await store.systemMessages.settings(hash())).toEqual({ help: 'on', seen: new Map() });
    expect(await store.systemMessages.of(kept.key('one', BOB))).toHaveLength(1);
    expect(await store.mailbox.totals()).toEqual({ waiting: 1, waitingBytes: 5, reports: 0, dead: 0 });
    expect(await store.mailbox.notifications.slice(undefined, 10)).toEqual([]);
    expect(await store.mailbox.wishes.of(hash())).toBeUndefined();
  });
  expect((await kept.sapgw('audit', 'verify')).status).toBe(0);
});

test('forget --records erases their content, and the chain still verifies', async () => {
  const { out } = await kept.sapgw('user', 'forget', ALICE, '--records', '--vasp', 'one');
  expect(out).toBe(
    'one: 2 acceptances erased; 2 system messages erased; 2 kept messages erased; the content of 3 audit records erased; 1 open session kept until the end of it\n',
  );
  const verified = await kept.sapgw('audit', 'verify');
  expect([verified.out.split('\n')[0], verified.status]).toEqual(['5 entries, 3 of them erased', 0]);
  const left = (await kept.sapgw('audit', 'export')).out;
  expect(left).not.toContain(hash());
  expect((await kept.sapgw('user', 'forget', ALICE, '--records', '--vasp', 'one')).out).toBe(
    'one: 0 acceptances erased; no audit records; 1 open session kept until the end of it\n',
  );
});

test('forget says until when records stay, and tells programs the same', async () => {
  kept.remove();
  kept = new Kept('audit: { keep: 365d }\n');
  await kept.fill();
  expect((await kept.sapgw('user', 'forget', BOB, '--vasp', 'one')).out).toBe(
    `one: 1 acceptance erased; 1 system message erased; 1 kept message erased; 1 audit record kept as proof under the keyed hash ${kept.key('one', BOB)} until 2024-11-13T22:13:40.004Z\n`,
  );
  expect(JSON.parse((await kept.sapgw('user', 'forget', BOB, '--vasp', 'one', '--json')).out)).toEqual([
    {
      vasp: 'one',
      user: kept.key('one', BOB),
      acceptances: 0,
      recordsErased: 0,
      recordsKept: 1,
      keptUntil: '2024-11-13T22:13:40.004Z',
      damaged: [],
      sessions: 0,
      messages: 0,
      mailbox: 0,
    },
  ]);
});

test('a VASP that is not configured is wrong use, and nothing is erased', async () => {
  const { err, status } = await kept.sapgw('user', 'forget', ALICE, '--vasp', 'three');
  expect([err, status]).toEqual([['--vasp: the configuration has no VASP three; it has one, two'], 2]);
  await kept.store(async (store) => expect(await store.acceptances.of(hash())).toHaveLength(2));
});

test('a memory store is inside the gateway', async () => {
  const { err, status } = await kept.sapgw('user', 'export', ALICE, '--store', 'memory:');
  expect([err.join(), status]).toEqual([expect.stringContaining('lives inside the running gateway only'), 2]);
});

test.each(['export', 'forget'])(
  '%s tells of a user who logs in without a domain, and leaves that one alone',
  async (what) => {
    const short = kept.key('two', 'alice');
    await kept.store((store) =>
      store.acceptances.accept(short, { remember: [acceptance({ policy: 'aoc' })], records: [], texts: [] }),
    );
    const { err, out, status } = await kept.sapgw('user', what, ALICE);
    expect(status).toBe(0);
    expect(err).toEqual([
      'two: somebody who logs in without a domain, as alice, is known too; if that is the same user, name that id',
    ]);
    expect(out).not.toContain(short);
    expect(await kept.store((store) => store.acceptances.of(short))).toHaveLength(1);
  },
);
