/**
 * Random changes to mailboxes against an account of them that is too simple to be wrong: what waits for whom and in which
 * order, what was counted, what expires, after every few changes. For the test of every store.
 */
import { expect } from '@jest/globals';
import fc from 'fast-check';
import type { Deposit, MailboxStore, StoredMessage } from '../../gateway/mailbox-ports.ts';
import { recounted } from './mailbox-recount.ts';
import { deposit, idOf } from './records-of-tests.ts';

export const SEED = Number(process.env.TEST_SEED ?? 20_260_206);
const USERS = ['ada', 'bo', 'cy'].map(idOf);
const IDS = 12;
const QUOTA = { messages: 4, bytes: 500 };
const MOST = 8;

type Change =
  | {
      readonly kind: 'put';
      readonly id: number;
      readonly user: number;
      readonly bytes: number;
      readonly isReport: boolean;
      readonly key: number;
      readonly at: number;
    }
  | { readonly kind: 'end'; readonly ids: readonly number[]; readonly report: number; readonly user: number }
  | { readonly kind: 'handed' | 'bury' | 'replay'; readonly id: number; readonly at: number }
  | { readonly kind: 'sweep'; readonly at: number }
  | { readonly kind: 'forget'; readonly user: number };

const id = fc.nat(IDS - 1);
const user = fc.nat(USERS.length - 1);
const at = fc.integer({ min: 1, max: 100 });
const put = fc.record({
  kind: fc.constant('put' as const),
  id,
  user,
  bytes: fc.integer({ min: 0, max: 300 }),
  isReport: fc.boolean(),
  key: fc.nat(3),
  at,
});
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: put },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('end' as const), ids: fc.array(id, { maxLength: 3 }), report: id, user }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('handed' as const, 'bury' as const, 'replay' as const), id, at }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const), at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), user }) },
);

/** All that there is, in the order in which it is handed over. */
class Account {
  messages: StoredMessage[] = [];
  known = new Map<string, { id: string; sentId: string; until: number }>();

  put({ message, duplicate, quota }: Deposit, most: number): unknown {
    const known = duplicate === undefined ? undefined : this.known.get(duplicate.key);
    if (known !== undefined && known.until > message.storedAt)
      return { kind: 'known', id: known.id, sentId: known.sentId };
    if (this.messages.some((other) => other.id === message.id)) return { kind: 'stored' };
    const all = this.messages.filter(({ kind, state }) => kind === 'message' && state === 'waiting');
    const mine = all.filter(({ userKey }) => userKey === message.userKey);
    const bytes = mine.reduce((sum, other) => sum + other.bytes, message.bytes);
    if (message.kind === 'message') {
      if (quota !== undefined && (mine.length + 1 > quota.messages || bytes > quota.bytes))
        return { kind: 'full', of: 'recipient' };
      if (all.length + 1 > most) return { kind: 'full', of: 'mailbox' };
    }
    const rest = { sequence: 0, state: 'waiting', reason: undefined, tries: 0, handedAt: undefined } as const;
    this.messages.push({ ...message, ...rest });
    if (duplicate !== undefined) this.known.set(duplicate.key, { ...duplicate, id: message.id });
    return { kind: 'stored' };
  }

  end(ids: readonly string[], reports: readonly Deposit[]): unknown {
    const there = [...new Set(ids)].filter((one) => this.messages.some((message) => message.id === one));
    this.messages = this.messages.filter((message) => !there.includes(message.id));
    if (there.length > 0 || ids.length === 0) for (const report of reports) this.put(report, 0);
    return there;
  }

  change(one: string, edit: (message: StoredMessage) => StoredMessage | undefined): boolean {
    const place = this.messages.findIndex((message) => message.id === one);
    const before = this.messages[place];
    const after = before === undefined ? undefined : edit(before);
    if (before === undefined || after === undefined) return false;
    // Who waits again waits behind all others.
    if (before.state === 'dead') this.messages.splice(place, 1);
    if (before.state === 'dead') this.messages.push(after);
    else this.messages[place] = after;
    return true;
  }
}

