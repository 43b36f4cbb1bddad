/**
 * Mailboxes in memory: for trying things and for tests. Every change is made without a pause in it, so that it is whole or
 * not there at all, as in the store that lasts.
 */
import type {
  DeadReason,
  Deposit,
  DepositOutcome,
  MailboxStore,
  MailboxTotals,
  NotificationStore,
  StoredMessage,
  WishStore,
} from '../mailbox-ports.ts';
import { MemoryNotifications, MemoryWishes } from './memory-notifications.ts';
import { OrderedMap } from './ordered-map.ts';
import { counted, deposited, fullOf, NO_COUNTS, NO_TOTALS, totalled, type UserCounts } from './rules.ts';

interface Duplicate {
  readonly id: string;
  readonly sentId: string;
  readonly until: number;
}

export class MemoryMailbox implements MailboxStore {
  readonly notifications: NotificationStore;
  readonly wishes: WishStore;
  readonly #notifications = new MemoryNotifications();
  readonly #wishes = new MemoryWishes();
  readonly #messages = new OrderedMap<StoredMessage>();
  readonly #contents = new Map<string, Uint8Array>();
  /** Ids of a user's messages in the order of their sequences, dead ones too. */
  readonly #users = new Map<string, Set<string>>();
  readonly #counts = new Map<string, UserCounts>();
  readonly #duplicates = new Map<string, Duplicate>();
  #totals: MailboxTotals = NO_TOTALS;
  #lastSequence = 0;
  /** Nothing that waits expires before. */
  #nextExpiry = Number.POSITIVE_INFINITY;

  constructor() {
    this.notifications = this.#notifications;
    this.wishes = this.#wishes;
  }

