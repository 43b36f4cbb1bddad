/** Notifications and off-line wishes in memory. */
import type {
  NotificationStore,
  NotificationWish,
  OffLineWishes,
  StoredNotification,
  WishStore,
} from '../mailbox-ports.ts';
import { wished } from './rules.ts';

export class MemoryNotifications implements NotificationStore {
  /** By user, then by policy. */
  readonly #users = new Map<string, Map<string, StoredNotification>>();

  async get(userKey: string, policy: string): Promise<StoredNotification | undefined> {
    return this.#users.get(userKey)?.get(policy);
  }

  async put(notification: StoredNotification): Promise<void> {
    this.#set(notification);
  }

  async due(now: number, limit: number): Promise<readonly StoredNotification[]> {
    const isDue = ({ state, dueAt }: StoredNotification) =>
      (state === 'waiting' || state === 'sending') && dueAt <= now;
    const due = this.#all().filter(isDue);
    return due.sort((a, b) => a.dueAt - b.dueAt || inOrder(a, b)).slice(0, limit);
  }

  async remove(userKey: string, policy: string): Promise<void> {
    const ofUser = this.#users.get(userKey);
    ofUser?.delete(policy);
    if (ofUser?.size === 0) this.#users.delete(userKey);
  }

  async reseal(userKey: string, policy: string, before: Uint8Array, content: Uint8Array): Promise<void> {
    const known = this.#users.get(userKey)?.get(policy);
    if (known !== undefined && Buffer.compare(known.content, before) === 0) this.#set({ ...known, content });
  }

  async slice(
    after: readonly [userKey: string, policy: string] | undefined,
    limit: number,
  ): Promise<readonly StoredNotification[]> {
    const isBehind = (notification: StoredNotification) =>
      after === undefined || inOrder(notification, { userKey: after[0], policy: after[1] }) > 0;
    return this.#all().filter(isBehind).sort(inOrder).slice(0, limit);
  }

  /** Part of a deposit. */
  wish(wish: NotificationWish): void {
    this.#set(wished(this.#users.get(wish.userKey)?.get(wish.policy), wish));
  }

  forget(userKey: string): void {
    this.#users.delete(userKey);
  }

  #set(notification: StoredNotification): void {
    const ofUser = this.#users.get(notification.userKey);
    if (ofUser === undefined) this.#users.set(notification.userKey, new Map([[notification.policy, notification]]));
    else ofUser.set(notification.policy, notification);
  }

  #all(): StoredNotification[] {
    return [...this.#users.values()].flatMap((ofUser) => [...ofUser.values()]);
  }
}

type NotificationKey = Pick<StoredNotification, 'userKey' | 'policy'>;

function inOrder(a: NotificationKey, b: NotificationKey): number {
  if (a.userKey !== b.userKey) return a.userKey < b.userKey ? -1 : 1;
  if (a.policy === b.policy) return 0;
  return a.policy < b.policy ? -1 : 1;
}

export class MemoryWishes implements WishStore {
  readonly #users = new Map<string, OffLineWishes>();

  async of(userKey: string): Promise<OffLineWishes | undefined> {
    return this.#users.get(userKey);
  }

  async set(userKey: string, wishes: OffLineWishes): Promise<void> {
    this.#users.set(userKey, wishes);
  }

  forget(userKey: string): void {
    this.#users.delete(userKey);
  }
}
