/**
 * Telling users that messages wait [X61]: what is said, at most once a window, what a bearer's answer leads to, and what is left
 * of it when a process dies, a policy goes, or a user has read everything meanwhile.
 */
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { BearerOutcome, StoredNotification } from '../../gateway/mailbox-ports.ts';
import { HOUR, MINUTE, NotifyingWorld, POLICY, SECOND, setOf, WINDOW } from './notifying-world.ts';

let world: NotifyingWorld;
beforeEach(() => {
  world = new NotifyingWorld();
});

const FAILS: BearerOutcome = { kind: 'try-again', failure: 'ECONNREFUSED' };

describe('what is said', () => {
  test('to whom, of whom, how many', async () => {
    await world.deposit('bob', 'alice');
    await world.deposit('bob', 'carol');
    await world.look();
    expect(world.sent).toMatchObject([
      {
        bearer: 'sms',
        message: {
          user: 'wv:bob@im.example',
          number: '+358501234567',
          text: 'wv:carol@im.example wrote (2 waiting).',
          vasp: 'verona',
          policy: 'waiting',
          count: 2,
        },
      },
    ]);
    expect(world.sent[0]?.message.id).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(await world.row('bob')).toMatchObject({ state: 'sent', tries: 0, failure: undefined });
    expect(world.counted).toEqual(['sms sent']);
    expect(world.logged).toEqual([]);
  });

  test('in the language of the VASP, by the policy as it is now', async () => {
    world.language = 'sv-FI';
    await world.deposit('bob');
    world.policies.replace(
      setOf(POLICY({ notify: '{ bearer: hook, text: { en: "New text", sv: "Ny text" }, atMostEvery: 1h }' })),
      world.clock.wall(),
    );
    await world.look();
    expect(world.sent).toMatchObject([{ bearer: 'hook', message: { text: 'Ny text' } }]);
    await world.deposit('bob', 'alice', 'waiting', HOUR);
    await world.pass(61 * MINUTE, MINUTE);
    expect(world.times()).toEqual([0, HOUR]);
  });

  test('nothing to a user who has read everything', async () => {
    await world.deposit('bob');
    await world.readAll('bob');
    await world.look();
    expect(world.sent).toEqual([]);
    expect(await world.row('bob')).toBeUndefined();
    expect(world.counted).toEqual(['sms dropped']);
  });

  test.each([
    ['the policy', () => setOf(POLICY({ id: 'other' }))],
    ['its notification', () => setOf(POLICY({ notify: '' }))],
    ['its bearer', () => setOf(POLICY({ notify: '{ bearer: gone, text: { en: Hi }, atMostEvery: 1h }' }))],
  ])('nothing once %s is gone', async (_, set) => {
    await world.deposit('bob');
    await world.deposit('dave');
    world.policies.replace(set(), world.clock.wall());
    await world.look();
    expect([world.sent, await world.row('bob'), await world.row('dave')]).toEqual([[], undefined, undefined]);
    expect(world.counted).toEqual(['sms dropped', 'sms dropped']);
    expect(world.logged).toEqual([
      'a notification has lost its policy or its bearer {"policy":"waiting","bearer":"sms"}',
    ]);
  });

  test('not what cannot be unsealed', async () => {
    await world.deposit('bob');
    const row = (await world.row('bob')) as StoredNotification;
    await world.store.notifications.put({ ...row, content: Buffer.from('damaged') });
    await world.look();
    expect(world.sent).toEqual([]);
    expect(await world.row('bob')).toMatchObject({ state: 'failed', failure: 'unreadable' });
  });
});