  async put(deposit: Deposit, most: number): Promise<DepositOutcome> {
    const { message, duplicate, notification } = deposit;
    const known = this.#known(deposit);
    if (known !== undefined) return known;
    if (this.#messages.get(message.id) !== undefined) return { kind: 'stored' };
    const full = fullOf(deposit, this.#counts.get(message.userKey) ?? NO_COUNTS, this.#totals, most);
    if (full !== undefined) return { kind: 'full', of: full };
    this.#insert(deposit);
    if (duplicate !== undefined) this.#duplicates.set(duplicate.key, { ...duplicate, id: message.id });
    if (notification !== undefined) this.#notifications.wish(notification);
    return { kind: 'stored' };
  }

  async get(id: string): Promise<StoredMessage | undefined> {
    return this.#messages.get(id);
  }

  async content(id: string): Promise<Uint8Array | undefined> {
    return this.#contents.get(id);
  }

  async waiting(userKey: string, limit: number): Promise<readonly StoredMessage[]> {
    return this.#of(userKey, 'waiting', limit);
  }

  async dead(userKey: string): Promise<readonly StoredMessage[]> {
    return this.#of(userKey, 'dead', Number.POSITIVE_INFINITY);
  }

  async counts(userKey: string): Promise<UserCounts> {
    return this.#counts.get(userKey) ?? NO_COUNTS;
  }

  async handed(id: string, at: number): Promise<void> {
    const message = this.#messages.get(id);
    if (message?.state === 'waiting') this.#replace(message, { ...message, tries: message.tries + 1, handedAt: at });
  }

  async end(ids: readonly string[], reports: readonly Deposit[]): Promise<readonly string[]> {
    const ended: string[] = [];
    for (const id of ids) if (this.#remove(id) !== undefined) ended.push(id);
    if (ended.length > 0 || ids.length === 0) for (const report of reports) this.#putReport(report);
    return ended;
  }

  async bury(id: string, reason: DeadReason, at: number): Promise<void> {
    const message = this.#messages.get(id);
    if (message?.state === 'waiting') this.#replace(message, { ...message, state: 'dead', reason, diedAt: at });
  }

  async replay(id: string, expiresAt: number): Promise<boolean> {
    const message = this.#messages.get(id);
    if (message?.state !== 'dead') return false;
    const { diedAt: _, ...kept } = message;
    this.#replace(message, {
      ...kept,
      expiresAt,
      sequence: this.#next(),
      state: 'waiting',
      reason: undefined,
      tries: 0,
      handedAt: undefined,
    });
    return true;
  }

  async expired(now: number, limit: number): Promise<readonly StoredMessage[]> {
    if (now < this.#nextExpiry) return [];
    const found: StoredMessage[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [, message] of this.#messages.entries()) {
      if (message.state !== 'waiting') continue;
      if (message.expiresAt <= now) found.push(message);
      next = Math.min(next, message.expiresAt);
    }
    this.#nextExpiry = next;
    return found.sort((a, b) => a.expiresAt - b.expiresAt || (a.id < b.id ? -1 : 1)).slice(0, limit);
  }

  async slice(after: string | undefined, limit: number): Promise<readonly StoredMessage[]> {
    return this.#messages.slice(after, limit).map(([, message]) => message);
  }

  async unreadable(): Promise<number> {
    return 0;
  }

  async totals(): Promise<MailboxTotals> {
    return this.#totals;
  }

  async reseal(id: string, envelope: Uint8Array, content: Uint8Array | undefined): Promise<void> {
    const message = this.#messages.get(id);
    if (message === undefined) return;
    this.#replace(message, { ...message, envelope });
    if (content !== undefined) this.#contents.set(id, content);
  }

  async known(key: string, now: number): Promise<{ readonly id: string; readonly sentId: string } | undefined> {
    const known = this.#duplicates.get(key);
    return known === undefined || known.until <= now ? undefined : { id: known.id, sentId: known.sentId };
  }

  async rememberedUntil(): Promise<number> {
    let last = 0;
    for (const { until } of this.#duplicates.values()) last = Math.max(last, until);
    return last;
  }

  async sweep(now: number): Promise<void> {
    for (const [key, { until }] of this.#duplicates) if (until <= now) this.#duplicates.delete(key);
  }

  async forget(userKey: string): Promise<number> {
    let forgotten = 0;
    for (const id of [...(this.#users.get(userKey) ?? [])]) {
      if (this.#remove(id)?.kind === 'message') forgotten += 1;
    }
    this.#notifications.forget(userKey);
    this.#wishes.forget(userKey);
    return forgotten;
  }

  #of(userKey: string, state: StoredMessage['state'], limit: number): readonly StoredMessage[] {
    const found: StoredMessage[] = [];
    for (const id of this.#users.get(userKey) ?? []) {
      if (found.length >= limit) break;
      const message = this.#messages.get(id);
      if (message?.state === state) found.push(message);
    }
    return found;
  }

  #known({ message, duplicate }: Deposit): DepositOutcome | undefined {
    const known = duplicate === undefined ? undefined : this.#duplicates.get(duplicate.key);
    if (known === undefined || known.until <= message.storedAt) return undefined;
    return { kind: 'known', id: known.id, sentId: known.sentId };
  }

  #putReport(report: Deposit): void {
    if (this.#known(report) !== undefined || this.#messages.get(report.message.id) !== undefined) return;
    const { duplicate } = report;
    this.#insert(report);
    if (duplicate !== undefined) this.#duplicates.set(duplicate.key, { ...duplicate, id: report.message.id });
  }

  #insert(deposit: Deposit): void {
    const message = deposited(deposit, this.#next());
    const { id, userKey } = message;
    this.#messages.set(id, message);
    if (deposit.content !== undefined) this.#contents.set(id, deposit.content);
    const ids = this.#users.get(userKey);
    if (ids === undefined) this.#users.set(userKey, new Set([id]));
    else ids.add(id);
    this.#nextExpiry = Math.min(this.#nextExpiry, message.expiresAt);
    this.#count(message, 1);
  }

  #replace(before: StoredMessage, after: StoredMessage): void {
    this.#messages.set(after.id, after);
    if (before.sequence !== after.sequence) {
      const ids = this.#users.get(after.userKey);
      ids?.delete(after.id);
      ids?.add(after.id);
    }
    this.#nextExpiry = Math.min(this.#nextExpiry, after.expiresAt);
    this.#count(before, -1);
    this.#count(after, 1);
  }

  #remove(id: string): StoredMessage | undefined {
    const message = this.#messages.get(id);
    if (message === undefined) return undefined;
    this.#messages.delete(id);
    this.#contents.delete(id);
    const ids = this.#users.get(message.userKey);
    ids?.delete(id);
    if (ids?.size === 0) this.#users.delete(message.userKey);
    this.#count(message, -1);
    return message;
  }

  #count(message: StoredMessage, by: 1 | -1): void {
    this.#totals = totalled(this.#totals, message, by);
    const counts = counted(this.#counts.get(message.userKey) ?? NO_COUNTS, message, by);
    if (counts.messages === 0) this.#counts.delete(message.userKey);
    else this.#counts.set(message.userKey, counts);
  }

  #next(): number {
    this.#lastSequence += 1;
    return this.#lastSequence;
  }
}
