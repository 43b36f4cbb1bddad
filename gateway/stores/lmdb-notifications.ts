/**
 * Notifications and off-line wishes in LMDB. A notification that somebody is to send has a row in the order of the times at
 * which they are due; both rows change in one transaction.
 */
import type {
  NotificationStore,
  NotificationWish,
  OffLineWishes,
  StoredNotification,
  WishStore,
} from '../mailbox-ports.ts';
import { durably } from './lmdb-commit.ts';
import { INDEX_ROW, type MailboxDatabases } from './lmdb-mailbox-tables.ts';
import { readNotification, readWishesOf, writeNotification, writeWishesOf } from './mailbox-records.ts';
import { RecordError } from './records.ts';
import { wished } from './rules.ts';

/** Behind every policy id. */
const AFTER_ALL = '\u{10ffff}';

export class LmdbNotifications implements NotificationStore {
  readonly #in: MailboxDatabases;
  /** Keys of records that were come upon and could not be read. */
  readonly #unreadable = new Set<string>();

  constructor(databases: MailboxDatabases) {
    this.#in = databases;
  }

  /** How many were left out because they cannot be read. */
  get unreadable(): number {
    return this.#unreadable.size;
  }

  async get(userKey: string, policy: string): Promise<StoredNotification | undefined> {
    this.#renew();
    const bytes = this.#in.notifications.getBinary([userKey, policy]);
    return bytes === undefined ? undefined : readNotification(userKey, policy, bytes);
  }

  async put(notification: StoredNotification): Promise<void> {
    await durably(this.#in.notifications, () => this.#set(notification));
  }

  async due(now: number, limit: number): Promise<readonly StoredNotification[]> {
    this.#renew();
    const found: StoredNotification[] = [];
    if (limit <= 0) return found;
    for (const [dueAt, userKey, policy] of this.#in.notificationsByTime.getKeys({})) {
      if (dueAt > now) break;
      const notification = this.#known(userKey, policy);
      if (notification !== undefined) found.push(notification);
      if (found.length >= limit) break;
    }
    return found;
  }

  async remove(userKey: string, policy: string): Promise<void> {
    await durably(this.#in.notifications, () => this.#remove(userKey, policy));
  }

  async reseal(userKey: string, policy: string, before: Uint8Array, content: Uint8Array): Promise<void> {
    await durably(this.#in.notifications, () => {
      const known = this.#known(userKey, policy);
      if (known !== undefined && Buffer.compare(known.content, before) === 0) this.#set({ ...known, content });
    });
  }

  async slice(
    after: readonly [userKey: string, policy: string] | undefined,
    limit: number,
  ): Promise<readonly StoredNotification[]> {
    this.#renew();
    const found: StoredNotification[] = [];
    const start: [string, string] | undefined = after === undefined ? undefined : [after[0], after[1]];
    const from = start === undefined ? {} : { start, exclusiveStart: true };
    for (const { key, value } of this.#in.notifications.getRange(from)) {
      const notification = this.#readable(key[0], key[1], value);
      if (notification !== undefined) found.push(notification);
      if (found.length >= limit) break;
    }
    return found;
  }

  /** Part of a deposit, in its transaction. */
  wish(wish: NotificationWish): void {
    this.#set(wished(this.#known(wish.userKey, wish.policy), wish));
  }

  /** In a transaction of the caller's. */
  forget(userKey: string): void {
    const keys = this.#in.notifications.getKeys({ start: [userKey, ''], end: [userKey, AFTER_ALL] });
    for (const [, policy] of [...keys]) this.#remove(userKey, policy);
  }

  #set(notification: StoredNotification): void {
    const { userKey, policy, state, dueAt } = notification;
    const bytes = writeNotification(notification);
    this.#removeDue(userKey, policy);
    this.#in.notifications.putSync([userKey, policy], bytes);
    if (state === 'waiting' || state === 'sending')
      this.#in.notificationsByTime.putSync([dueAt, userKey, policy], INDEX_ROW);
    this.#unreadable.delete(keyOf(userKey, policy));
  }

  #remove(userKey: string, policy: string): void {
    this.#removeDue(userKey, policy);
    this.#in.notifications.removeSync([userKey, policy]);
    this.#unreadable.delete(keyOf(userKey, policy));
  }

  #removeDue(userKey: string, policy: string): void {
    const known = this.#known(userKey, policy);
    if (known !== undefined) this.#in.notificationsByTime.removeSync([known.dueAt, userKey, policy]);
  }

  /** Undefined also where it cannot be read: what replaces it repairs it. */
  #known(userKey: string, policy: string): StoredNotification | undefined {
    const bytes = this.#in.notifications.getBinary([userKey, policy]);
    return bytes === undefined ? undefined : this.#readable(userKey, policy, bytes);
  }

  #readable(userKey: string, policy: string, bytes: Buffer): StoredNotification | undefined {
    try {
      return readNotification(userKey, policy, bytes);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#unreadable.add(keyOf(userKey, policy));
      return undefined;
    }
  }

  #renew(): void {
    this.#in.notifications.resetReadTxn();
  }
}

export class LmdbWishes implements WishStore {
  readonly #in: MailboxDatabases;

  constructor(databases: MailboxDatabases) {
    this.#in = databases;
  }

  async of(userKey: string): Promise<OffLineWishes | undefined> {
    this.#in.wishes.resetReadTxn();
    const bytes = this.#in.wishes.getBinary(userKey);
    return bytes === undefined ? undefined : readWishesOf(bytes);
  }

  async set(userKey: string, wishes: OffLineWishes): Promise<void> {
    const bytes = writeWishesOf(wishes);
    await durably(this.#in.wishes, () => this.#in.wishes.putSync(userKey, bytes));
  }

  /** In a transaction of the caller's. */
  forget(userKey: string): void {
    this.#in.wishes.removeSync(userKey);
  }
}

function keyOf(userKey: string, policy: string): string {
  return `${userKey} ${policy}`;
}
