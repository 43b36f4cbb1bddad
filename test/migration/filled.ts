/** A store in which everything that a gateway keeps is there, by a seed; and all that a gateway finds in it again. */
import type { OffLineWishes } from '../../gateway/mailbox-ports.ts';
import type { Store } from '../../gateway/ports.ts';
import { randomFractions } from '../random.ts';
import {
  acceptance,
  accepted,
  deposit,
  EVERYTHING_OF_A_MESSAGE,
  idOf,
  message,
  OTHER_TEXT,
  record,
  report,
  session,
  TEXT,
  wish,
} from '../stores/records-of-tests.ts';

/** When the sessions were opened; they end at different times after it, some of them before the tests began. */
const OPENED_AT = Date.now() - 3_600_000;
const HOUR = 3_600_000;

export interface Sizes {
  readonly users: number;
  readonly sessions: number;
  readonly records: number;
  readonly messages: number;
}

export const SMALL: Sizes = { users: 12, sessions: 60, records: 40, messages: 60 };

const userOf = (number: number): string => idOf(`user ${number}`);
const usersOf = ({ users }: Sizes): readonly string[] => Array.from({ length: users }, (_, at) => userOf(at));
const NOTES: Readonly<Record<string, string>> = {
  'vasp-state one': '{"state":"draining"}',
  'policies 7': 'näme\n'.repeat(30_000),
  empty: '',
};
const WISHES: readonly OffLineWishes[] = [
  { bearers: ['SMS', 'MMS'], etemHandling: 'ExtBlockETEM', notifications: true },
  { bearers: undefined, etemHandling: undefined, notifications: false },
];

export async function fill(store: Store, seed: number, sizes: Sizes): Promise<void> {
  const random = randomFractions(seed);
  const anyUser = (): string => userOf(Math.floor(random() * sizes.users));
  await inParts(sizes.sessions, async (number) => {
    const life = { openedAt: OPENED_AT, expiresAt: OPENED_AT + Math.floor(random() * 8 * HOUR) };
    const said = number % 3 === 0 ? { person: Uint8Array.of(1, number % 256, 3) } : {};
    await store.sessions.put(idOf(`session ${number}`), session({ userKey: anyUser(), ...life, ...said }));
  });
  await fillProof(store, sizes, anyUser);
  await store.askAgain.add({ policy: 'aoc', vasp: undefined, users: 'wv:*', at: 5 });
  await store.askAgain.add({ policy: undefined, vasp: 'one', users: 'wv:bob@*', at: 6 });
  for (const [name, text] of Object.entries(NOTES)) await store.notes.put(name, text);
  await fillSystemMessages(store, sizes, anyUser);
  await fillMailbox(store, sizes, anyUser, random);
}

/** A chain whose first entries were dropped, with some whose content was erased. */
async function fillProof({ acceptances, audit }: Store, sizes: Sizes, anyUser: () => string): Promise<void> {
  for (let number = 1; number <= sizes.records; number += 1) {
    const user = anyUser();
    const records = [record(number, { user, text: number % 4 === 0 ? OTHER_TEXT.hash : TEXT.hash })];
    await acceptances.accept(
      user,
      accepted(records, {
        remember: [acceptance({ policy: `policy-${number % 3}`, version: number, acceptedAt: number })],
      }),
    );
  }
  await audit.dropBefore(record(6).decidedAt);
  await audit.erase(userOf(3));
}

async function fillSystemMessages({ systemMessages }: Store, sizes: Sizes, anyUser: () => string): Promise<void> {
  await inParts(sizes.messages, async (number) => {
    const everything = number % 2 === 0 ? EVERYTHING_OF_A_MESSAGE : {};
    await systemMessages.put([message(number, { ...everything, userKey: anyUser() })]);
  });
  await systemMessages.set(userOf(1), { help: 'off', seen: new Map([['welcome', 2]]) });
  // Leaves behind which messages must not come back.
  await systemMessages.forget(userOf(2));
}

