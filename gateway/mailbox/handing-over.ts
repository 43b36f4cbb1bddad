/**
 * Hands a user's kept messages to the user's sessions [X62]: the lists of who may not write first, then one message after the
 * other, each again until the client has acknowledged it, and never more than ten times.
 */
import { childText, descendant } from '../csp/element.ts';
import type {
  AccessLists,
  MailStanding,
  MessageEnvelope,
  OutgoingMail,
  StoredMessage,
  Visitor,
} from '../mailbox-ports.ts';
import { readUserId } from '../policy/user-id.ts';
import { mayWrite } from '../stored-message/access-lists.ts';
import { mailTransactionId } from '../stored-message/ids.ts';
import { messageInfoFor } from '../stored-message/message-info.ts';
import { deliveryReport, messageNotification, newMessage } from '../stored-message/primitives.ts';
import { type Choice, chooseNext } from './choosing.ts';
import type { Kept } from './kept.ts';
import type { MailboxParts } from './parts.ts';
import type { Recipients } from './recipients.ts';
import type { Settling } from './settling.ts';

/** Mostly the first one is next, and those behind it wait for it. */
const LOOKED_AT = 4;
/** Where none of the first ones can be: they were announced, or are reports that the client does not take. */
const LOOKED_AT_AT_MOST = 1_000;
/** Messages that leave the box without being handed over, before a poll is answered all the same. */
const MOST_IN_VAIN = 50;

const EMPTY: MailStanding = { isEmpty: true, isWaiting: false, wantsBlockList: false };

export interface HandingOverParts extends MailboxParts {
  readonly kept: Kept;
  readonly recipients: Recipients;
  readonly settling: Settling;
  /** Reports wait for these users. */
  readonly told: (userKeys: readonly string[]) => Promise<void>;
}

export class HandingOver {
  readonly #parts: HandingOverParts;
  #number: number;

  /** @param firstNumber where this process starts to number its transactions */
  constructor(parts: HandingOverParts, firstNumber: number) {
    this.#parts = parts;
    this.#number = firstNumber;
  }

  /** @param polls the client takes what comes next; else it may ask for any of them */
  async standing(visitor: Visitor, polls: boolean): Promise<MailStanding> {
    const choice = await this.#next(visitor);
    if (choice === undefined) {
      this.#parts.recipients.emptied(visitor.userKey);
      return EMPTY;
    }
    return {
      isEmpty: false,
      isWaiting: choice.kind === 'hand-over' || choice.kind === 'given-up',
      wantsBlockList:
        (choice.kind === 'lists-wanted' || (!polls && (await this.#hasUnjudged(visitor)))) &&
        this.#mayAskLists(visitor),
    };
  }

  async take(visitor: Visitor): Promise<OutgoingMail | undefined> {
    for (let round = 0; round < MOST_IN_VAIN; round++) {
      const choice = await this.#next(visitor);
      if (choice === undefined) return undefined;
      if (choice.kind === 'given-up') await this.#giveUp(choice.message);
      else if (choice.kind !== 'hand-over') return undefined;
      else {
        const handed = await this.#handOver(visitor, choice);
        if (handed !== undefined) return handed;
      }
    }
    return undefined;
  }

  /** Drops what those sent who may not write, and remembers the lists for what comes. */
  async apply(visitor: Visitor, lists: AccessLists): Promise<void> {
    const { store, recipients, kept, clock } = this.#parts;
    const { messages } = await store.counts(visitor.userKey);
    const reportsToo = messages + LOOKED_AT_AT_MOST;
    const dropped = (await store.waiting(visitor.userKey, reportsToo)).filter((message) => {
      const envelope = message.kind === 'message' ? kept.envelope(message) : undefined;
      return envelope !== undefined && !isAllowed(lists, envelope);
    });
    if (dropped.length > 0) await this.#drop(dropped);
    recipients.learnLists(visitor.userKey, lists, clock.wall());
  }

  /** Undefined when nothing waits at all. */
  async #next(visitor: Visitor): Promise<Choice | undefined> {
    const { store } = this.#parts;
    const first = await store.waiting(visitor.userKey, LOOKED_AT);
    if (first.length === 0) return undefined;
    const choice = this.#choose(visitor, first);
    if (choice.kind !== 'nothing' || choice.isHeldUp || first.length < LOOKED_AT) return choice;
    return this.#choose(visitor, await store.waiting(visitor.userKey, LOOKED_AT_AT_MOST));
  }

  #choose(visitor: Visitor, waiting: readonly StoredMessage[]): Choice {
    const { recipients, clock } = this.#parts;
    const { userKey, sessionKey } = visitor;
    const now = clock.wall();
    if (!recipients.isReady(sessionKey)) return { kind: 'nothing', isHeldUp: true };
    return chooseNext(visitor, waiting, {
      now,
      listsAreKnown: recipients.lists(userKey, now) !== undefined,
      onWay: recipients.onWay(userKey),
      wasAnnounced: (id) => recipients.wasAnnounced(userKey, id, sessionKey),
    });
  }

  async #hasUnjudged({ userKey, sessionKey }: Visitor): Promise<boolean> {
    const { store, recipients, clock } = this.#parts;
    if (!recipients.isReady(sessionKey) || recipients.lists(userKey, clock.wall()) !== undefined) return false;
    return (await store.counts(userKey)).messages > 0;
  }

