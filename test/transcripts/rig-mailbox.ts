/**
 * The mailbox of a rig: the real one over the rig's store, made again at every restart. It reads its store before it can be
 * asked, a rig is there at once, so a rig's `send` waits for `opened`; a rig without policies for users who are away has none.
 */

import { PostOffice } from '../../gateway/mailbox/post-office.ts';
import type { Mailbox, MailboxResult } from '../../gateway/mailbox-ports.ts';
import type { PolicySets } from '../../gateway/policy/live-sets.ts';
import type { Clock, Log, Secrets, Store } from '../../gateway/ports.ts';

export interface RigMailboxParts {
  readonly store: Store;
  readonly policies: PolicySets;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly metrics: { mailbox(result: MailboxResult): void };
  readonly log: Log;
  /** Users of whom the mailbox says that something waits for them. */
  readonly rang: string[];
  /** Messages in all mailboxes together. */
  readonly mostMessages: number;
}

export interface RigMailbox {
  readonly mailbox: Mailbox;
  /** Resolves when the mailbox may be asked; undefined: there is none, and nothing to ask. */
  opened(): Promise<void> | undefined;
  /** What `main.ts` does by a timer. */
  sweep(): Promise<void>;
  /** Forgets everything that was in memory. */
  restart(): void;
}

/** Far fewer than a machine has. */
const KNOWN_USERS = 1_000;

export function createRigMailbox(parts: RigMailboxParts): RigMailbox {
  let office: PostOffice | undefined;
  let opening: Promise<void> | undefined;
  /** What was once kept is handed over whatever policies are in force. */
  let isNeeded = false;

  async function open(): Promise<void> {
    const { store, rang, ...rest } = parts;
    office = await PostOffice.open({
      ...rest,
      store: store.mailbox,
      knownUsers: KNOWN_USERS,
      sendsTextMessages: () => true,
      firstTransactionNumber: 0,
      events: {
        concern: async () => {},
        ring: (user) => {
          rang.push(user);
        },
      },
    });
  }

  function now(): PostOffice {
    if (office === undefined) throw new Error('the mailbox has not read its store yet');
    return office;
  }

  function opened(): Promise<void> | undefined {
    isNeeded ||= parts.policies.current().offLineUser.length > 0;
    if (isNeeded) opening ??= open();
    return opening;
  }

  return {
    opened,
    async sweep() {
      if (opened() === undefined) return;
      await opening;
      await now().sweep();
    },
    restart() {
      office = undefined;
      opening = undefined;
    },
    mailbox: {
      concerns: (user) => isNeeded && now().concerns(user),
      isOpen: () => isNeeded && now().isOpen(),
      deposit: (order) => now().deposit(order),
      mayRepeat: (session, id) => isNeeded && now().mayRepeat(session, id),
      repeated: (order) => now().repeated(order),
      count: async (user) => (isNeeded ? now().count(user) : 0),
      arrived: (visitor, isReady) => now().arrived(visitor, isReady),
      ready: (session) => now().ready(session),
      standing: (visitor, polls) => now().standing(visitor, polls),
      accessLists: (visitor, lists) => now().accessLists(visitor, lists),
      listsChanged: (user) => now().listsChanged(user),
      take: (visitor) => now().take(visitor),
      answered: (visitor, id, code) => now().answered(visitor, id, code),
      delivered: (visitor, id) => now().delivered(visitor, id),
      list: (visitor) => now().list(visitor),
      fetch: (visitor, id) => now().fetch(visitor, id),
      settle: (visitor, id, how) => now().settle(visitor, id, how),
      wishes: (user, wishes) => now().wishes(user, wishes),
      ended: async (session) => {
        if (isNeeded) await now().ended(session);
      },
    },
  };
}
