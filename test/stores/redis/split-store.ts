/** A store whose every share is in the hands of another holder, as if it were one: for what every store must do. */
import type { Deposit, MailboxStore, MailboxTotals } from '../../../gateway/mailbox-ports.ts';
import type { Store } from '../../../gateway/ports.ts';
import { shareOf } from '../../../gateway/shares.ts';
import { RedisMailbox } from '../../../gateway/stores/redis/mailbox.ts';
import { RedisSystemMessages } from '../../../gateway/stores/redis/messages.ts';
import type { MessageRecord, SystemMessageStore } from '../../../gateway/system-message-ports.ts';
import { held, type Opened, storeOf } from './parts-of-tests.ts';

export async function splitStoreOf(parts: Opened): Promise<Store> {
  const holders = await Promise.all(parts.shares.map((share) => held(parts, share, `token ${share}`)));
  const boxes = holders.map((holder) => new RedisMailbox(holder));
  const messages = holders.map((holder) => new RedisSystemMessages(holder));
  return { ...storeOf(parts), mailbox: splitMailbox(boxes), systemMessages: splitMessages(messages) };
}

async function firstOf<T>(asked: readonly Promise<T | undefined>[]): Promise<T | undefined> {
  return (await Promise.all(asked)).find((one) => one !== undefined);
}

function of<T>(all: readonly T[], userKey: string): T {
  const one = all[shareOf(userKey)];
  if (one === undefined) throw new Error('a share is missing');
  return one;
}

const byId = <T extends { readonly id: string }>(all: readonly (readonly T[])[], limit: number): readonly T[] =>
  all
    .flat()
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, limit);

function splitMailbox(boxes: readonly RedisMailbox[]): MailboxStore {
  const each = <T>(ask: (box: RedisMailbox) => Promise<T>): Promise<T[]> => Promise.all(boxes.map(ask));
  const owners = new Map<string, RedisMailbox>();
  const holderOf = (id: string): RedisMailbox | undefined => owners.get(id);
  /** The office never gives two users a message of the same id. */
  const isElsewhere = async ({ id, userKey }: Deposit['message']): Promise<boolean> => {
    const owner = holderOf(id);
    return owner !== undefined && owner !== of(boxes, userKey) && (await owner.get(id)) !== undefined;
  };
  return {
    async put(deposit, most) {
      const box = of(boxes, deposit.message.userKey);
      const { duplicate, message } = deposit;
      const known = duplicate && (await box.known(duplicate.key, message.storedAt));
      if (known !== undefined) return { kind: 'known', ...known };
      if (await isElsewhere(message)) return { kind: 'stored' };
      owners.set(message.id, box);
      return box.put(deposit, most);
    },
    get: (id) => firstOf(boxes.map((box) => box.get(id))),
    content: (id) => firstOf(boxes.map((box) => box.content(id))),
    waiting: (userKey, limit) => of(boxes, userKey).waiting(userKey, limit),
    dead: (userKey) => of(boxes, userKey).dead(userKey),
    counts: (userKey) => of(boxes, userKey).counts(userKey),
    handed: async (id, at) => holderOf(id)?.handed(id, at),
    async end(ids, reports) {
      const ended = new Set<string>();
      let told: Deposit[] = [];
      for (const report of reports) if (!(await isElsewhere(report.message))) told.push(report);
      const asked = ids.length === 0 ? boxes.slice(0, 1) : boxes;
      for (const box of asked) {
        const there = await box.end(ids, told);
        for (const id of there) ended.add(id);
        if (there.length === 0 && ids.length > 0) continue;
        for (const { message } of told) owners.set(message.id, of(boxes, message.userKey));
        told = [];
      }
      return [...new Set(ids)].filter((id) => ended.has(id));
    },
    bury: async (id, reason, at) => holderOf(id)?.bury(id, reason, at),
    replay: async (id, expiresAt) => (await holderOf(id)?.replay(id, expiresAt)) ?? false,
    async expired(now, limit) {
      const all = (await each((box) => box.expired(now, limit))).flat();
      return all.sort((a, b) => a.expiresAt - b.expiresAt || (a.id < b.id ? -1 : 1)).slice(0, limit);
    },
    slice: async (after, limit) => byId(await each((box) => box.slice(after, limit)), limit),
    unreadable: async () => (await each((box) => box.unreadable())).reduce((sum, one) => sum + one, 0),
    async totals() {
      const none: MailboxTotals = { waiting: 0, waitingBytes: 0, reports: 0, dead: 0 };
      return (await each((box) => box.totals())).reduce(
        (sum, one) => ({
          waiting: sum.waiting + one.waiting,
          waitingBytes: sum.waitingBytes + one.waitingBytes,
          reports: sum.reports + one.reports,
          dead: sum.dead + one.dead,
        }),
        none,
      );
    },
    reseal: async (id, envelope, content) => holderOf(id)?.reseal(id, envelope, content),
    known: (key, now) => firstOf(boxes.map((box) => box.known(key, now))),
    rememberedUntil: async () => Math.max(...(await each((box) => box.rememberedUntil()))),
    sweep: async (now) => void (await each((box) => box.sweep(now))),
    forget: (userKey) => of(boxes, userKey).forget(userKey),
    notifications: {
      get: (userKey, policy) => of(boxes, userKey).notifications.get(userKey, policy),
      put: (one) => of(boxes, one.userKey).notifications.put(one),
      async due(now, limit) {
        const all = (await each((box) => box.notifications.due(now, limit))).flat();
        return all.sort((a, b) => a.dueAt - b.dueAt).slice(0, limit);
      },
      remove: (userKey, policy) => of(boxes, userKey).notifications.remove(userKey, policy),
      reseal: (userKey, policy, before, content) =>
        of(boxes, userKey).notifications.reseal(userKey, policy, before, content),
      slice: async (after, limit) =>
        (await each((box) => box.notifications.slice(after, limit))).flat().slice(0, limit),
    },
    wishes: {
      of: (userKey) => of(boxes, userKey).wishes.of(userKey),
      set: (userKey, wishes) => of(boxes, userKey).wishes.set(userKey, wishes),
    },
  };
}

function splitMessages(messages: readonly RedisSystemMessages[]): SystemMessageStore {
  return {
    put: async (records: readonly MessageRecord[]) => {
      for (const record of records) await of(messages, record.userKey).put([record]);
    },
    get: (id) => firstOf(messages.map((one) => one.get(id))),
    of: (userKey) => of(messages, userKey).of(userKey),
    slice: async (after, limit) => byId(await Promise.all(messages.map((one) => one.slice(after, limit))), limit),
    unreadable: async () => 0,
    remove: async (ids) => void (await Promise.all(messages.map((one) => one.remove(ids)))),
    settings: (userKey) => of(messages, userKey).settings(userKey),
    set: (userKey, settings) => of(messages, userKey).set(userKey, settings),
    forget: (userKey) => of(messages, userKey).forget(userKey),
  };
}