async function fillMailbox({ mailbox }: Store, sizes: Sizes, anyUser: () => string, random: () => number) {
  await inParts(sizes.messages, async (number) => {
    const userKey = anyUser();
    const sentId = `sent-${number}`;
    const duplicate = { key: idOf(`try ${number}`), sentId, until: number % 2 === 0 ? OPENED_AT : Date.now() + HOUR };
    const notification = number % 3 === 0 ? wish({ userKey, at: number }) : undefined;
    const one =
      number % 7 === 0 ? report(number, { userKey }) : deposit(number, { userKey }, { duplicate, notification });
    await mailbox.put(one, 1e9);
    const { id } = one.message;
    if (random() < 0.3) await mailbox.handed(id, 1_700_000_100_000 + number);
    if (random() < 0.2) await mailbox.bury(id, 'unacknowledged', 1_700_000_200_000 + number);
    if (random() < 0.1) await mailbox.replay(id, 1_700_700_000_000 + number);
  });
  for (const [index, wishes] of WISHES.entries()) await mailbox.wishes.set(userOf(index), wishes);
  for (const [index, state] of (['sending', 'sent', 'failed'] as const).entries()) {
    const told = { state, dueAt: 10 + index, tries: index, sentAt: 9, failure: 'timeout' };
    await mailbox.notifications.put({ ...wish({ userKey: userOf(index), policy: 'other' }), ...told });
  }
}

/** Stores share a commit among what is wanted at the same moment. */
async function inParts(count: number, work: (number: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < count; from += 1000)
    await Promise.all(Array.from({ length: Math.min(1000, count - from) }, (_, at) => work(from + at)));
}

/** What a gateway finds: everything, by all the ways in which it asks. */
export async function found(store: Store, sizes: Sizes): Promise<object> {
  const users = usersOf(sizes);
  const { acceptances, audit, systemMessages, mailbox, notes } = store;
  const sessions = await store.sessions.slice(undefined, 1e9);
  const ofUsers = [];
  for (const user of users) {
    const waiting = await mailbox.waiting(user, 1e9);
    const dead = await mailbox.dead(user);
    const contents = [];
    for (const { id } of [...waiting, ...dead]) contents.push(plain(await mailbox.content(id)));
    ofUsers.push({
      acceptances: (await acceptances.of(user)).toSorted((a, b) => a.acceptedAt - b.acceptedAt),
      records: await audit.recordsOf(user),
      messages: (await systemMessages.of(user)).map((one) => ({ ...one, about: plain(one.about) })),
      settings: await systemMessages.settings(user),
      mail: [...waiting, ...dead].map((one) => ({ ...one, envelope: plain(one.envelope) })),
      contents,
      counts: await mailbox.counts(user),
      wishes: await mailbox.wishes.of(user),
    });
  }
  return {
    sessions: sessions
      .filter(([, { expiresAt }]) => expiresAt > OPENED_AT + 2 * HOUR)
      .map(([key, one]) => [key, { ...one, person: plain(one.person) }]),
    ofUsers,
    entries: await audit.read(0, 1e6),
    head: await audit.head(),
    texts: [await store.texts.get(TEXT.hash), await store.texts.get(OTHER_TEXT.hash)],
    askAgain: await store.askAgain.list(),
    notes: await Promise.all(Object.keys(NOTES).map((name) => notes.get(name))),
    messages: (await systemMessages.slice(undefined, 1e9)).map(({ id }) => id),
    mail: (await mailbox.slice(undefined, 1e9)).map(({ id }) => id),
    expired: (await mailbox.expired(1_700_600_000_020, 1e9)).map(({ id }) => id).sort(),
    totals: await mailbox.totals(),
    notifications: (await mailbox.notifications.slice(undefined, 1e9)).map((one) => ({
      ...one,
      content: plain(one.content),
    })),
    due: (await mailbox.notifications.due(1e9, 1e9)).map(({ userKey, policy }) => `${userKey} ${policy}`).sort(),
  };
}

/** Stores give bytes in arrays of different kinds. */
const plain = (bytes: Uint8Array | undefined): readonly number[] | undefined => bytes && [...bytes];
