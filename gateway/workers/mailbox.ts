/**
 * The mailbox of one machine: in the primary, asked by the workers. For which users something waits is asked with every
 * message of a session, so each worker remembers it: the primary tells all of them what comes to wait before whoever caused
 * it goes on, and what is remembered of nobody is asked once.
 */
import { KnownUsers } from '../known-users.ts';
import { KnownTries } from '../mailbox/known-tries.ts';
import type { Try } from '../mailbox/parts.ts';
import type { Mailbox } from '../mailbox-ports.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import type { Clock } from '../ports.ts';

/** What the primary answers. */
export type MailboxService = Omit<Mailbox, 'concerns' | 'isOpen' | 'mayRepeat'>;

/** What a worker has to know when it begins. */
export interface MailboxStart {
  /** Something is kept. */
  readonly hasMail: boolean;
  /** Until when something is remembered of second tries: wall-clock milliseconds. */
  readonly rememberedUntil: number;
}

/** What every worker answers to the primary. */
export interface MailboxNews {
  mailWaits(userKeys: readonly string[], by?: Try): Promise<void>;
}

/** What is asked of one process in another, passed on: to the mailbox in the primary, to the primary in a worker. */
export function mailboxService(mailbox: MailboxService): MailboxService {
  return {
    deposit: (order) => mailbox.deposit(order),
    repeated: (order) => mailbox.repeated(order),
    count: (userKey) => mailbox.count(userKey),
    arrived: (visitor, isReady) => mailbox.arrived(visitor, isReady),
    ready: (sessionKey, userKey) => mailbox.ready(sessionKey, userKey),
    standing: (visitor, polls) => mailbox.standing(visitor, polls),
    accessLists: (visitor, lists) => mailbox.accessLists(visitor, lists),
    listsChanged: (userKey) => mailbox.listsChanged(userKey),
    take: (visitor) => mailbox.take(visitor),
    answered: (visitor, transactionId, code) => mailbox.answered(visitor, transactionId, code),
    delivered: (visitor, messageId) => mailbox.delivered(visitor, messageId),
    list: (visitor) => mailbox.list(visitor),
    fetch: (visitor, messageId) => mailbox.fetch(visitor, messageId),
    settle: (visitor, messageId, how) => mailbox.settle(visitor, messageId, how),
    wishes: (userKey, wishes) => mailbox.wishes(userKey, wishes),
    ended: (sessionKey, userKey) => mailbox.ended(sessionKey, userKey),
  };
}

/** The mailbox as a worker sees it, and where the primary's news come in. */
export interface RemoteMailbox {
  readonly news: MailboxNews;
  /** News may have been missed. */
  forgetKnown(): void;
  /**
   * To be called once, when the worker was told what holds.
   * @param knownUsers of whom this process remembers whether something waits
   */
  begin(start: MailboxStart, knownUsers: number, policies: PolicySets): Mailbox;
}

export function remoteMailbox(service: MailboxService, clock: Pick<Clock, 'wall'>): RemoteMailbox {
  let known: KnownUsers | undefined;
  let tries: KnownTries | undefined;
  let hasMail = false;
  return {
    news: {
      async mailWaits(userKeys, by) {
        hasMail = true;
        if (by !== undefined) tries?.kept(by.sessionKey, by.transactionId);
        // Before the start nothing is known of anybody, so nothing that is known can be wrong.
        for (const userKey of userKeys) known?.tell(userKey, true);
      },
    },
    forgetKnown() {
      hasMail = true;
      known?.forgetAll();
      tries?.forgetAll();
    },
    begin(start, knownUsers, policies) {
      hasMail ||= start.hasMail;
      const mail = new KnownUsers(knownUsers);
      const kept = new KnownTries(clock, start.rememberedUntil);
      known = mail;
      tries = kept;
      const remote = mailboxService(service);
      return {
        ...remote,
        concerns: (userKey) => mail.concerns(userKey),
        mayRepeat: (sessionKey, transactionId) => kept.mayRepeat(sessionKey, transactionId),
        isOpen: () => hasMail || policies.current().offLineUser.length > 0,
        standing: (visitor, polls) => mail.learn(visitor.userKey, remote.standing(visitor, polls)),
      };
    },
  };
}
