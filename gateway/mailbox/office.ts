/**
 * What operators do with the mailbox: see how much there is, what was given up and which notifications failed; hand over
 * again, throw away, notify again. Works on the store and tells the running mailbox whose messages changed. Users are named
 * by their ids, which are hashed here and kept nowhere, or by the hashes that reports show.
 */
import { deadSlices, mailOf, notificationSlices } from '../audit/mail-data.ts';
import type { MailboxStore, StoredMessage, StoredNotification } from '../mailbox-ports.ts';
import type { Clock, Log, Metrics } from '../ports.ts';
import { piecesOf, REMOVED_AT_ONCE, slicesOf } from '../slices.ts';
import type {
  MailboxOffice,
  OfficeOutcome,
  OfficeTotals,
  OfficeUser,
  Page,
  PolicyTotals,
  PurgeSelection,
} from './office-model.ts';

export interface OfficeParts {
  readonly store: MailboxStore;
  readonly vasps: readonly string[];
  readonly userKey: (vasp: string, userId: string) => string;
  /** Something waits for these users that did not: their sessions are to be told. */
  readonly changed: (userKeys: readonly string[]) => Promise<void> | void;
  readonly metrics: Pick<Metrics, 'mailbox'>;
  readonly clock: Pick<Clock, 'wall'>;
  readonly log: Log;
}

/** Records looked at without letting others work: about a millisecond. */
const SLICE = 200;

export function createMailboxOffice(parts: OfficeParts): MailboxOffice {
  const { store, clock, log } = parts;
  const selected = async (which: PurgeSelection): Promise<OfficeOutcome<Slices>> => {
    switch (which.which) {
      case 'id': {
        const message = await store.get(which.id);
        return message === undefined ? noSuchMessage(which.id, 'message') : done([[message]]);
      }
      case 'user': {
        const messages = await messagesOf(parts, which.user);
        return messages.kind === 'refused' ? messages : done([messages.done]);
      }
      case 'dead': {
        const before = which.olderThanMillis === undefined ? undefined : clock.wall() - which.olderThanMillis;
        return done(deadBefore(store, before));
      }
    }
  };
  return {
    totals: async () => ({
      ...(await store.totals()),
      unreadable: await store.unreadable(),
      notifications: await notificationTotals(store),
    }),
    byPolicy: () => policyTotals(store),
    of: (user) => messagesOf(parts, user),
    dead: (after, limit) => deadPage(store, after, limit),
    async replay(which, by) {
      const found = await selected(which.which === 'all' ? { which: 'dead', olderThanMillis: undefined } : which);
      if (found.kind === 'refused') return found;
      const replayed = await replayAll(parts, found.done);
      if (which.which === 'id' && replayed === 0) return noSuchMessage(which.id, 'message that was given up');
      log.info('kept messages replayed', { by, which: which.which, messages: replayed });
      return done(replayed);
    },
    async purge(which, by) {
      const found = await selected(which);
      if (found.kind === 'refused') return found;
      const purged = await purgeAll(parts, found.done);
      log.info('kept messages purged', { by, which: which.which, messages: purged });
      return done(purged);
    },
    notifications: (state, after, limit) => notificationPage(store, state, after, limit),
    async retry(which, by) {
      const keys = which.which === 'all' ? undefined : keysOf(parts, which.user);
      if (keys?.kind === 'refused') return keys;
      const policy = which.which === 'all' ? undefined : which.policy;
      const retried = await retryAll(parts, keys?.done, policy);
      log.info('notifications retried', { by, which: which.which, notifications: retried });
      return done(retried);
    },
  };
}

const done = <Done>(value: Done): OfficeOutcome<Done> => ({ kind: 'done', done: value });

const noSuchMessage = (id: string, what: string) =>
  ({
    kind: 'refused',
    code: 'no-such-message',
    message: `No ${what} has the id ${JSON.stringify(id.slice(0, 100))}; it may have been acknowledged, or its time may be over.`,
  }) as const;

function keysOf({ vasps, userKey }: OfficeParts, user: OfficeUser): OfficeOutcome<readonly string[]> {
  if (user.by === 'key') return done([user.key]);
  const { vasp } = user;
  if (vasp !== undefined && !vasps.includes(vasp)) {
    const message = `No VASP is named ${JSON.stringify(vasp.slice(0, 100))}; there are ${vasps.join(', ')}.`;
    return { kind: 'refused', code: 'unknown-vasp', message };
  }
  return done((vasp === undefined ? vasps : [vasp]).map((name) => userKey(name, user.user)));
}

async function messagesOf(parts: OfficeParts, user: OfficeUser): Promise<OfficeOutcome<readonly StoredMessage[]>> {
  const keys = keysOf(parts, user);
  if (keys.kind === 'refused') return keys;
  const all: StoredMessage[] = [];
  for (const key of keys.done) all.push(...(await mailOf(parts.store, key)));
  return done(all);
}