function depositOf(step: Extract<Change, { kind: 'put' }>): Deposit {
  const message = {
    id: idOf(`message ${step.id}`),
    userKey: USERS[step.user] ?? '',
    bytes: step.bytes,
    kind: step.isReport ? 'report' : 'message',
    storedAt: step.at,
    expiresAt: step.at + 50,
  } as const;
  const duplicate =
    step.key === 0
      ? undefined
      : { key: idOf(`key ${step.key} of ${step.user}`), sentId: `s${step.id}`, until: step.at + 20 };
  return deposit(step.id, message, { duplicate, quota: QUOTA });
}

/** @param moment of handing over: no two are the same */
async function doBoth(box: MailboxStore, account: Account, step: Change, moment: number): Promise<void> {
  const one = 'id' in step ? idOf(`message ${step.id}`) : '';
  if (step.kind === 'put') {
    const wanted = depositOf(step);
    expect(await box.put(wanted, MOST)).toEqual(account.put(wanted, MOST));
  } else if (step.kind === 'end') {
    const ids = step.ids.map((number) => idOf(`message ${number}`));
    const told = deposit(0, {
      id: idOf(`message ${step.report}`),
      kind: 'report',
      userKey: USERS[step.user] ?? '',
      bytes: 0,
    });
    expect(await box.end(ids, [told])).toEqual(account.end(ids, [told]));
  } else if (step.kind === 'handed') {
    await box.handed(one, moment);
    account.change(one, (message) =>
      message.state === 'dead' ? undefined : { ...message, tries: message.tries + 1, handedAt: moment },
    );
  } else if (step.kind === 'bury') {
    await box.bury(one, 'unacknowledged', step.at);
    account.change(one, (message) =>
      message.state === 'dead' ? undefined : { ...message, state: 'dead', reason: 'unacknowledged', diedAt: step.at },
    );
  } else if (step.kind === 'replay') {
    const isDone = account.change(one, ({ diedAt: _, ...message }) =>
      message.state === 'waiting'
        ? undefined
        : { ...message, state: 'waiting', reason: undefined, tries: 0, handedAt: undefined, expiresAt: step.at },
    );
    expect(await box.replay(one, step.at)).toBe(isDone);
  } else if (step.kind === 'sweep') {
    await box.sweep(step.at);
    for (const [key, { until }] of account.known) if (until <= step.at) account.known.delete(key);
  } else if (step.kind === 'forget') {
    const userKey = USERS[step.user];
    const gone = account.messages.filter((message) => message.userKey === userKey);
    account.messages = account.messages.filter((message) => message.userKey !== userKey);
    expect(await box.forget(userKey ?? '')).toBe(gone.filter(({ kind }) => kind === 'message').length);
  }
}

async function compare(box: MailboxStore, account: Account): Promise<void> {
  const anySequence = (message: StoredMessage) => ({ ...message, sequence: expect.any(Number) });
  const waiting = account.messages.filter(({ state }) => state === 'waiting');
  for (const userKey of USERS) {
    const mine = waiting.filter((message) => message.userKey === userKey);
    expect(await box.waiting(userKey, 100)).toEqual(mine.map(anySequence));
    const messages = mine.filter(({ kind }) => kind === 'message');
    expect(await box.counts(userKey)).toEqual({
      messages: messages.length,
      bytes: messages.reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }
  const all = [...account.messages].sort((a, b) => (a.id < b.id ? -1 : 1));
  expect(await box.slice(undefined, 100)).toEqual(all.map(anySequence));
  expect(await box.totals()).toEqual(await recounted(box));
  const over = waiting.filter(({ expiresAt }) => expiresAt <= 75);
  over.sort((a, b) => a.expiresAt - b.expiresAt || (a.id < b.id ? -1 : 1));
  expect(await box.expired(75, 100)).toEqual(over.map(anySequence));
}

async function play(box: MailboxStore, steps: readonly Change[]): Promise<void> {
  for (const userKey of USERS) await box.forget(userKey);
  await box.sweep(2 ** 47);
  const account = new Account();
  for (const [number, step] of steps.entries()) {
    await doBoth(box, account, step, number + 1);
    if (number % 4 === 0) await compare(box, account);
  }
  await compare(box, account);
}

/** Plays `runs` games on the same mailboxes, each after emptying them. */
export async function playGames(box: MailboxStore, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 20, maxLength: 60 }), (steps) => play(box, steps)),
    { seed: SEED, numRuns: runs, endOnFailure: true },
  );
}
