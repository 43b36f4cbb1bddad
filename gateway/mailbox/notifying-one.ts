/**
 * One notification on its way: what it says is put together when it goes out, from the policy as it is then, and the store
 * knows that it goes before it does. What came in meanwhile is never lost by what is written behind it: a newer message leads
 * to a notification of its own, after the window.
 */
import { type BearerMessage, type BearerOutcome, SEALED_AS, type StoredNotification } from '../mailbox-ports.ts';
import type { OffLineUserPolicy } from '../policy/model.ts';
import { notificationValues, textFor } from '../policy/text.ts';
import { readNotification } from '../stored-message/sealed.ts';
import type { BearerStandings, NotSent } from './bearer-standing.ts';
import { isGivenUpAfter, type NotificationResult, type NotifyingParts, pauseAfter } from './notifying-model.ts';

export type Notify = NonNullable<OffLineUserPolicy['notify']>;

/** What became of it; `undefined`: nothing was tried. */
export interface Notified {
  readonly result: NotificationResult | undefined;
  readonly tries: number;
  /** Why it failed or was refused. */
  readonly failure: string | undefined;
  readonly isGivenUp: boolean;
}

const DROPPED: Notified = { result: 'dropped', tries: 0, failure: undefined, isGivenUp: false };

/** Tries to tell one user, and writes down what came of it. Rejects when the store does. */
export async function notify(
  parts: NotifyingParts,
  standings: BearerStandings,
  due: StoredNotification,
  how: Notify,
): Promise<Notified> {
  const { store, clock } = parts;
  const { messages } = await store.counts(due.userKey);
  if (messages === 0) {
    await removeEmpty(parts, due);
    return DROPPED;
  }
  const message = messageOf(parts, due, how, messages);
  if (message === undefined) return settle(parts, due, due, { kind: 'refused', failure: 'unreadable' });
  const unavailable = standings.unavailable(how.bearer);
  if (unavailable !== undefined) {
    const untried = await settle(parts, due, { ...due, tries: due.tries + 1 }, unavailable);
    return { ...untried, result: untried.isGivenUp ? 'failed' : undefined };
  }
  const sentAt = clock.wall();
  const windowMillis = how.atMostEveryMillis;
  const sending: StoredNotification = {
    ...due,
    bearer: how.bearer,
    windowMillis,
    state: 'sending',
    sentAt,
    dueAt: sentAt + windowMillis,
    tries: due.tries + 1,
  };
  const outcome = await send(parts, standings, sending, message);
  return outcome.kind === 'sent' ? sent(parts, sending, messages) : settle(parts, due, sending, outcome);
}

async function send(
  { store, bearers }: NotifyingParts,
  standings: BearerStandings,
  sending: StoredNotification,
  message: BearerMessage,
): Promise<BearerOutcome> {
  const { bearer } = sending;
  let outcome: BearerOutcome | undefined;
  try {
    await store.notifications.put(sending);
    outcome = await (bearers.get(bearer)?.send(message) ?? GONE);
    return outcome;
  } finally {
    // Without a number nobody was asked.
    const wasAsked = outcome !== undefined && !(outcome.kind === 'refused' && outcome.failure === 'no-number');
    if (outcome !== undefined && wasAsked) standings.tried(bearer, outcome);
    else standings.untried(bearer);
  }
}

/** Removes one for which nothing waits, unless something has come in at that moment. */
export async function removeEmpty({ store, clock }: NotifyingParts, gone: StoredNotification): Promise<void> {
  const { userKey, policy, windowMillis, sentAt } = gone;
  await store.notifications.remove(userKey, policy);
  const { messages } = await store.counts(userKey);
  if (messages === 0 || (await store.notifications.get(userKey, policy)) !== undefined) return;
  const now = clock.wall();
  const dueAt = sentAt === undefined ? now : Math.max(now, sentAt + windowMillis);
  await store.notifications.put({ ...gone, state: 'waiting', at: now, dueAt, tries: 0, failure: undefined });
}

const GONE: Promise<BearerOutcome> = Promise.resolve({ kind: 'try-again', failure: 'no-bearer' });

async function sent(
  { store, clock }: NotifyingParts,
  sending: StoredNotification,
  messages: number,
): Promise<Notified> {
  const { userKey, policy } = sending;
  const known = await store.notifications.get(userKey, policy);
  const done: Notified = { result: 'sent', tries: sending.tries, failure: undefined, isGivenUp: false };
  if (known === undefined) return done;
  const { bearer, windowMillis, sentAt, dueAt } = sending;
  const now: StoredNotification = {
    ...known,
    bearer,
    windowMillis,
    sentAt,
    dueAt,
    tries: 0,
    failure: undefined,
    state: 'sent',
  };
  await store.notifications.put(now);
  // Whoever wrote while it was on its way is not in it.
  if ((await store.counts(userKey)).messages > messages) {
    await store.notifications.put({ ...now, state: 'waiting', at: clock.wall() });
  }
  return done;
}

/**
 * Writes down that it did not go out: as if nothing had been sent, but for the tries. Where it may have gone out all the
 * same, the next try waits for the window: once too late is better than twice.
 *
 * @param before as it was before this try
 * @param tried as it was written down for it
 */
async function settle(
  { store, clock }: NotifyingParts,
  before: StoredNotification,
  tried: StoredNotification,
  outcome: NotSent,
): Promise<Notified> {
  const { userKey, policy, bearer, windowMillis, tries } = tried;
  const mayHaveSent = outcome.kind === 'try-again' && outcome.mayHaveSent === true;
  const { failure } = outcome;
  const isGivenUp = outcome.kind === 'try-again' && isGivenUpAfter(tries);
  const isOver = isGivenUp || outcome.kind === 'refused';
  const known = await store.notifications.get(userKey, policy);
  const now = clock.wall();
  if (known !== undefined) {
    const nextAt = mayHaveSent ? Math.max(tried.dueAt, now + pauseAfter(tries)) : now + pauseAfter(tries);
    const dueAt = isOver ? now : nextAt;
    const { sentAt } = mayHaveSent ? tried : before;
    const state = isOver ? 'failed' : 'waiting';
    await store.notifications.put({ ...known, bearer, windowMillis, state, dueAt, sentAt, tries, failure });
  }
  return { result: outcome.kind === 'refused' ? 'refused' : 'failed', tries, failure, isGivenUp };
}

/** As it reads now; undefined where it cannot be unsealed. */
function messageOf(
  { secrets, languageOf, numberOf }: NotifyingParts,
  { userKey, policy, vasp, at, content }: StoredNotification,
  { text }: Notify,
  count: number,
): BearerMessage | undefined {
  const read = readNotification(secrets.unseal(SEALED_AS.notification, content) ?? '');
  if (read === undefined) return undefined;
  const { to, sender } = read;
  return {
    id: secrets.keyedHash('notification', userKey, policy, String(at)),
    user: to,
    number: numberOf(vasp, to),
    text: textFor(text, [languageOf(vasp)], notificationValues({ userId: to, vasp }, sender, count)),
    vasp,
    policy,
    count,
  };
}