  #mayAskLists({ userKey }: Visitor): boolean {
    const { recipients, clock } = this.#parts;
    return recipients.mayAskLists(userKey, clock.wall());
  }

  /** Undefined when the message cannot or must not be handed over: it is out of the way then. */
  async #handOver(
    visitor: Visitor,
    { message, how }: Extract<Choice, { kind: 'hand-over' }>,
  ): Promise<OutgoingMail | undefined> {
    const { store, recipients, kept, clock, metrics } = this.#parts;
    const { userKey, sessionKey, version } = visitor;
    const now = clock.wall();
    const envelope = kept.envelope(message);
    const content = envelope === undefined || how === 'announced' ? undefined : await kept.content(message.id);
    if (envelope === undefined || content === 'unreadable') {
      await this.#bury(message, 'unreadable');
      return undefined;
    }
    const lists = recipients.lists(userKey, now);
    // It may have come after the lists were applied.
    if (message.kind === 'message' && (lists === undefined || !isAllowed(lists, envelope))) {
      if (lists !== undefined) await this.#drop([message]);
      return undefined;
    }
    this.#number += 1;
    const transactionId = mailTransactionId(message.id, this.#number, how);
    if (how === 'announced') {
      recipients.announcedTo(userKey, message.id, sessionKey);
      return { transactionId, primitive: messageNotification(messageInfoFor(envelope, message, version, now)) };
    }
    // What cannot be written down is not handed over: it would go out with every poll.
    await store.handed(message.id, now);
    metrics.mailbox('handed-over');
    if (message.kind === 'report') {
      return { transactionId, primitive: deliveryReport(envelope, version) };
    }
    recipients.handedTo(userKey, { id: message.id, sessionKey, at: now });
    return { transactionId, primitive: newMessage(messageInfoFor(envelope, message, version, now), content) };
  }

  async #drop(messages: readonly StoredMessage[]): Promise<void> {
    const { settling, kept, told } = this.#parts;
    await told(
      await settling.settle(
        messages.map((message) => ({ message, envelope: kept.envelope(message) })),
        'blocked',
      ),
    );
  }

  /** A report is of no use any more, a message is kept for the operator. */
  async #giveUp(message: StoredMessage): Promise<void> {
    if (message.kind === 'report') await this.#parts.settling.settle([{ message, envelope: undefined }], 'expired');
    else await this.#bury(message, 'unacknowledged');
  }

  async #bury(message: StoredMessage, reason: 'unacknowledged' | 'unreadable'): Promise<void> {
    const { store, recipients, clock, metrics, log } = this.#parts;
    await store.bury(message.id, reason, clock.wall());
    recipients.settled(message.userKey, message.id);
    metrics.mailbox('dead');
    log.warn('a kept message cannot be delivered', {
      vasp: message.vasp,
      user: message.userKey,
      message: message.id,
      reason,
    });
  }
}

function isAllowed(lists: AccessLists, { info }: MessageEnvelope): boolean {
  const sender = childText(descendant(info, 'Sender', 'User'), 'UserID') ?? '';
  const recipient = childText(descendant(info, 'Recipient', 'User'), 'UserID') ?? '';
  return mayWrite(lists, sender, readUserId(recipient).domain);
}