describe('at most once a window', () => {
  test('what comes within it is told at its end, together', async () => {
    await world.deposit('bob', 'alice');
    await world.look();
    await world.pass(10 * MINUTE, MINUTE);
    await world.deposit('bob', 'carol');
    await world.deposit('bob', 'dave');
    await world.pass(2 * HOUR, MINUTE);
    expect(world.times()).toEqual([0, WINDOW]);
    expect(world.texts()[1]).toBe('wv:dave@im.example wrote (3 waiting).');
    expect(new Set(world.sent.map(({ message }) => message.id)).size).toBe(2);
  });

  test('without a newer message there is no second one', async () => {
    await world.deposit('bob');
    await world.look();
    await world.pass(24 * HOUR, 10 * MINUTE);
    expect(world.sent).toHaveLength(1);
  });

  test('each policy and each user apart', async () => {
    world = new NotifyingWorld(POLICY(), POLICY({ id: 'urgent' }));
    await world.deposit('bob');
    await world.deposit('bob', 'alice', 'urgent');
    await world.deposit('dave');
    await world.look();
    expect(world.sent).toHaveLength(3);
  });

  test('a message that comes while one is being sent is told after the window', async () => {
    world.answers.set('sms', async () => {
      if (world.sent.length === 1) await world.deposit('bob', 'carol');
      return { kind: 'sent' };
    });
    await world.deposit('bob', 'alice');
    await world.look();
    await world.pass(WINDOW - SECOND, MINUTE);
    expect(world.sent).toHaveLength(1);
    await world.pass(MINUTE);
    expect(world.texts()).toEqual(['wv:alice@im.example wrote (1 waiting).', 'wv:carol@im.example wrote (2 waiting).']);
  });

  test('one that comes as an empty box is looked at is told', async () => {
    await world.deposit('bob', 'alice');
    await world.readAll('bob');
    world.notifying = world.outbox({
      remove: async (userKey, policy) => {
        await world.deposit('bob', 'carol');
        await world.store.notifications.remove(userKey, policy);
      },
    });
    await world.look();
    await world.look();
    expect(world.texts()).toEqual(['wv:alice@im.example wrote (1 waiting).']);
  });
});

