/** Messages to users and users' settings in memory: for trying things and for tests. */
import {
  DEFAULT_SETTINGS,
  type MessageRecord,
  type SystemMessageStore,
  type UserSettings,
} from '../system-message-ports.ts';
import { OrderedMap } from './ordered-map.ts';
import { inTheirOrder, unended } from './rules.ts';

export class MemoryMessages implements SystemMessageStore {
  readonly #messages = new OrderedMap<MessageRecord>();
  readonly #users = new Map<string, Set<string>>();
  readonly #settings = new Map<string, UserSettings>();
  readonly #forgotten = new Map<string, readonly string[]>();

  async put(records: readonly MessageRecord[]): Promise<void> {
    for (const record of records) {
      if (this.#forgotten.get(record.userKey)?.includes(record.id)) continue;
      this.#messages.set(record.id, record);
      const ids = this.#users.get(record.userKey);
      if (ids === undefined) this.#users.set(record.userKey, new Set([record.id]));
      else ids.add(record.id);
    }
  }

  async get(id: string): Promise<MessageRecord | undefined> {
    return this.#messages.get(id);
  }

  async of(userKey: string): Promise<readonly MessageRecord[]> {
    return inTheirOrder(this.#ofUser(userKey));
  }

  async slice(after: string | undefined, limit: number): Promise<readonly MessageRecord[]> {
    return this.#messages.slice(after, limit).map(([, record]) => record);
  }

  async unreadable(): Promise<number> {
    return 0;
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const record = this.#messages.get(id);
      if (record === undefined) continue;
      this.#messages.delete(id);
      const ofUser = this.#users.get(record.userKey);
      ofUser?.delete(id);
      if (ofUser?.size === 0) this.#users.delete(record.userKey);
    }
  }

  async settings(userKey: string): Promise<UserSettings> {
    return this.#settings.get(userKey) ?? DEFAULT_SETTINGS;
  }

  async set(userKey: string, settings: UserSettings): Promise<void> {
    this.#settings.set(userKey, settings);
  }

  async forget(userKey: string): Promise<number> {
    const records = this.#ofUser(userKey);
    this.#forgotten.set(userKey, unended(this.#forgotten.get(userKey) ?? [], records));
    for (const { id } of records) this.#messages.delete(id);
    this.#users.delete(userKey);
    this.#settings.delete(userKey);
    return records.length;
  }

  #ofUser(userKey: string): MessageRecord[] {
    return [...(this.#users.get(userKey) ?? [])].flatMap((id) => this.#messages.get(id) ?? []);
  }
}
