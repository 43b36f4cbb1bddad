/**
 * The mailbox of one machine [X60 to X63]: keeps messages for users who are away, and hands them over in their sessions. The
 * store is the truth; in memory stands only what concerns the sessions of the moment. What concerns one user is done one
 * thing after the other, so that no two polls get the same message, and nothing overtakes.
 */
import type { Element } from '../csp/element.ts';
import { KnownUsers } from '../known-users.ts';
import type {
  AccessLists,
  DepositOrder,
  DepositResult,
  KeptMessage,
  Mailbox,
  MailStanding,
  OffLineWishes,
  OutgoingMail,
  StoredMessage,
  Visitor,
} from '../mailbox-ports.ts';
import { inProportion } from '../shares.ts';
import { REMOVED_AT_ONCE } from '../slices.ts';
import { readMailMessageId, readMailTransaction, wasAnnounced } from '../stored-message/ids.ts';
import { messageInfoFor } from '../stored-message/message-info.ts';
import { withWishes } from '../stored-message/wishes.ts';
import { DUPLICATE_MILLIS, depositAll, repeatedAs } from './depositing.ts';
import { HandingOver } from './handing-over.ts';
import { Kept } from './kept.ts';
import { KnownTries } from './known-tries.ts';
import type { MailboxParts, Try } from './parts.ts';
import { Recipients } from './recipients.ts';
import { type Ending, Settling } from './settling.ts';
import { UserTurns } from './user-turns.ts';

export interface PostOfficeParts extends MailboxParts {
  /** Users of whom this process remembers whether something waits. */
  readonly knownUsers: number;
  /** A number below 36^6 from which this process counts its TransactionIDs. */
  readonly firstTransactionNumber: number;
}

/** Messages of one user that a list shows. */
const LISTED = 1_000;

export class PostOffice implements Mailbox {
  readonly #parts: PostOfficeParts;
  readonly #known: KnownUsers;
  readonly #recipients: Recipients;
  readonly #turns = new UserTurns();
  readonly #kept: Kept;
  readonly #settling: Settling;
  readonly #handingOver: HandingOver;
  readonly #tries: KnownTries;
  /** Something is kept, or was since the start. */
  #hasMail: boolean;
  /** Until when something is remembered of second tries. */
  #rememberedUntil: number;

