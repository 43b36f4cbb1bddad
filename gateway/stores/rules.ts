/** What a change makes of what is stored, the same in every store. */
import { EMPTY_HEAD } from '../audit/chain.ts';
import type { AuditHead } from '../audit-ports.ts';
import type { Acceptance, StoredAskAgain } from '../ports.ts';
import type { MessageRecord } from '../system-message-ports.ts';
import type { SealedHead } from './ledger-tables.ts';

/** Ids of erased messages that are remembered of one user; the oldest go first. */
const MAX_FORGOTTEN = 200;

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