describe('a bearer that fails', () => {
  test('is tried again after pauses that grow, and the window counts from what was sent', async () => {
    world.answers.set('sms', () => FAILS);
    await world.deposit('bob');
    await world.look();
    expect(await world.row('bob')).toMatchObject({
      state: 'waiting',
      tries: 1,
      sentAt: undefined,
      failure: 'ECONNREFUSED',
    });
    await world.pass(3 * HOUR);
    const tried = world.times();
    expect(tried.slice(1).map((at, index) => at - (tried[index] ?? 0))).toEqual([
      5 * SECOND,
      30 * SECOND,
      2 * MINUTE,
      10 * MINUTE,
      HOUR,
      HOUR,
    ]);
    expect(new Set(world.sent.map(({ message }) => message.id)).size).toBe(1);
    world.answers.clear();
    await world.pass(HOUR);
    expect(await world.row('bob')).toMatchObject({ state: 'sent' });
    expect(world.logged).toEqual([
      'a bearer fails, notifications are tried again {"bearer":"sms","reason":"ECONNREFUSED"}',
      'a bearer works again {"bearer":"sms"}',
    ]);
  });

  test('that may have taken it is asked again only when the window is over', async () => {
    world.answers.set('sms', () => ({ kind: 'try-again', failure: 'timeout', mayHaveSent: true }));
    await world.deposit('bob');
    await world.look();
    expect(await world.row('bob')).toMatchObject({ state: 'waiting', tries: 1, failure: 'timeout' });
    world.answers.clear();
    await world.pass(2 * HOUR);
    const [first = 0, second = 0, ...more] = world.times();
    expect(second - first).toBeGreaterThanOrEqual((await world.row('bob'))?.windowMillis ?? Number.NaN);
    expect(more).toEqual([]);
  });

  test('is given up after a day, and begun anew with a newer message', async () => {
    world.answers.set('sms', () => FAILS);
    await world.deposit('bob');
    await world.look();
    await world.pass(30 * HOUR, 5 * SECOND);
    expect(world.times().at(-1)).toBeLessThan(24 * HOUR);
    expect(world.times().at(-1)).toBeGreaterThan(22 * HOUR);
    expect(await world.row('bob')).toMatchObject({ state: 'failed', failure: 'ECONNREFUSED' });
    expect(world.logged.at(-1)).toMatch(/^a notification was given up .*"reason":"ECONNREFUSED"/);
    world.answers.clear();
    await world.deposit('bob');
    await world.look();
    expect(await world.row('bob')).toMatchObject({ state: 'sent' });
  });

  test('what is refused is kept for the operator at once, and the bearer counts as there', async () => {
    world.answers.set('sms', () => ({ kind: 'refused', failure: 'refused-403' }));
    await world.deposit('bob');
    await world.deposit('dave');
    await world.look();
    await world.pass(HOUR, MINUTE);
    expect(world.sent).toHaveLength(2);
    expect(await world.row('bob')).toMatchObject({ state: 'failed', failure: 'refused-403', sentAt: undefined });
    expect(world.counted).toEqual(['sms refused', 'sms refused']);
    expect(world.logged).toEqual([
      'a notification was refused {"policy":"waiting","bearer":"sms","reason":"refused-403"}',
    ]);
  });

  test('that a user has no number says nothing of the bearer', async () => {
    let isDown = true;
    world.answers.set('sms', ({ number }) =>
      number === undefined ? { kind: 'refused', failure: 'no-number' } : isDown ? FAILS : { kind: 'sent' },
    );
    await world.deposit('bob');
    await world.look();
    await world.deposit('nobody');
    await world.look();
    expect(world.logged).not.toContain('a bearer works again {"bearer":"sms"}');
    isDown = false;
    await world.pass(MINUTE);
    expect(world.logged).toContain('a bearer works again {"bearer":"sms"}');
  });

  test('does not hold up another, nor does one that hangs', async () => {
    world = new NotifyingWorld(
      POLICY(),
      POLICY({ id: 'hooked', notify: '{ bearer: hook, text: { en: Hi }, atMostEvery: 30m }' }),
    );
    let release = (): void => undefined;
    const hanging = new Promise<BearerOutcome>((resolve) => {
      release = () => resolve(FAILS);
    });
    world.answers.set('sms', () => hanging);
    for (let index = 0; index < 30; index++) await world.deposit(`user-${index}`);
    await world.notifying.sweep();
    await world.deposit('bob', 'alice', 'hooked');
    for (let turn = 0; turn < 20; turn++) {
      await world.notifying.sweep();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const asked = (bearer: string) => world.sent.filter((one) => one.bearer === bearer).length;
    expect([asked('sms'), asked('hook')]).toEqual([8, 1]);
    release();
    await world.notifying.settled();
    // Eight were under way; that was enough to know.
    expect(asked('sms')).toBe(8);
    const rows = await world.store.notifications.slice(undefined, 100);
    expect(rows.filter(({ state }) => state === 'waiting')).toHaveLength(30);
  });

  test('that is down is asked by one, and the others wait without a try', async () => {
    world.answers.set('sms', () => FAILS);
    for (let index = 0; index < 10; index++) await world.deposit(`user-${index}`);
    await world.look();
    expect(world.sent).toHaveLength(8);
    world.clock.advance(5 * SECOND);
    await world.look();
    expect(world.sent).toHaveLength(9);
    world.clock.advance(MINUTE);
    let release = (): void => undefined;
    world.answers.set(
      'sms',
      () =>
        new Promise((resolve) => {
          release = () => resolve({ kind: 'sent' });
        }),
    );
    await world.notifying.sweep();
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(world.sent).toHaveLength(10);
    release();
    await world.notifying.settled();
  });

  test('everybody is told when it is back', async () => {
    world.answers.set('sms', () => FAILS);
    for (let index = 0; index < 30; index++) await world.deposit(`user-${index}`);
    await world.look();
    await world.pass(2 * MINUTE);
    world.answers.clear();
    const failed = world.sent.length;
    await world.pass(3 * HOUR, 5 * SECOND);
    expect(world.sent.slice(failed).map(({ message }) => message.user)).toHaveLength(30);
    expect(world.logged).toEqual([
      'a bearer fails, notifications are tried again {"bearer":"sms","reason":"ECONNREFUSED"}',
      'a bearer works again {"bearer":"sms"}',
    ]);
  });
});

describe('a process that ends', () => {
  test('while it sends does not know whether it did, and waits for the next window', async () => {
    world.answers.set('sms', () => new Promise(() => undefined));
    await world.deposit('bob');
    await world.notifying.sweep();
    while ((await world.row('bob'))?.state !== 'sending') await new Promise((resolve) => setImmediate(resolve));
    world.answers.clear();
    world.notifying = world.outbox();
    await world.pass(WINDOW - SECOND, MINUTE);
    expect(world.sent).toHaveLength(1);
    await world.pass(MINUTE);
    expect(world.times()).toEqual([0, WINDOW]);
    expect(new Set(world.sent.map(({ message }) => message.id)).size).toBe(1);
    expect(await world.row('bob')).toMatchObject({ state: 'sent' });
  });

  test('and no message is left then: nothing', async () => {
    await world.deposit('bob');
    const row = (await world.row('bob')) as StoredNotification;
    await world.store.notifications.put({ ...row, state: 'sending', dueAt: row.at + WINDOW, sentAt: row.at, tries: 1 });
    await world.readAll('bob');
    await world.pass(WINDOW + MINUTE, MINUTE);
    expect([world.sent, await world.row('bob')]).toEqual([[], undefined]);
  });

  test('nothing is sent that the store does not know of', async () => {
    const broken = world.outbox({ put: () => Promise.reject(new Error('the disk is full')) });
    await world.deposit('bob');
    await broken.sweep();
    await broken.settled();
    expect(world.sent).toEqual([]);
    await expect(broken.sweep()).rejects.toThrow('the disk is full');
    await broken.close();
    await world.look();
    expect(world.sent).toHaveLength(1);
  });

  test('waits for what is with a bearer, and begins nothing more', async () => {
    let release = (): void => undefined;
    world.answers.set(
      'sms',
      () =>
        new Promise((resolve) => {
          release = () => resolve({ kind: 'sent' });
        }),
    );
    await world.deposit('bob');
    await world.notifying.sweep();
    while (world.sent.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const closed = world.notifying.close();
    await world.deposit('dave');
    await world.notifying.sweep();
    release();
    await closed;
    expect(await world.row('bob')).toMatchObject({ state: 'sent' });
    expect(world.sent).toHaveLength(1);
  });
});

describe('what is of no use any more', () => {
  test('goes when its window is over and the box is empty, and not before', async () => {
    await world.deposit('bob');
    await world.deposit('dave');
    await world.look();
    await world.readAll('bob');
    await world.pass(WINDOW - MINUTE, MINUTE);
    expect(await world.row('bob')).toMatchObject({ state: 'sent' });
    await world.pass(20 * MINUTE, MINUTE);
    expect(await world.row('bob')).toBeUndefined();
    expect(await world.row('dave')).toMatchObject({ state: 'sent' });
  });

  test('a failed one stays a week for the operator', async () => {
    world.answers.set('sms', () => ({ kind: 'refused', failure: 'no-number' }));
    await world.deposit('bob');
    await world.look();
    await world.readAll('bob');
    await world.pass(6 * 24 * HOUR, HOUR);
    expect(await world.row('bob')).toMatchObject({ state: 'failed' });
    await world.pass(2 * 24 * HOUR, HOUR);
    expect(await world.row('bob')).toBeUndefined();
  });

  test('of a user who was forgotten while one was sent nothing is written', async () => {
    world.answers.set('sms', async () => {
      await world.store.forget('bob');
      return { kind: 'sent' };
    });
    await world.deposit('bob');
    await world.look();
    expect(await world.row('bob')).toBeUndefined();
  });
});

test('no name, number or text is in the log', async () => {
  world.answers.set('sms', () => FAILS);
  await world.deposit('bob', 'canary');
  await world.pass(30 * HOUR, MINUTE);
  world.answers.set('sms', () => ({ kind: 'refused', failure: 'refused-403' }));
  await world.deposit('bob', 'canary');
  await world.look();
  expect(world.logged.length).toBeGreaterThan(2);
  expect(world.logged.join('\n')).not.toMatch(/canary|bob|358|wrote/);
});
