/**
 * Operator messages in a running gateway by the API: phones get them, the report follows what they do with them, through a
 * restart too, and whatever cannot be done is answered in words.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../main/admin-calls.ts';
import { MessagesWorld } from './messages-world.ts';

const ALICE = 'wv:alice@sandbox';
const BOB = 'wv:bob@sandbox';
const CARL = 'wv:carl@sandbox';

let world: MessagesWorld;
beforeAll(async () => {
  world = await MessagesWorld.start();
  await world.logIn(ALICE, BOB, CARL);
});
afterAll(() => world.close());

const isTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);

/** The sending, once everybody was looked at. */
async function sent(order: object) {
  const { status, json } = await world.call('POST', 'messages', order);
  expect([status, json.state]).toEqual([202, expect.stringMatching(/^(running|sent)$/)]);
  const show = async () => (await world.call('GET', `messages/${String(json.id)}`)).json;
  return { id: String(json.id), json: await until(show, ({ state }) => state === 'sent'), show };
}

test('to everybody: each gets it once, and the report follows', async () => {
  const { id, json, show } = await sent({ policy: 'notice', everybody: true, perSecond: 1000 });
  const nothing = { inbox: 0, read: 0, expired: 0, withdrawn: 0, full: 0, nameless: 0 };
  expect(json).toEqual({
    id,
    policy: 'notice',
    version: 1,
    to: { everybody: true },
    vasp: null,
    perSecond: 1000,
    state: 'sent',
    since: isTime,
    until: isTime,
    walked: 3,
    of: 3,
    matched: 3,
    queued: 3,
    open: 3,
    sent: 0,
    delivered: 0,
    answered: 0,
    options: {},
    ...nothing,
  });
  expect(await world.fetch(ALICE, 2)).toBe('The service is closed tonight.');
  expect(await world.fetch(BOB)).toBe('The service is closed tonight.');
  expect(await world.fetch(ALICE)).toBeUndefined();
  expect(await show()).toMatchObject({ open: 2, sent: 2, delivered: 2, answered: 1, options: { pity: 1 }, ...nothing });
  await world.restart();
  expect(await show()).toMatchObject({ open: 2, sent: 2, delivered: 2, answered: 1, options: { pity: 1 }, ...nothing });
  expect(await world.fetch(CARL, 1)).toBe('The service is closed tonight.');
  expect(await show()).toMatchObject({ open: 1, sent: 3, answered: 2, options: { fine: 1, pity: 1 } });
  const { status, json: cancelled } = await world.call('POST', `messages/${id}/cancel`);
  expect([status, cancelled]).toMatchObject([200, { state: 'cancelled', kept: true, withdrawn: 1, open: 0 }]);
  expect(await world.call('POST', `messages/${id}/cancel`)).toEqual({
    status: 409,
    json: {
      error: { code: 'already-over', message: `The operator message ${id} is cancelled, and nothing of it is open.` },
    },
  });
});

test('to users by a glob', async () => {
  const { json } = await sent({ policy: 'tip', users: 'wv:?o*@sandbox', vasp: 'sandbox' });
  expect(json).toMatchObject({
    to: { users: 'wv:?o*@sandbox' },
    vasp: 'sandbox',
    perSecond: 100,
    matched: 1,
    walked: 3,
  });
  expect(await world.fetch(BOB)).toBe('You can write to groups.');
  expect(await world.fetch(CARL)).toBeUndefined();
});

test('to one user, who is off-line: kept until the next login; and what is kept of that user', async () => {
  const dora = 'wv:dora@sandbox';
  const { status, json } = await world.call('POST', 'messages', { policy: 'notice', user: dora });
  expect([status, json]).toMatchObject([202, { state: 'sent', matched: 1, open: 1, vasp: 'sandbox' }]);
  expect(JSON.stringify(json)).not.toContain('dora');
  const { user } = json.to as { user: string };
  const of = async () => (await world.call('POST', 'users/messages', { user: dora })).json;
  const record = { id: expect.any(String), policy: 'notice', version: 1, broadcast: json.id, createdAt: isTime };
  expect(await of()).toEqual({
    vasps: [
      {
        vasp: 'sandbox',
        user,
        help: 'on',
        messages: [
          {
            ...record,
            state: 'open',
            expiresAt: isTime,
            sentAt: null,
            tries: 0,
            deliveredAt: null,
            answeredAt: null,
            option: null,
            way: null,
            endedAt: null,
          },
        ],
      },
    ],
  });
  await world.logIn(dora);
  expect(await world.fetch(dora, 1)).toBe('The service is closed tonight.');
  expect(await of()).toMatchObject({
    vasps: [
      {
        messages: [
          {
            ...record,
            state: 'answered',
            sentAt: isTime,
            tries: 1,
            deliveredAt: isTime,
            answeredAt: isTime,
            option: 'fine',
            way: 'system-message',
            endedAt: isTime,
          },
        ],
      },
    ],
  });
  expect((await world.call('POST', 'users/messages', { user: 'wv:nobody@sandbox' })).json).toMatchObject({
    vasps: [{ help: 'on', messages: [] }],
  });
});

