/** Every way to change what a share holds, each on something that is there, for tests of what goes wrong meanwhile. */
import type { Store } from '../../../gateway/ports.ts';
import { deposit, idOf, KEY, message, OTHER_KEY, report, wish } from '../records-of-tests.ts';

export interface Doing {
  readonly name: string;
  /** What is to be there before. */
  readonly before?: (store: Store) => Promise<unknown>;
  readonly act: (store: Store) => Promise<unknown>;
}

export const MOST = 1_000_000;
const first = deposit(1).message.id;
const duplicate = { key: idOf('a try'), sentId: 's', until: 2_000_000_000_000 };
const notification = {
  ...wish(),
  state: 'waiting',
  dueAt: 1_000,
  tries: 0,
  sentAt: undefined,
  failure: undefined,
} as const;

const put = (store: Store) => store.mailbox.put(deposit(1), MOST);
const buried = async (store: Store) => {
  await put(store);
  await store.mailbox.bury(first, 'refused', 5);
};

export const DOINGS: readonly Doing[] = [
  { name: 'put a message', act: put },
  {
    name: 'put a message with everything',
    before: (store) => store.mailbox.put(deposit(2, {}, { notification: wish() }), MOST),
    act: (store) => store.mailbox.put(deposit(1, {}, { duplicate, notification: wish({ at: 9 }) }), MOST),
  },
  { name: 'count a handing over', before: put, act: (store) => store.mailbox.handed(first, 9) },
  { name: 'end messages', before: put, act: (store) => store.mailbox.end([first, idOf('nothing')], []) },
  {
    name: 'end a message and tell its sender in another share',
    before: put,
    act: (store) => store.mailbox.end([first], [report(7, { userKey: OTHER_KEY })]),
  },
  {
    name: 'end a message and tell somebody in the same share',
    before: put,
    act: (store) => store.mailbox.end([first], [report(7)]),
  },
  { name: 'bury a message', before: put, act: (store) => store.mailbox.bury(first, 'unacknowledged', 9) },
  { name: 'replay a message', before: buried, act: (store) => store.mailbox.replay(first, 1_900_000_000_000) },
  {
    name: 'reseal a message',
    before: put,
    act: (store) => store.mailbox.reseal(first, Uint8Array.of(1), Uint8Array.of(2)),
  },
  {
    name: 'sweep tries',
    before: (store) => store.mailbox.put(deposit(1, {}, { duplicate }), MOST),
    act: (store) => store.mailbox.sweep(2_000_000_000_000),
  },
  {
    name: 'forget a user’s mailbox',
    before: async (store) => {
      await buried(store);
      await store.mailbox.put(deposit(2, {}, { notification: wish() }), MOST);
      await store.mailbox.wishes.set(KEY, { bearers: ['SMS'], etemHandling: undefined, notifications: true });
    },
    act: (store) => store.mailbox.forget(KEY),
  },
  { name: 'put a notification', act: (store) => store.mailbox.notifications.put(notification) },
  {
    name: 'put another notification in its place',
    before: (store) => store.mailbox.notifications.put(notification),
    act: (store) => store.mailbox.notifications.put({ ...notification, state: 'sent', sentAt: 7, dueAt: 600_007 }),
  },
  {
    name: 'remove a notification',
    before: (store) => store.mailbox.notifications.put(notification),
    act: (store) => store.mailbox.notifications.remove(KEY, 'away'),
  },
  {
    name: 'reseal a notification',
    before: (store) => store.mailbox.notifications.put(notification),
    act: (store) => store.mailbox.notifications.reseal(KEY, 'away', notification.content, Uint8Array.of(4)),
  },
  {
    name: 'set wishes',
    act: (store) =>
      store.mailbox.wishes.set(KEY, { bearers: ['SMS'], etemHandling: undefined, notifications: undefined }),
  },
  { name: 'put System Messages', act: (store) => store.systemMessages.put([message(1), message(2)]) },
  {
    name: 'put System Messages in the place of others',
    before: (store) => store.systemMessages.put([message(1), message(2)]),
    act: (store) => store.systemMessages.put([message(2, { tries: 1 })]),
  },
  {
    name: 'remove System Messages',
    before: (store) => store.systemMessages.put([message(1), message(2)]),
    act: (store) => store.systemMessages.remove([message(1).id, idOf('nothing')]),
  },
  { name: 'set settings', act: (store) => store.systemMessages.set(KEY, { help: 'off', seen: new Map([['a', 1]]) }) },
  {
    name: 'set settings back',
    before: (store) => store.systemMessages.set(KEY, { help: 'off', seen: new Map() }),
    act: (store) => store.systemMessages.set(KEY, { help: 'on', seen: new Map() }),
  },
  {
    name: 'forget a user’s System Messages',
    before: async (store) => {
      await store.systemMessages.put([message(1), message(2, { state: 'answered', endedAt: 5 })]);
      await store.systemMessages.set(KEY, { help: 'off', seen: new Map() });
    },
    act: (store) => store.systemMessages.forget(KEY),
  },
];