/** @param before wall-clock milliseconds: those given up later are left out */
async function* deadBefore(store: MailboxStore, before: number | undefined): AsyncGenerator<readonly StoredMessage[]> {
  for await (const slice of deadSlices(store)) {
    yield before === undefined ? slice : slice.filter(({ storedAt, diedAt }) => (diedAt ?? storedAt) < before);
  }
}

type Slices = AsyncIterable<readonly StoredMessage[]> | readonly (readonly StoredMessage[])[];

async function replayAll({ store, clock, changed, metrics }: OfficeParts, slices: Slices): Promise<number> {
  let replayed = 0;
  for await (const slice of slices) {
    const users = new Set<string>();
    for (const { id, userKey, state, storedAt, expiresAt } of slice) {
      if (state !== 'dead' || !(await store.replay(id, clock.wall() + expiresAt - storedAt))) continue;
      users.add(userKey);
      replayed++;
      metrics.mailbox('replayed');
    }
    if (users.size > 0) await changed([...users]);
  }
  return replayed;
}

/** Nobody has to be told: whoever asks for something that is gone finds that out. */
async function purgeAll({ store, metrics }: OfficeParts, slices: Slices): Promise<number> {
  let purged = 0;
  for await (const slice of slices) {
    for (const some of piecesOf(slice, REMOVED_AT_ONCE)) {
      const ended = await store.end(
        some.map(({ id }) => id),
        [],
      );
      purged += ended.length;
      metrics.mailbox('purged', ended.length);
    }
  }
  return purged;
}

async function policyTotals(store: MailboxStore): Promise<readonly PolicyTotals[]> {
  const totals = new Map<string, { waiting: number; waitingBytes: number; reports: number; dead: number }>();
  for await (const slice of slicesOf(store, SLICE, ({ id }) => id)) {
    for (const { policy, kind, state, bytes } of slice) {
      const of = totals.get(policy) ?? { waiting: 0, waitingBytes: 0, reports: 0, dead: 0 };
      totals.set(policy, of);
      if (state === 'dead') of.dead++;
      else if (kind === 'report') of.reports++;
      else {
        of.waiting++;
        of.waitingBytes += bytes;
      }
    }
  }
  return [...totals].map(([policy, of]) => ({ policy, ...of })).toSorted((a, b) => (a.policy < b.policy ? -1 : 1));
}

async function deadPage(store: MailboxStore, after: string | undefined, limit: number): Promise<Page<StoredMessage>> {
  const entries: StoredMessage[] = [];
  if ((await store.totals()).dead === 0) return { entries, next: undefined };
  const rest = { slice: (last: string | undefined, count: number) => store.slice(last ?? after, count) };
  for await (const slice of slicesOf(rest, SLICE, ({ id }) => id)) {
    for (const message of slice) {
      if (message.state !== 'dead') continue;
      if (entries.length === limit) return { entries, next: entries.at(-1)?.id };
      entries.push(message);
    }
  }
  return { entries, next: undefined };
}

async function notificationTotals(store: MailboxStore): Promise<OfficeTotals['notifications']> {
  const totals = { waiting: 0, sending: 0, sent: 0, failed: 0 };
  for await (const slice of notificationSlices(store)) for (const { state } of slice) totals[state]++;
  return totals;
}

async function notificationPage(
  store: MailboxStore,
  state: StoredNotification['state'] | undefined,
  after: string | undefined,
  limit: number,
): Promise<Page<StoredNotification>> {
  const entries: StoredNotification[] = [];
  for await (const slice of notificationSlices(store, pairOf(after))) {
    for (const one of slice) {
      if (state !== undefined && one.state !== state) continue;
      const last = entries.at(-1);
      if (last !== undefined && entries.length === limit) return { entries, next: `${last.userKey}/${last.policy}` };
      entries.push(one);
    }
  }
  return { entries, next: undefined };
}

function pairOf(after: string | undefined): readonly [string, string] | undefined {
  if (after === undefined) return undefined;
  const [userKey = '', policy = ''] = after.split('/');
  return [userKey, policy];
}

/** @param keys of the users meant; undefined: all of them */
async function retryAll(
  { store, clock }: OfficeParts,
  keys: readonly string[] | undefined,
  policy: string | undefined,
): Promise<number> {
  let retried = 0;
  for await (const slice of notificationSlices(store)) {
    for (const one of slice) {
      const isMeant = (keys === undefined || keys.includes(one.userKey)) && (policy ?? one.policy) === one.policy;
      if (one.state !== 'failed' || !isMeant) continue;
      // A newer message may have begun it anew since.
      const now = await store.notifications.get(one.userKey, one.policy);
      if (now?.state !== 'failed') continue;
      await store.notifications.put({ ...now, state: 'waiting', dueAt: clock.wall(), tries: 0, failure: undefined });
      retried++;
    }
  }
  return retried;
}
