/**
 * What operators do by the API with messages for users who are away: counts, one user's messages, what was given up, and
 * notifications; handing over again, throwing away, notifying again. Names and contents are in no answer and no line of the log.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CANARY, DAY, HOUR, idOf, keyOf, MailboxWorld, NOW } from './mailbox-world.ts';

let world: MailboxWorld;
let answers: unknown[];
beforeEach(async () => {
  answers = [];
  world = await new MailboxWorld().open();
});
afterEach(async () => {
  const told = JSON.stringify([answers, world.logged]);
  await world.close();
  expect(told).not.toContain(CANARY);
  expect(told).not.toContain('wv:');
});

const iso = (millis: number): string => new Date(millis).toISOString();

async function call(method: string, path: string, body?: unknown) {
  const called = await world.call(method, path, body);
  answers.push(called);
  return called;
}

const ids = (json: Record<string, unknown>): string[] => (json.messages as { id: string }[]).map(({ id }) => id);

/** Alice has two messages and a dead one at the first VASP, one at the second; Bob a dead one and a report. */
async function fill(): Promise<void> {
  for (const [number, vasp, user] of [
    [1, 'one', 'alice'],
    [2, 'one', 'alice'],
    [3, 'one', 'alice'],
    [4, 'two', 'alice'],
    [5, 'one', 'bob'],
  ] as const) {
    await world.keep(number, vasp, `wv:${user}`);
  }
  await world.keep(6, 'one', 'wv:bob', { kind: 'report', bytes: 0, policy: 'other' });
  await world.store.handed(idOf(3), NOW - 10);
  await world.store.bury(idOf(3), 'unacknowledged', NOW - 2 * DAY);
  await world.store.bury(idOf(5), 'unreadable', NOW - HOUR);
}

describe('how much there is', () => {
  test('in all, without a token', async () => {
    await fill();
    await world.notify('alice', 'away');
    await world.notify('bob', 'away', { state: 'sent', failure: undefined });
    const response = await fetch(`${world.url}/api/v1/mailbox`);
    expect([response.status, await response.json()]).toEqual([
      200,
      {
        waiting: 3,
        waitingBytes: 30,
        reports: 1,
        dead: 2,
        unreadable: 0,
        notifications: { waiting: 0, sending: 0, sent: 1, failed: 1 },
      },
    ]);
  });

  test('by policy, where that is asked for', async () => {
    await fill();
    const { json } = await call('GET', '?policies=true');
    expect(json.policies).toEqual([
      { policy: 'away', waiting: 3, waitingBytes: 30, reports: 0, dead: 2 },
      { policy: 'other', waiting: 0, waitingBytes: 0, reports: 1, dead: 0 },
    ]);
    expect(await call('GET', '?policies=perhaps')).toMatchObject({ status: 400 });
  });
});

describe('the messages of one user', () => {
  test('by the id, at all VASPs or at one', async () => {
    await fill();
    const { json } = await call('POST', '/list', { user: 'wv:alice' });
    expect(ids(json)).toEqual([1, 2, 3, 4].map(idOf));
    expect((json.messages as unknown[])[0]).toEqual({
      id: idOf(1),
      kind: 'message',
      vasp: 'one',
      policy: 'away',
      user: keyOf('one', 'wv:alice'),
      sender: keyOf('one', 'sender'),
      state: 'waiting',
      reason: null,
      diedAt: null,
      storedAt: iso(NOW - HOUR),
      expiresAt: iso(NOW - HOUR + 7 * DAY),
      bytes: 10,
      tries: 0,
      handedAt: null,
    });
    expect((json.messages as unknown[])[2]).toMatchObject({
      state: 'dead',
      reason: 'unacknowledged',
      diedAt: iso(NOW - 2 * DAY),
      tries: 1,
      handedAt: iso(NOW - 10),
    });
    expect(ids((await call('POST', '/list', { user: 'wv:alice', vasp: 'two' })).json)).toEqual([idOf(4)]);
  });

  test('by the keyed hash, reports too', async () => {
    await fill();
    expect(ids((await call('POST', '/list', { key: keyOf('one', 'wv:bob') })).json)).toEqual([idOf(6), idOf(5)]);
  });

  test.each([
    [undefined, /^The body must be a JSON object\. Send \{"user": ID\}/],
    [{}, /^Name the user, in one way\./],
    [{ user: 'wv:alice', key: 'x' }, /^Name the user, in one way\./],
    [{ vasp: 'one' }, /^Name the user, in one way\./],
    [{ user: 7 }, /^The value of user must be a text/],
    [{ user: 'wv:alice', vasp: 'three' }, /^No VASP is named "three"; there are one, two\.$/],
  ])('what is not understood is told: %j', async (body, told) => {
    const { status, json } = await world.call('POST', '/list', body);
    expect([status, json]).toEqual([400, { error: { code: 'bad-request', message: expect.stringMatching(told) } }]);
  });
});

