/**
 * Which of the messages that wait for a user comes next in a session, and how [X62]: in their order, one by one until each
 * is acknowledged, announced where the client wants that, and delivery reports beside them, which hold nobody up. Pure.
 */
import type { StoredMessage, Visitor } from '../mailbox-ports.ts';

/** A message that nobody acknowledged goes out so often, then it is kept for the operator. */
export const MOST_TRIES = 10;
/** A report that nobody acknowledged: some clients know none. */
const MOST_REPORT_TRIES = 3;
const FIRST_PAUSE_MILLIS = 10_000;
const LONGEST_PAUSE_MILLIS = 3_600_000;

export type Choice =
  /** `message` goes out now. */
  | { readonly kind: 'hand-over'; readonly message: StoredMessage; readonly how: 'whole' | 'announced' }
  /** `message` went out in vain too often. */
  | { readonly kind: 'given-up'; readonly message: StoredMessage }
  /** A message would go out if the recipient's lists were known. */
  | { readonly kind: 'lists-wanted' }
  /** `isHeldUp`: a message is on its way, and what is behind it waits for that. */
  | { readonly kind: 'nothing'; readonly isHeldUp: boolean };

export interface Circumstances {
  readonly now: number;
  readonly listsAreKnown: boolean;
  /** The message that a client has and has not acknowledged. */
  readonly onWay: { readonly id: string; readonly sessionKey: string; readonly at: number } | undefined;
  /** Whether the client of this session knows already that a message is there to be fetched. */
  wasAnnounced(id: string): boolean;
}

export function chooseNext(visitor: Visitor, waiting: readonly StoredMessage[], now: Circumstances): Choice {
  let isHeldUp = false;
  for (const message of waiting) {
    if (message.expiresAt <= now.now) continue;
    const choice = message.kind === 'report' ? ofReport(visitor, message, now) : ofMessage(visitor, message, now);
    if (choice === 'wait') {
      isHeldUp ||= message.kind === 'message';
      continue;
    }
    if (choice === 'skip' || (isHeldUp && message.kind === 'message')) continue;
    return choice;
  }
  return { kind: 'nothing', isHeldUp };
}

/** `wait`: it is on its way, and those behind it wait too; `skip`: those behind it may go before it. */
type Judged = Choice | 'wait' | 'skip';

function ofReport(visitor: Visitor, message: StoredMessage, { now }: Circumstances): Judged {
  if (!visitor.gets.reports || !isDue(visitor, message, now)) return 'skip';
  if (message.tries >= MOST_REPORT_TRIES) return { kind: 'given-up', message };
  return { kind: 'hand-over', message, how: 'whole' };
}

function ofMessage(visitor: Visitor, message: StoredMessage, circumstances: Circumstances): Judged {
  const how = wayFor(visitor, message);
  if (how === undefined) return 'skip';
  if (how === 'announced' && circumstances.wasAnnounced(message.id)) return 'skip';
  const { now, onWay, listsAreKnown } = circumstances;
  if (how === 'whole') {
    if (!isDue(visitor, message, now)) return 'wait';
    // The same message in two sessions of one user at a time would be read twice.
    const isElsewhere = onWay?.id === message.id && onWay.sessionKey !== visitor.sessionKey;
    if (isElsewhere && now < onWay.at + FIRST_PAUSE_MILLIS) return 'wait';
    if (message.tries >= MOST_TRIES) return { kind: 'given-up', message };
  }
  return listsAreKnown ? { kind: 'hand-over', message, how } : { kind: 'lists-wanted' };
}

/** Undefined: the session's level has no way to get it. */
function wayFor(
  { gets, delivery }: Visitor,
  { bytes }: Pick<StoredMessage, 'bytes'>,
): 'whole' | 'announced' | undefined {
  const wantsAnnouncement =
    delivery.method === 'N' || (delivery.pushedBytes !== undefined && bytes > delivery.pushedBytes);
  if (gets.notifications && (wantsAnnouncement || !gets.messages)) return 'announced';
  return gets.messages ? 'whole' : undefined;
}

/** At once in a session that was opened after it last went out, else after pauses that grow. */
function isDue(visitor: Visitor, { tries, handedAt }: StoredMessage, now: number): boolean {
  if (handedAt === undefined || handedAt < visitor.openedAt) return true;
  return now >= handedAt + Math.min(FIRST_PAUSE_MILLIS * 2 ** Math.max(0, tries - 1), LONGEST_PAUSE_MILLIS);
}
