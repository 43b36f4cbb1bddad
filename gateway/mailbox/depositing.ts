/**
 * Puts a message for users who are away into their mailboxes [X60]: one sealed record for each recipient, one after the
 * other, each durable before the next. A sender's second try finds what the first one left, whatever became of the answer
 * to that, and is told the same MessageID again.
 */
import { createHash } from 'node:crypto';
import { childText, type Element } from '../csp/element.ts';
import {
  type Deposit,
  type DepositOrder,
  type DepositRecipient,
  type DepositResult,
  type KeepRules,
  type OffLineWishes,
  SEALED_AS,
} from '../mailbox-ports.ts';
import type { Secrets } from '../ports.ts';
import { mailMessageId } from '../stored-message/ids.ts';
import { isBase64 } from '../stored-message/message-info.ts';
import { contentBytes, contentText, envelopeText, notificationText } from '../stored-message/sealed.ts';
import { infoTo } from '../stored-message/sending-info.ts';
import { mayKeep, mayNotify, NO_WISHES } from '../stored-message/wishes.ts';
import { newId } from '../system-message/ids.ts';
import type { MailboxParts } from './parts.ts';

export type DepositingParts = Pick<
  MailboxParts,
  'store' | 'secrets' | 'clock' | 'metrics' | 'mostMessages' | 'sendsTextMessages'
>;

/**
 * For how long a sender's second try is known as one: long enough for a phone that heard no answer, and short enough for one
 * that uses the same TransactionID for the same words again.
 */
export const DUPLICATE_MILLIS = 2 * 60_000;

/** What is the same for every recipient. */
interface Prepared {
  readonly order: DepositOrder;
  readonly now: number;
  readonly content: string | undefined;
  readonly bytes: number;
  /** Of what is said in the message. */
  readonly digest: string;
}

/**
 * Counts what becomes of each. Rejects when the store cannot be had: then some may be kept all the same, and whoever asked
 * must claim nothing.
 */
export async function depositAll(parts: DepositingParts, order: DepositOrder): Promise<DepositResult> {
  const prepared = prepare(order, parts.clock.wall());
  let sentId = order.vaspMessageId ?? mailMessageId(newId((count) => parts.secrets.randomBytes(count)));
  const recipients: DepositResult['recipients'][number][] = [];
  for (const recipient of order.recipients) {
    const wishes = (await parts.store.wishes.of(recipient.userKey)) ?? NO_WISHES;
    if (isUnwanted(order, wishes)) {
      recipients.push('refused');
      continue;
    }
    const deposit = depositFor(parts, prepared, told(parts, recipient, wishes), sentId);
    const outcome = await parts.store.put(deposit, parts.mostMessages);
    parts.metrics.mailbox(outcome.kind === 'known' ? 'duplicate' : outcome.kind);
    recipients.push(outcome.kind === 'full' ? 'full' : 'stored');
    if (outcome.kind === 'known') sentId = outcome.sentId;
  }
  return { sentId, recipients };
}

/** The MessageID that the sender was told, when every recipient's message is known from a try before; else undefined. */
export async function repeatedAs(
  { store, secrets, clock, metrics }: DepositingParts,
  order: DepositOrder,
): Promise<string | undefined> {
  const { digest, now } = prepare(order, clock.wall());
  let sentId: string | undefined;
  for (const { userKey } of order.recipients) {
    const known = await store.known(duplicateKey(secrets, order, userKey, digest), now);
    if (known === undefined) return undefined;
    sentId ??= known.sentId;
  }
  for (const _ of order.recipients) metrics.mailbox('duplicate');
  return sentId;
}

function duplicateKey(
  secrets: Pick<Secrets, 'keyedHash'>,
  { vasp, sessionKey, transactionId }: DepositOrder,
  userKey: string,
  digest: string,
): string {
  return secrets.keyedHash('duplicate', vasp, sessionKey, transactionId, userKey, digest);
}

function prepare(order: DepositOrder, now: number): Prepared {
  const { info, content } = order;
  const text = content === undefined ? undefined : contentText(content);
  const said = JSON.stringify([text, childText(info, 'MessageURI')]);
  const digest = createHash('sha256').update(said).digest('base64url');
  return { order, now, content: text, bytes: sizeOf(info, content), digest };
}

/** What is sent as BASE64 counts as what it stands for. */
function sizeOf(info: Element, content: Element | undefined): number {
  return isBase64(info) && content !== undefined ? Buffer.from(content.text, 'base64').length : contentBytes(content);
}

/** Not kept, and no failure of the mailbox's: the VASP's word stands. */
function isUnwanted({ info, validitySeconds }: DepositOrder, wishes: OffLineWishes): boolean {
  // At once or never, the sender says; and there is no at once.
  return (validitySeconds !== undefined && validitySeconds <= 0) || !mayKeep(wishes, info);
}

/** The recipient is told by a bearer only where its client has not wished otherwise. */
function told(
  { sendsTextMessages }: DepositingParts,
  recipient: DepositRecipient,
  wishes: OffLineWishes,
): DepositRecipient {
  const { notify } = recipient.keep;
  if (notify === undefined || mayNotify(wishes, sendsTextMessages(notify.bearer))) return recipient;
  return { ...recipient, keep: { ...recipient.keep, notify: undefined } };
}

function depositFor(
  parts: DepositingParts,
  { order, now, content, bytes, digest }: Prepared,
  { userId, userKey, keep }: DepositRecipient,
  sentId: string,
): Deposit {
  const { secrets } = parts;
  const { vasp, senderKey, wantsReport } = order;
  const envelope = envelopeText({ sentId, info: infoTo(order.info, userId, now), wantsReport });
  return {
    message: {
      id: newId((count) => secrets.randomBytes(count)),
      kind: 'message',
      userKey,
      senderKey,
      vasp,
      policy: keep.policy,
      storedAt: now,
      expiresAt: now + lifeMillis(order, keep),
      bytes,
      envelope: secrets.seal(SEALED_AS.envelope, envelope),
    },
    content: content === undefined ? undefined : secrets.seal(SEALED_AS.content, content),
    duplicate: {
      key: duplicateKey(secrets, order, userKey, digest),
      sentId,
      until: now + DUPLICATE_MILLIS,
    },
    quota: { messages: keep.messages, bytes: keep.bytes },
    notification: notificationFor(parts, order, { userId, userKey, keep }, now),
  };
}

function lifeMillis({ validitySeconds }: DepositOrder, { keepMillis }: KeepRules): number {
  return validitySeconds === undefined ? keepMillis : Math.min(keepMillis, validitySeconds * 1000);
}

function notificationFor(
  { secrets }: DepositingParts,
  { vasp, sender }: DepositOrder,
  { userId, userKey, keep }: DepositRecipient,
  now: number,
): Deposit['notification'] {
  const { policy, notify } = keep;
  if (notify === undefined) return undefined;
  const content = secrets.seal(SEALED_AS.notification, notificationText({ to: userId, sender }));
  return { userKey, policy, vasp, ...notify, at: now, content };
}
