/** What a change makes of what is stored, the same in every store. */
import { EMPTY_HEAD } from '../audit/chain.ts';
import type { AuditHead } from '../audit-ports.ts';
import type { Deposit, MailboxTotals, NotificationWish, StoredMessage, StoredNotification } from '../mailbox-ports.ts';
import type { Acceptance, StoredAskAgain } from '../ports.ts';
import type { MessageRecord } from '../system-message-ports.ts';
import type { SealedHead } from './ledger-tables.ts';

/** Ids of erased messages that are remembered of one user; the oldest go first. */
export const MAX_FORGOTTEN = 200;

/** The acceptances of a user with new ones added, each in the place of an older one of the same policy. */
export function replaced(known: readonly Acceptance[], added: readonly Acceptance[]): readonly Acceptance[] {
  const byPolicy = new Map(known.map((acceptance) => [acceptance.policy, acceptance]));
  for (const acceptance of added) byPolicy.set(acceptance.policy, acceptance);
  return [...byPolicy.values()];
}

/** The acceptances without that of a policy, or without any. */
export function without(known: readonly Acceptance[], policy: string | undefined): readonly Acceptance[] {
  return policy === undefined ? [] : known.filter((acceptance) => acceptance.policy !== policy);
}

/** The wishes with a new one in the place of an older one for the same. */
export function withWish(wishes: readonly StoredAskAgain[], wish: StoredAskAgain): readonly StoredAskAgain[] {
  const others = wishes.filter(
    ({ policy, vasp, users }) => policy !== wish.policy || vasp !== wish.vasp || users !== wish.users,
  );
  return [...others, wish];
}

/** The head without its seal; that of an empty chain when there is none. */
export function plainHead(stored: SealedHead | 'damaged' | undefined): AuditHead | undefined {
  if (stored === undefined) return EMPTY_HEAD;
  if (stored === 'damaged') return undefined;
  const { seal: _, ...head } = stored;
  return head;
}

/** Messages of one user in the order in which they go out. */
export function inTheirOrder(records: readonly MessageRecord[]): readonly MessageRecord[] {
  return [...records].sort((a, b) => a.sequence - b.sequence);
}

/**
 * The ids of messages that are erased now or were before, and that a gateway which still has them in memory would write
 * again: those that had not come to their end.
 */
export function unended(before: readonly string[], erased: readonly MessageRecord[]): readonly string[] {
  const ids = erased.filter(({ state }) => state === 'open' || state === 'inbox').map(({ id }) => id);
  return [...before, ...ids].slice(-MAX_FORGOTTEN);
}

/**
 * The notification after somebody else has left a message: one for all that wait, with the words of the last one. Goes out
 * at once where none is known or it was given up, and where one went out, when its window is over.
 */
export function wished(known: StoredNotification | undefined, wish: NotificationWish): StoredNotification {
  if (known !== undefined && (known.state === 'waiting' || known.state === 'sending'))
    return { ...known, ...wish, at: known.at };
  const sentAt = known?.state === 'sent' ? known.sentAt : undefined;
  const dueAt = sentAt === undefined ? wish.at : Math.max(wish.at, sentAt + wish.windowMillis);
  return { ...wish, state: 'waiting', dueAt, tries: 0, sentAt, failure: undefined };
}

/** A message as it comes into its mailbox. */
export function deposited({ message }: Deposit, sequence: number): StoredMessage {
  return { ...message, sequence, state: 'waiting', reason: undefined, tries: 0, handedAt: undefined };
}

/** Why there is no room for a deposit; undefined where there is, as always for reports. */
export function fullOf(
  { message, quota }: Deposit,
  counts: UserCounts,
  totals: Pick<MailboxTotals, 'waiting'>,
  most: number,
): 'recipient' | 'mailbox' | undefined {
  if (message.kind === 'report') return undefined;
  if (quota !== undefined && (counts.messages >= quota.messages || counts.bytes + message.bytes > quota.bytes))
    return 'recipient';
  return totals.waiting >= most ? 'mailbox' : undefined;
}

/** What waits for one user, reports apart. */
export interface UserCounts {
  readonly messages: number;
  readonly bytes: number;
}

export const NO_COUNTS: UserCounts = { messages: 0, bytes: 0 };
export const NO_TOTALS: MailboxTotals = { waiting: 0, waitingBytes: 0, reports: 0, dead: 0 };

/** All that counting has to know of a message. */
export type Counted = Pick<StoredMessage, 'kind' | 'state' | 'bytes'>;

/** A user's counts with one message more (`by` 1) or less (-1). */
export function counted(counts: UserCounts, { kind, state, bytes }: Counted, by: 1 | -1): UserCounts {
  if (kind !== 'message' || state !== 'waiting') return counts;
  return { messages: counts.messages + by, bytes: counts.bytes + by * bytes };
}

/** The totals with one message more (`by` 1) or less (-1). */
export function totalled(totals: MailboxTotals, { kind, state, bytes }: Counted, by: 1 | -1): MailboxTotals {
  if (state === 'dead') return { ...totals, dead: totals.dead + by };
  if (kind === 'report') return { ...totals, reports: totals.reports + by };
  return { ...totals, waiting: totals.waiting + by, waitingBytes: totals.waitingBytes + by * bytes };
}