test('somebody who logged in without a domain is not taken for another, and the operator is told', async () => {
  await world.logIn('erik');
  const { json } = await world.call('POST', 'messages', { policy: 'notice', user: 'wv:erik@sandbox' });
  expect(json.hint).toMatch(/^Nobody is on-line under this id, but somebody is who logged in without a domain;/);
  expect(await world.fetch('erik')).toBeUndefined();
});

test('what was sent is listed, the newest first', async () => {
  const { json } = await world.call('GET', 'messages');
  const { messages } = json as unknown as { messages: readonly { policy: string; since: string; state: string }[] };
  expect(messages.map(({ policy, state }) => [policy, state])).toEqual([
    ['notice', 'sent'],
    ['notice', 'sent'],
    ['tip', 'sent'],
    ['notice', 'cancelled'],
  ]);
  expect(messages.map(({ since }) => since)).toEqual(
    messages
      .map(({ since }) => since)
      .toSorted()
      .toReversed(),
  );
});

describe('what cannot be done', () => {
  const FORM =
    'Send {"policy": ID} with {"user": ID}, {"users": GLOB} or {"everybody": true}, and "vasp" and "perSecond" if you wish.';
  const refused = async (path: string, body: unknown, method = 'POST') => {
    const { status, json } = await world.call(method, path, body);
    const { code, message } = json.error as { code: string; message: string };
    return [status, code, message];
  };

  test.each([
    [undefined, 'bad-request', `The body must be a JSON object. ${FORM}`],
    [[], 'bad-request', `The body must be a JSON object. ${FORM}`],
    [{ everybody: true }, 'bad-request', `No policy is named. ${FORM}`],
    [{ policy: 'notice' }, 'bad-request', `Name whom it is for, in one way. ${FORM}`],
    [{ policy: 'notice', user: ALICE, users: '*' }, 'bad-request', `Name whom it is for, in one way. ${FORM}`],
    [
      { policy: 'notice', everybody: true, perSecond: '9' },
      'bad-request',
      `The value of perSecond must be a number. ${FORM}`,
    ],
    [
      { policy: 'notice', all: true },
      'bad-request',
      expect.stringMatching(/^The key "all" is unknown; known are policy/),
    ],
    [
      { policy: 'notcie', everybody: true },
      'no-such-policy',
      'No policy in force has the id "notcie"; did you mean notice?',
    ],
    [
      { policy: 'added', everybody: true },
      'not-an-operator-policy',
      'The policy added is not sent by hand: that takes one with trigger: { on: operator }; there are notice, tip.',
    ],
    [{ policy: 'notice', everybody: true, vasp: 'x' }, 'no-such-vasp', 'No VASP is named "x"; there are sandbox.'],
    [
      { policy: 'notice', everybody: true, perSecond: 20_000 },
      'bad-rate',
      'The rate is a whole number of users a second, 1 to 10000.',
    ],
    [{ policy: 'notice', users: 'a b*' }, 'bad-glob', expect.stringMatching(/^The users must not hold blanks/)],
    [{ policy: 'notice', user: 'wv:*' }, 'bad-user', 'A user id has no * and no ?; a glob goes to several users.'],
  ])('sending %j', async (body, code, message) => {
    expect(await refused('messages', body)).toEqual([400, code, message]);
  });

  test('showing or cancelling what is not known', async () => {
    const message = 'No operator message is known by the id "0123"; the newest hundred are, see GET /api/v1/messages.';
    expect(await refused('messages/0123', undefined, 'GET')).toEqual([404, 'no-such-message', message]);
    expect(await refused('messages/0123/cancel', undefined)).toEqual([404, 'no-such-message', message]);
  });

  test('asking for the messages of nobody, or at no VASP', async () => {
    const form = 'Send {"user": ID}, and "vasp" for one messaging service alone.';
    expect(await refused('users/messages', {})).toEqual([400, 'bad-request', `No user is named. ${form}`]);
    expect(await refused('users/messages', { user: ALICE, vasp: 'x' })).toEqual([
      400,
      'bad-request',
      'No VASP is named "x"; there are sandbox.',
    ]);
  });

  test('without the token', async () => {
    for (const [method, path] of [
      ['GET', 'messages'],
      ['POST', 'messages'],
      ['POST', 'users/messages'],
    ]) {
      const { status } = await fetch(`${world.admin}/api/v1/${path}`, { method: method ?? '' });
      expect([path, status]).toEqual([path, 401]);
    }
  });
});
