/**
 * The mailboxes of a gateway of several nodes as one: what concerns a user goes to the node that holds the user's share; a
 * message to several users is kept share by share, under one MessageID for its sender. What each node remembers so that it
 * need not ask, it is told before whoever caused it goes on.
 */

import { KnownUsers } from '../known-users.ts';
import { DUPLICATE_MILLIS } from '../mailbox/depositing.ts';
import { KnownTries } from '../mailbox/known-tries.ts';
import type { Try } from '../mailbox/parts.ts';
import type { PostOffice } from '../mailbox/post-office.ts';
import type { DepositOrder, DepositResult, Mailbox } from '../mailbox-ports.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import type { Clock } from '../ports.ts';
import { byShareOf, shareOf } from '../shares.ts';
import type { MailboxService } from '../workers/mailbox.ts';
import { Again } from './again.ts';
import { AtHolder, type HolderParts } from './at-holder.ts';

/** What every node does for users whose share it holds. */
export interface HeldMailboxService extends MailboxService {
  changed(userKeys: readonly string[]): Promise<void>;
}

/** @throws GatewayError `NOT_HELD` */
export type PostOfficeOf = (share: number) => PostOffice;

/** The mailboxes of this node, each asked for the users of its share; an order is for users of one share. */
function heldMailboxService(officeOf: PostOfficeOf): HeldMailboxService {
  const of = (userKey: string | undefined): PostOffice => officeOf(shareOf(userKey ?? ''));
  return {
    deposit: async (order) => of(order.recipients[0]?.userKey).deposit(order),
    repeated: async (order) => of(order.recipients[0]?.userKey).repeated(order),
    count: async (userKey) => of(userKey).count(userKey),
    arrived: async (visitor, isReady) => of(visitor.userKey).arrived(visitor, isReady),
    ready: async (sessionKey, userKey) => of(userKey).ready(sessionKey),
    standing: async (visitor, polls) => of(visitor.userKey).standing(visitor, polls),
    accessLists: async (visitor, lists) => of(visitor.userKey).accessLists(visitor, lists),
    listsChanged: async (userKey) => of(userKey).listsChanged(userKey),
    take: async (visitor) => of(visitor.userKey).take(visitor),
    answered: async (visitor, id, code) => of(visitor.userKey).answered(visitor, id, code),
    delivered: async (visitor, id) => of(visitor.userKey).delivered(visitor, id),
    list: async (visitor) => of(visitor.userKey).list(visitor),
    fetch: async (visitor, id) => of(visitor.userKey).fetch(visitor, id),
    settle: async (visitor, id, how) => of(visitor.userKey).settle(visitor, id, how),
    wishes: async (userKey, wishes) => of(userKey).wishes(userKey, wishes),
    ended: async (sessionKey, userKey) => of(userKey).ended(sessionKey),
    changed: async (userKeys) => of(userKeys[0]).changed(userKeys),
  };
}

export interface HeldMailboxParts {
  readonly policies: PolicySets;
  readonly clock: Pick<Clock, 'wall'>;
  /** Something is kept, or may be. */
  readonly hasMail: boolean;
  /** Until when something is remembered of second tries: wall-clock milliseconds. */
  readonly rememberedUntil: number;
  /** Of whom this process remembers whether something waits. */
  readonly knownUsers: number;
}

export class HeldMailboxes implements Mailbox {
  readonly #at: AtHolder<HeldMailboxService>;
  readonly #parts: HeldMailboxParts;
  readonly #known: KnownUsers;
  readonly #tries: KnownTries;
  /** Acknowledgements that nobody could be told of. */
  readonly #again: Again;
  #hasMail: boolean;
  #rememberedUntil: number;

  constructor(holders: HolderParts, officeOf: PostOfficeOf, parts: HeldMailboxParts) {
    this.#at = new AtHolder<HeldMailboxService>(holders, 'mailbox', heldMailboxService(officeOf));
    this.#parts = parts;
    this.#again = new Again(holders.pause);
    this.#known = new KnownUsers(parts.knownUsers);
    this.#tries = new KnownTries(parts.clock, parts.rememberedUntil);
    this.#hasMail = parts.hasMail;
    this.#rememberedUntil = parts.rememberedUntil;
  }

  /** What clients have acknowledged is told, as far as that can be. */
  close(): Promise<void> {
    return this.#again.close();
  }

