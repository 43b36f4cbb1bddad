/**
 * Seals all that mailboxes keep anew with the key that seals now, so that an older key can be dropped: envelopes, contents,
 * and whom notifications are for. Goes through them in slices, beside a gateway that runs; each is replaced by itself, so
 * that it may be stopped at any time and run again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type MailboxStore, SEALED_AS, type StoredMessage } from '../mailbox-ports.ts';
import type { Secrets } from '../ports.ts';
import { slicesOf } from '../slices.ts';
import { RecordError } from './records.ts';

/** Messages that are looked at before other work runs. */
const SLICE = 100;

/** How far it is. A message counts once, whatever of it was sealed anew. */
export interface Resealed {
  /** Messages and notifications that were sealed anew. */
  readonly resealed: number;
  /** Those that the current key has sealed already. */
  readonly current: number;
  /** Those that no live key opens, or whose records are damaged: an older key still has to stay, or they are lost. */
  readonly unreadable: number;
}

type Seals = Pick<Secrets, 'unseal' | 'seal' | 'isSealedByCurrent'>;

/** @param onProgress hears of every slice */
export async function resealMailbox(
  { mailbox }: { readonly mailbox: MailboxStore },
  secrets: Seals,
  onProgress: (soFar: Resealed) => void = () => {},
): Promise<Resealed> {
  const counts = { resealed: 0, current: 0, unreadable: 0 };
  for await (const slice of slicesOf(mailbox, SLICE, ({ id }) => id)) {
    for (const message of slice) counts[await resealMessage(mailbox, secrets, message)] += 1;
    onProgress({ ...counts });
  }
  await resealNotifications(mailbox, secrets, counts, onProgress);
  // What could not even be listed was left out of the slices.
  return { ...counts, unreadable: counts.unreadable + (await mailbox.unreadable()) };
}

type Fate = keyof Resealed;

async function resealMessage(mailbox: MailboxStore, secrets: Seals, message: StoredMessage): Promise<Fate> {
  const { id } = message;
  let sealed: Uint8Array | undefined;
  try {
    sealed = await mailbox.content(id);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return 'unreadable';
  }
  const envelope = resealed(secrets, SEALED_AS.envelope, message.envelope);
  const content = sealed === undefined ? 'current' : resealed(secrets, SEALED_AS.content, sealed);
  if (envelope === 'unreadable' || content === 'unreadable') return 'unreadable';
  if (envelope === 'current' && content === 'current') return 'current';
  const kept = envelope === 'current' ? message.envelope : envelope;
  await mailbox.reseal(id, kept, content === 'current' ? undefined : content);
  return 'resealed';
}

async function resealNotifications(
  { notifications }: MailboxStore,
  secrets: Seals,
  counts: Record<Fate, number>,
  onProgress: (soFar: Resealed) => void,
): Promise<void> {
  for (let after: readonly [string, string] | undefined; ; ) {
    const slice = await notifications.slice(after, SLICE);
    for (const { userKey, policy, content: before } of slice) {
      const content = resealed(secrets, SEALED_AS.notification, before);
      if (typeof content !== 'string') await notifications.reseal(userKey, policy, before, content);
      counts[typeof content === 'string' ? content : 'resealed'] += 1;
    }
    const last = slice.at(-1);
    if (last === undefined) return;
    onProgress({ ...counts });
    after = [last.userKey, last.policy];
    await nextTurn();
  }
}

function resealed(secrets: Seals, purpose: string, sealed: Uint8Array): Uint8Array | 'current' | 'unreadable' {
  if (secrets.isSealedByCurrent(purpose, sealed)) return 'current';
  const text = secrets.unseal(purpose, sealed);
  return text === undefined ? 'unreadable' : secrets.seal(purpose, text);
}
