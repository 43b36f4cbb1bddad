/** What a change makes of what is stored, the same in every store. */
import { EMPTY_HEAD } from '../audit/chain.ts';
import type { AuditHead } from '../audit-ports.ts';
import type { Acceptance, StoredAskAgain } from '../ports.ts';
import type { SealedHead } from './ledger-tables.ts';

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