  /** What another process of this node has to know when it begins. */
  known(): { readonly hasMail: boolean; readonly rememberedUntil: number } {
    return { hasMail: this.#hasMail, rememberedUntil: this.#rememberedUntil };
  }

  /** What a mailbox, here or elsewhere, says of whom something waits for. */
  told(userKeys: readonly string[], by: Try | undefined): void {
    this.#hasMail = true;
    for (const userKey of userKeys) this.#known.tell(userKey, true);
    if (by === undefined) return;
    this.#tries.kept(by.sessionKey, by.transactionId);
    this.#rememberedUntil = this.#parts.clock.wall() + DUPLICATE_MILLIS;
  }

  /** What was told may have been missed. */
  forgetKnown(): void {
    this.#hasMail = true;
    this.#known.forgetAll();
    this.#rememberedUntil = this.#parts.clock.wall() + DUPLICATE_MILLIS;
    this.#tries.forgetAll();
  }

  isOpen(): boolean {
    return this.#hasMail || this.#parts.policies.current().offLineUser.length > 0;
  }

  concerns(userKey: string): boolean {
    return this.#known.concerns(userKey);
  }

  mayRepeat(sessionKey: string, transactionId: string): boolean {
    return this.#tries.mayRepeat(sessionKey, transactionId);
  }

  /** Share by share: what the first one tells the sender, the others tell too. */
  async deposit(order: DepositOrder): Promise<DepositResult> {
    const outcomes = new Map<DepositOrder['recipients'][number], DepositResult['recipients'][number] | undefined>();
    let sentId = order.vaspMessageId;
    for (const [share, recipients] of byShareOf(order.recipients, ({ userKey }) => userKey)) {
      const part = { ...order, vaspMessageId: sentId, recipients };
      const result = await this.#at.ask(share, (office) => office.deposit(part));
      sentId = result.sentId;
      recipients.forEach((recipient, index) => {
        outcomes.set(recipient, result.recipients[index]);
      });
    }
    return { sentId: sentId ?? '', recipients: order.recipients.map((one) => outcomes.get(one) ?? 'refused') };
  }

  async repeated(order: DepositOrder): Promise<string | undefined> {
    let sentId: string | undefined;
    for (const [share, recipients] of byShareOf(order.recipients, ({ userKey }) => userKey)) {
      const known = await this.#at.ask(share, (office) => office.repeated({ ...order, recipients }));
      if (known === undefined) return undefined;
      sentId ??= known;
    }
    return sentId;
  }

  /** Something waits for these users that did not: every process hears of it, and their clients are called. */
  async changed(userKeys: readonly string[]): Promise<void> {
    for (const [share, some] of byShareOf(userKeys, (userKey) => userKey)) {
      await this.#at.ask(share, (office) => office.changed(some));
    }
  }

  standing: Mailbox['standing'] = (visitor, polls) =>
    this.#known.learn(
      visitor.userKey,
      this.#of(visitor.userKey, (office) => office.standing(visitor, polls)),
    );

  count: Mailbox['count'] = (userKey) => this.#of(userKey, (office) => office.count(userKey));

  arrived: Mailbox['arrived'] = (visitor, isReady) =>
    this.#of(visitor.userKey, (office) => office.arrived(visitor, isReady));

  ready: Mailbox['ready'] = (sessionKey, userKey) => this.#of(userKey, (office) => office.ready(sessionKey, userKey));

  accessLists: Mailbox['accessLists'] = (visitor, lists) =>
    this.#of(visitor.userKey, (office) => office.accessLists(visitor, lists));

  listsChanged: Mailbox['listsChanged'] = (userKey) => this.#of(userKey, (office) => office.listsChanged(userKey));

  take: Mailbox['take'] = (visitor) => this.#of(visitor.userKey, (office) => office.take(visitor));

  answered: Mailbox['answered'] = (visitor, id, code) =>
    this.#again.until(() => this.#of(visitor.userKey, (office) => office.answered(visitor, id, code)));

  delivered: Mailbox['delivered'] = (visitor, id) =>
    this.#again.until(() => this.#of(visitor.userKey, (office) => office.delivered(visitor, id)));

  list: Mailbox['list'] = (visitor) => this.#of(visitor.userKey, (office) => office.list(visitor));

  fetch: Mailbox['fetch'] = (visitor, id) => this.#of(visitor.userKey, (office) => office.fetch(visitor, id));

  settle: Mailbox['settle'] = (visitor, id, how) =>
    this.#of(visitor.userKey, (office) => office.settle(visitor, id, how));

  wishes: Mailbox['wishes'] = (userKey, wishes) => this.#of(userKey, (office) => office.wishes(userKey, wishes));

  ended: Mailbox['ended'] = (sessionKey, userKey) => this.#of(userKey, (office) => office.ended(sessionKey, userKey));

  #of<T>(userKey: string, question: (office: HeldMailboxService) => Promise<T>): Promise<T> {
    return this.#at.ask(shareOf(userKey), question);
  }
}