  private constructor(parts: PostOfficeParts, hasMail: boolean, rememberedUntil: number) {
    this.#parts = parts;
    this.#hasMail = hasMail;
    this.#rememberedUntil = rememberedUntil;
    this.#recipients = new Recipients(parts.portion);
    this.#tries = new KnownTries(parts.clock, rememberedUntil, parts.portion);
    this.#known = new KnownUsers(inProportion(parts.knownUsers, parts.portion));
    this.#kept = new Kept(parts);
    this.#settling = new Settling(parts, this.#kept);
    const own = { kept: this.#kept, recipients: this.#recipients, settling: this.#settling };
    const told = (userKeys: readonly string[]): Promise<void> => this.changed(userKeys);
    this.#handingOver = new HandingOver({ ...parts, ...own, told }, parts.firstTransactionNumber);
  }

  /** @throws what the store fails with */
  static async open(parts: PostOfficeParts): Promise<PostOffice> {
    const { waiting, reports, dead } = await parts.store.totals();
    return new PostOffice(parts, waiting + reports + dead > 0, await parts.store.rememberedUntil());
  }

  isOpen(): boolean {
    return this.#hasMail || this.#parts.policies.current().offLineUser.length > 0;
  }

  concerns(userKey: string): boolean {
    return this.#known.concerns(userKey);
  }

  async deposit(order: DepositOrder): Promise<DepositResult> {
    let result: DepositResult | undefined;
    try {
      result = await depositAll(this.#parts, order);
      return result;
    } finally {
      // Where the store failed, some may have theirs all the same.
      const { recipients } = order;
      const stored = recipients.filter((_, index) => (result?.recipients[index] ?? 'stored') === 'stored');
      if (stored.length > 0) {
        this.#rememberedUntil = this.#parts.clock.wall() + DUPLICATE_MILLIS;
        this.#tries.kept(order.sessionKey, order.transactionId);
        const { sessionKey, transactionId } = order;
        await this.#waits(
          stored.map(({ userKey }) => userKey),
          { sessionKey, transactionId },
        );
      }
    }
  }

  mayRepeat(sessionKey: string, transactionId: string): boolean {
    return this.#tries.mayRepeat(sessionKey, transactionId);
  }

  repeated(order: DepositOrder): Promise<string | undefined> {
    return repeatedAs(this.#parts, order);
  }

  /** What another process has to know when it begins. */
  known(): { readonly hasMail: boolean; readonly rememberedUntil: number } {
    return { hasMail: this.#hasMail, rememberedUntil: this.#rememberedUntil };
  }

  async count(userKey: string): Promise<number> {
    return (await this.#parts.store.counts(userKey)).messages;
  }

  async arrived({ sessionKey, userKey }: Visitor, isReady: boolean): Promise<void> {
    // The lists may have been changed elsewhere since the last session.
    this.#recipients.forgetLists(userKey);
    if (!isReady) this.#recipients.arrived(sessionKey, userKey, this.#parts.clock.wall());
  }

  async ready(sessionKey: string): Promise<void> {
    this.#recipients.ready(sessionKey);
  }

  standing(visitor: Visitor, polls: boolean): Promise<MailStanding> {
    if (polls) this.#recipients.polled(visitor.sessionKey);
    return this.#known.learn(
      visitor.userKey,
      this.#turns.run(visitor.userKey, () => this.#handingOver.standing(visitor, polls)),
    );
  }

  async accessLists(visitor: Visitor, lists: AccessLists | 'unknown'): Promise<void> {
    const { log, clock } = this.#parts;
    const { userKey, vasp } = visitor;
    if (lists !== 'unknown') return this.#turns.run(userKey, () => this.#handingOver.apply(visitor, lists));
    const times = this.#recipients.missLists(userKey, clock.wall());
    if (times === 1) log.warn('a block list cannot be had, messages wait', { vasp, user: userKey });
  }

  async listsChanged(userKey: string): Promise<void> {
    this.#recipients.forgetLists(userKey);
  }

  take(visitor: Visitor): Promise<OutgoingMail | undefined> {
    return this.#turns.run(visitor.userKey, () => this.#handingOver.take(visitor));
  }

  async answered(visitor: Visitor, transactionId: string, code: number): Promise<void> {
    const id = readMailTransaction(transactionId);
    if (id === undefined) return;
    await this.#turns.run(visitor.userKey, async () => {
      const message = await this.#ofUser(visitor.userKey, id);
      if (message === undefined) return;
      // Whatever a client says to a report, it has it.
      if (message.kind === 'report') await this.#end(message, 'delivered');
      else if (code >= 200 && code < 300 && !wasAnnounced(transactionId)) await this.#end(message, 'delivered');
    });
  }

  delivered(visitor: Visitor, messageId: string): Promise<boolean> {
    return this.#endNamed(visitor, messageId, 'delivered');
  }

  async list(visitor: Visitor): Promise<readonly Element[]> {
    const now = this.#parts.clock.wall();
    // Nothing is seen before the lists of who may not write are known.
    if (this.#recipients.lists(visitor.userKey, now) === undefined) return [];
    const waiting = await this.#parts.store.waiting(visitor.userKey, LISTED);
    return waiting.flatMap((message) => {
      const envelope = isShown(message, now) ? this.#kept.envelope(message) : undefined;
      return envelope === undefined ? [] : [messageInfoFor(envelope, message, visitor.version, now)];
    });
  }

  async fetch(visitor: Visitor, messageId: string): Promise<KeptMessage | 'later' | undefined> {
    const now = this.#parts.clock.wall();
    const id = readMailMessageId(messageId);
    const message = id === undefined ? undefined : await this.#ofUser(visitor.userKey, id);
    if (message === undefined || !isShown(message, now)) return undefined;
    if (this.#recipients.lists(visitor.userKey, now) === undefined) return 'later';
    const envelope = this.#kept.envelope(message);
    if (envelope === undefined) return undefined;
    const content = await this.#kept.content(message.id);
    if (content === 'unreadable') return undefined;
    return { id: message.id, info: messageInfoFor(envelope, message, visitor.version, now), content };
  }

  settle(visitor: Visitor, messageId: string, how: 'rejected' | 'forwarded'): Promise<boolean> {
    return this.#endNamed(visitor, messageId, how);
  }

  wishes(userKey: string, said: OffLineWishes): Promise<void> {
    const { wishes } = this.#parts.store;
    return this.#turns.run(userKey, async () => {
      const now = withWishes(await wishes.of(userKey), said);
      if (now !== undefined) await wishes.set(userKey, now);
    });
  }

  async ended(sessionKey: string): Promise<void> {
    this.#recipients.ended(sessionKey);
  }

  /** Something waits for these users that did not: every process hears of it, and their clients are called. */
  async changed(userKeys: readonly string[]): Promise<void> {
    if (userKeys.length > 0) await this.#waits(userKeys, undefined);
  }

  async #waits(userKeys: readonly string[], by: Try | undefined): Promise<void> {
    this.#hasMail = true;
    const users = [...new Set(userKeys)];
    for (const userKey of users) this.#known.tell(userKey, true);
    await this.#parts.events.concern(users, by);
    for (const userKey of users) this.#parts.events.ring(userKey);
  }

  /** Ends what is too old. To be called about once a second; resolves when nothing expired is left. */
  async sweep(): Promise<void> {
    const { store, clock } = this.#parts;
    const now = clock.wall();
    await this.changed(this.#recipients.overdue(now));
    for (;;) {
      const expired = await store.expired(now, REMOVED_AT_ONCE);
      if (expired.length > 0) {
        const settled = expired.map((message) => ({ message, envelope: this.#kept.envelope(message) }));
        await this.changed(await this.#settling.settle(settled, 'expired'));
      }
      if (expired.length < REMOVED_AT_ONCE) break;
    }
    await store.sweep(now);
  }

  async #ofUser(userKey: string, id: string): Promise<StoredMessage | undefined> {
    const message = await this.#parts.store.get(id);
    return message?.userKey === userKey ? message : undefined;
  }

  #endNamed({ userKey }: Visitor, messageId: string, ending: Ending): Promise<boolean> {
    const id = readMailMessageId(messageId);
    if (id === undefined) return Promise.resolve(false);
    return this.#turns.run(userKey, async () => {
      const message = await this.#ofUser(userKey, id);
      if (message === undefined || message.kind === 'report') return false;
      await this.#end(message, ending);
      return true;
    });
  }

  async #end(message: StoredMessage, ending: Ending): Promise<void> {
    const envelope = this.#kept.envelope(message);
    const told = await this.#settling.settle([{ message, envelope }], ending);
    this.#recipients.settled(message.userKey, message.id);
    await this.changed(told);
  }
}

function isShown({ kind, state, expiresAt }: StoredMessage, now: number): boolean {
  return kind === 'message' && state === 'waiting' && expiresAt > now;
}
