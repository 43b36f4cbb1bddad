/** What every store must do with notifications and off-line wishes. Part of the suite in contract.ts. */
import { expect, test } from '@jest/globals';
import type { NotificationWish, OffLineWishes, StoredNotification } from '../../gateway/mailbox-ports.ts';
import type { Store } from '../../gateway/ports.ts';
import { deposit, idOf, KEY, OTHER_KEY, wish } from './records-of-tests.ts';

function notification(change: Partial<StoredNotification> = {}): StoredNotification {
  return { ...wish(), state: 'waiting', dueAt: 1_000, tries: 0, sentAt: undefined, failure: undefined, ...change };
}

export function describeNotifications(store: () => Store): void {
  const kept = () => store().mailbox.notifications;
  let deposits = 0;
  const putWith = (change: Partial<NotificationWish>, most = 1_000) => {
    deposits += 1;
    // Whoever the message is for is told of it.
    const { userKey } = wish(change);
    return store().mailbox.put(deposit(deposits, { userKey }, { notification: wish(change) }), most);
  };

  test.each<[string, Partial<StoredNotification>]>([
    ['as it is', {}],
    ['that is on its way', { state: 'sending', sentAt: 5, tries: 1 }],
    ['that went out', { state: 'sent', sentAt: 5, tries: 1 }],
    ['that failed', { state: 'failed', tries: 9, failure: 'refused-403' }],
    ['of a long window', { windowMillis: 2 ** 45, tries: 300 }],
    ['with other keys', { userKey: 'wörld', policy: 'a policy', content: new Uint8Array(70_000).fill(3) }],
  ])('a notification %s comes back whole', async (_name, change) => {
    const one = notification(change);
    await kept().put(one);
    expect(await kept().get(one.userKey, one.policy)).toEqual(one);
    expect(await kept().slice(undefined, 5)).toEqual([one]);
  });

  test('the first message asks for one at once, others while it waits change only its words', async () => {
    await putWith({ at: 50 });
    expect(await kept().get(KEY, 'away')).toEqual(notification({ at: 50, dueAt: 50 }));
    await kept().put(notification({ at: 50, dueAt: 90, tries: 2, failure: 'unreachable' }));
    await putWith({ at: 60, content: Uint8Array.of(9) });
    const retried = { at: 50, dueAt: 90, tries: 2, failure: 'unreachable', content: Uint8Array.of(9) };
    expect(await kept().get(KEY, 'away')).toEqual(notification(retried));
    await kept().put(notification({ state: 'sending', sentAt: 95, at: 50, dueAt: 100 }));
    await putWith({ at: 96, content: Uint8Array.of(7) });
    expect(await kept().get(KEY, 'away')).toEqual(
      notification({ state: 'sending', sentAt: 95, at: 50, dueAt: 100, content: Uint8Array.of(7) }),
    );
  });

  test.each([
    ['within the window: at its end', 700, 1_100],
    ['at its end: at once', 1_100, 1_100],
    ['after it: at once', 5_000, 5_000],
  ])('a message after one that went out, %s', async (_name, at, dueAt) => {
    await kept().put(notification({ state: 'sent', sentAt: 100, dueAt: 1_100, tries: 3, failure: 'unreachable' }));
    await putWith({ at, windowMillis: 1_000, content: Uint8Array.of(4) });
    expect(await kept().get(KEY, 'away')).toEqual(
      notification({ at, windowMillis: 1_000, dueAt, sentAt: 100, content: Uint8Array.of(4) }),
    );
  });

  test('a message after one that was given up asks for a new one at once', async () => {
    await kept().put(notification({ state: 'failed', sentAt: 100, dueAt: 9_000, tries: 8, failure: 'no-number' }));
    await putWith({ at: 200 });
    expect(await kept().get(KEY, 'away')).toEqual(notification({ at: 200, dueAt: 200 }));
  });

  test('what is not stored asks for nothing', async () => {
    expect(await putWith({}, 0)).toEqual({ kind: 'full', of: 'mailbox' });
    expect(await kept().get(KEY, 'away')).toBeUndefined();
  });

  test('one for each user and policy', async () => {
    await putWith({ at: 1 });
    await putWith({ at: 2, policy: 'other' });
    await putWith({ at: 3, userKey: OTHER_KEY });
    const all = await kept().slice(undefined, 9);
    expect(all.map(({ userKey, policy }) => [userKey, policy])).toEqual([
      [KEY, 'away'],
      [KEY, 'other'],
      [OTHER_KEY, 'away'],
    ]);
    expect((await kept().slice([KEY, 'away'], 1)).map(({ at }) => at)).toEqual([2]);
    expect((await kept().slice([KEY, 'other'], 9)).map(({ at }) => at)).toEqual([3]);
    expect(await kept().slice([OTHER_KEY, 'away'], 9)).toEqual([]);
  });

  test('those whose time has come are due, the oldest first; sent and failed ones are not', async () => {
    const users = ['a', 'b', 'c', 'd', 'e'].map(idOf);
    const states = ['waiting', 'sending', 'sent', 'failed', 'waiting'] as const;
    for (const [place, userKey] of users.entries()) {
      await kept().put(notification({ userKey, state: states[place] ?? 'waiting', dueAt: 100 - place }));
    }
    const due = async (now: number, limit = 9) => (await kept().due(now, limit)).map(({ userKey }) => userKey);
    expect(await due(95)).toEqual([]);
    expect(await due(96)).toEqual([users[4]]);
    expect(await due(100)).toEqual([users[4], users[1], users[0]]);
    expect(await due(100, 2)).toEqual([users[4], users[1]]);
    await kept().put(notification({ userKey: users[4] ?? '', dueAt: 300 }));
    await kept().put(notification({ userKey: users[1] ?? '', state: 'sent', dueAt: 99, sentAt: 99 }));
    expect(await due(100)).toEqual([users[0]]);
    await kept().remove(users[0] ?? '', 'away');
    await kept().remove(users[0] ?? '', 'away');
    expect(await due(100)).toEqual([]);
    expect(await due(300)).toEqual([users[4]]);
  });

  test('another seal takes the place of that around the same content, and of no other', async () => {
    await kept().put(notification({ tries: 3 }));
    await kept().reseal(KEY, 'away', Uint8Array.of(8), Uint8Array.of(9));
    expect(await kept().get(KEY, 'away')).toEqual(notification({ tries: 3 }));
    await kept().reseal(KEY, 'away', Uint8Array.of(1, 2, 3), Uint8Array.of(9));
    expect(await kept().get(KEY, 'away')).toEqual(notification({ tries: 3, content: Uint8Array.of(9) }));
    await kept().reseal(OTHER_KEY, 'away', Uint8Array.of(1, 2, 3), Uint8Array.of(9));
    expect(await kept().get(OTHER_KEY, 'away')).toBeUndefined();
  });

  test.each<[string, OffLineWishes]>([
    ['nothing', { bearers: undefined, etemHandling: undefined, notifications: undefined }],
    ['all', { bearers: ['SMS', 'EMAIL'], etemHandling: 'REJECT', notifications: true }],
    ['no bearers', { bearers: [], etemHandling: undefined, notifications: false }],
  ])('a client that wishes %s', async (_name, wishes) => {
    const { wishes: all } = store().mailbox;
    expect(await all.of(KEY)).toBeUndefined();
    await all.set(KEY, { bearers: ['MMS'], etemHandling: 'x', notifications: false });
    await all.set(KEY, wishes);
    expect(await all.of(KEY)).toEqual(wishes);
    expect(await all.of(OTHER_KEY)).toBeUndefined();
  });

  test('with a user go its notifications and wishes', async () => {
    await putWith({});
    await putWith({ policy: 'other' });
    await kept().put(notification({ userKey: OTHER_KEY }));
    const { wishes } = store().mailbox;
    for (const key of [KEY, OTHER_KEY]) {
      await wishes.set(key, { bearers: ['SMS'], etemHandling: undefined, notifications: true });
    }
    await store().mailbox.forget(KEY);
    expect(await kept().slice(undefined, 9)).toEqual([notification({ userKey: OTHER_KEY })]);
    expect(await kept().due(2 ** 47, 9)).toHaveLength(1);
    expect(await wishes.of(KEY)).toBeUndefined();
    expect(await wishes.of(OTHER_KEY)).toBeDefined();
  });
}