describe('what was given up', () => {
  test('is listed in parts', async () => {
    for (let number = 0; number < 450; number++) {
      await world.keep(number, 'one', 'wv:alice');
      if (number % 3 === 0) await world.store.bury(idOf(number), 'unacknowledged', NOW);
    }
    const found: string[] = [];
    for (let after = ''; ; ) {
      const { json } = await call('GET', `/dead?limit=40${after}`);
      found.push(...ids(json));
      if (json.next === null) break;
      expect(ids(json)).toHaveLength(40);
      after = `&after=${String(json.next)}`;
    }
    expect(found.toSorted()).toEqual(Array.from({ length: 150 }, (_, index) => idOf(index * 3)).toSorted());
    expect(await call('GET', '/dead?limit=0')).toMatchObject({ status: 400 });
  });

  test('waits again, for as long as at first, and the sessions hear of it: one, those of a user, all', async () => {
    await fill();
    expect(await call('POST', '/replay', { id: idOf(3) })).toEqual({ status: 200, json: { replayed: 1 } });
    expect(world.changed).toEqual([keyOf('one', 'wv:alice')]);
    expect(await world.store.get(idOf(3))).toMatchObject({ state: 'waiting', tries: 0, expiresAt: NOW + 7 * DAY });
    expect(ids((await call('POST', '/list', { user: 'wv:alice', vasp: 'one' })).json)).toEqual([1, 2, 3].map(idOf));
    expect(await call('POST', '/replay', { user: 'wv:alice' })).toMatchObject({ json: { replayed: 0 } });
    expect(await call('POST', '/replay', { user: 'wv:bob', vasp: 'one' })).toMatchObject({ json: { replayed: 1 } });
    await world.store.bury(idOf(1), 'refused', NOW);
    await world.store.bury(idOf(4), 'refused', NOW);
    expect(await call('POST', '/replay', { all: true })).toMatchObject({ json: { replayed: 2 } });
    expect(await world.store.totals()).toMatchObject({ waiting: 5, dead: 0 });
    expect(await world.counted('replayed')).toBe(4);
    expect(world.logged).toContainEqual(['kept messages replayed', { by: 'admin api', which: 'all', messages: 2 }]);
  });

  test('what waits is not handed over again, nor what is gone', async () => {
    await fill();
    for (const id of [idOf(1), idOf(99)]) {
      const { status, json } = await call('POST', '/replay', { id });
      expect([status, json]).toMatchObject([404, { error: { code: 'no-such-message' } }]);
    }
    expect(world.changed).toEqual([]);
  });
});

