/**
 * Counts what was sealed by another key than the one that seals now and cannot be sealed anew beside a gateway that runs:
 * names in open sessions, and in on-line messages that are not over. Both end by themselves. Mailboxes are sealed anew instead
 * (`stores/reseal.ts`).
 */
import { SEALED } from '../desk/queues.ts';
import type { Secrets, Store } from '../ports.ts';
import { slicesOf } from '../slices.ts';
import { PURPOSE } from '../system-message/person.ts';

/** What of a running gateway nobody could read without the older key. */
export interface OlderSeals {
  /** Sessions whose user would only be told what concerns everybody. */
  readonly sessions: number;
  /** Messages about another user, who could not be named any more. */
  readonly messages: number;
}

/** Entries that are looked at before other work runs: about a millisecond. */
const SLICE = 200;

/** @param now wall-clock milliseconds: what has ended is not counted */
export async function countOlderSeals(
  { sessions, systemMessages }: Pick<Store, 'sessions' | 'systemMessages'>,
  secrets: Pick<Secrets, 'isSealedByCurrent'>,
  now: number,
): Promise<OlderSeals> {
  const isOlder = (purpose: string, sealed: Uint8Array | undefined): boolean =>
    sealed !== undefined && !secrets.isSealedByCurrent(purpose, sealed);
  const counts = { sessions: 0, messages: 0 };
  for await (const slice of slicesOf(sessions, SLICE, ([key]) => key)) {
    counts.sessions += slice.filter(([, { expiresAt, person }]) => expiresAt > now && isOlder(PURPOSE, person)).length;
  }
  for await (const slice of slicesOf(systemMessages, SLICE, ({ id }) => id)) {
    counts.messages += slice.filter(
      ({ endedAt, expiresAt, about }) => endedAt === undefined && expiresAt > now && isOlder(SEALED, about),
    ).length;
  }
  return counts;
}