describe('throwing away', () => {
  test('one message, waiting or given up', async () => {
    await fill();
    expect(await call('POST', '/purge', { id: idOf(1) })).toEqual({ status: 200, json: { purged: 1 } });
    expect(await call('POST', '/purge', { id: idOf(5) })).toMatchObject({ json: { purged: 1 } });
    expect(await call('POST', '/purge', { id: idOf(1) })).toMatchObject({ status: 404 });
    expect(await world.store.totals()).toMatchObject({ waiting: 2, reports: 1, dead: 1 });
    expect(world.changed).toEqual([]);
  });

  test('everything of one user', async () => {
    await fill();
    expect(await call('POST', '/purge', { user: 'wv:alice' })).toMatchObject({ json: { purged: 4 } });
    expect(await call('POST', '/purge', { key: keyOf('one', 'wv:bob') })).toMatchObject({ json: { purged: 2 } });
    expect(await world.store.totals()).toEqual({ waiting: 0, waitingBytes: 0, reports: 0, dead: 0 });
    expect(await world.counted('purged')).toBe(6);
  });

  test('what was given up, all of it or the older ones; many at once', async () => {
    await fill();
    expect(await call('POST', '/purge', { dead: true, olderThan: '1d' })).toMatchObject({ json: { purged: 1 } });
    for (let number = 100; number < 600; number++) {
      await world.keep(number, 'two', 'wv:alice');
      await world.store.bury(idOf(number), 'unacknowledged', NOW);
    }
    expect(await call('POST', '/purge', { dead: true })).toMatchObject({ json: { purged: 501 } });
    expect(await world.store.totals()).toMatchObject({ waiting: 3, dead: 0 });
  });

  test.each([
    [{}],
    [{ id: 'x', dead: true }],
    [{ olderThan: '7d' }],
    [{ dead: true, olderThan: 'long' }],
    [{ user: 'wv:alice', olderThan: '7d' }],
    [{ everything: true }],
  ])('is done for nothing that is not clear: %j', async (body) => {
    await fill();
    const { status, json } = await call('POST', '/purge', body);
    expect([status, json]).toMatchObject([400, { error: { message: expect.stringContaining('Send {"id": ID}') } }]);
    expect(await world.store.totals()).toMatchObject({ waiting: 3, dead: 2 });
  });
});

describe('notifications', () => {
  beforeEach(async () => {
    await world.notify('alice', 'away');
    await world.notify('alice', 'other', { state: 'sent', failure: undefined, sentAt: NOW - 5 });
    await world.notify('bob', 'away', { failure: 'refused-403' });
  });
  const states = (json: Record<string, unknown>) =>
    (json.notifications as { policy: string; state: string; failure: string | null }[]).map(
      ({ policy, state, failure }) => `${policy} ${state} ${failure}`,
    );

  test('are listed, in one state or all, in parts', async () => {
    const { json } = await call('GET', '/notifications?state=failed&limit=1');
    expect(json.notifications).toEqual([
      {
        user: keyOf('one', 'alice'),
        vasp: 'one',
        policy: 'away',
        bearer: 'sms',
        state: 'failed',
        wantedAt: iso(NOW - HOUR),
        dueAt: iso(NOW - HOUR),
        sentAt: null,
        tries: 5,
        failure: 'no-number',
      },
    ]);
    const rest = await call('GET', `/notifications?state=failed&after=${encodeURIComponent(String(json.next))}`);
    expect([states(rest.json), rest.json.next]).toEqual([['away failed refused-403'], null]);
    expect(states((await call('GET', '/notifications')).json)).toHaveLength(3);
    expect(await call('GET', '/notifications?state=lost')).toMatchObject({ status: 400 });
  });

  test('that failed go out again: those of a user, of a policy, all', async () => {
    const key = keyOf('one', 'bob');
    expect(await call('POST', '/notifications/retry', { key, policy: 'other' })).toMatchObject({
      json: { retried: 0 },
    });
    expect(await call('POST', '/notifications/retry', { key })).toMatchObject({ json: { retried: 1 } });
    expect(await world.store.notifications.due(NOW, 10)).toMatchObject([
      { userKey: key, tries: 0, failure: undefined },
    ]);
    expect(await call('POST', '/notifications/retry', { all: true })).toMatchObject({ json: { retried: 1 } });
    expect(await world.store.notifications.due(NOW, 10)).toHaveLength(2);
    expect(await call('POST', '/notifications/retry', { policy: 'away' })).toMatchObject({ status: 400 });
    expect(await call('POST', '/notifications/retry', { all: true, policy: 'away' })).toMatchObject({ status: 400 });
  });
});
