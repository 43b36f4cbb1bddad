/**
 * Messages to users and users' settings in LMDB. Beside the messages stands a row for each that says whose it is, so that
 * one user's are found without the others'; both change in one transaction. A record that cannot be read fails what asks
 * for it by name, and is left out, and counted, where all are gone through: one of them does not silence the others.
 */
import type { Database } from 'lmdb';
import {
  DEFAULT_SETTINGS,
  type MessageRecord,
  type SystemMessageStore,
  type UserSettings,
} from '../system-message-ports.ts';
import { durably } from './lmdb-commit.ts';
import { readMessage, readSettings, type StoredSettings, writeMessage, writeSettings } from './message-records.ts';
import { RecordError } from './records.ts';
import { inTheirOrder, unended } from './rules.ts';

export interface MessageDatabases {
  readonly messages: Database<Buffer, string>;
  readonly users: Database<Buffer, [userKey: string, id: string]>;
  readonly settings: Database<Buffer, string>;
}

/** All that a row of `users` says is in its key. */
export const USERS_ROW = Buffer.of(1);
/** Behind every id, which is ASCII. */
const AFTER_ALL_IDS = '\u{10ffff}';

export class LmdbMessages implements SystemMessageStore {
  readonly #in: MessageDatabases;
  /** Ids of records that {@link slice} came upon and could not read. */
  readonly #unreadable = new Set<string>();

  constructor(databases: MessageDatabases) {
    this.#in = databases;
  }

  async put(records: readonly MessageRecord[]): Promise<void> {
    // What cannot be written is found out before anything is.
    const written = records.map((record) => ({ id: record.id, userKey: record.userKey, bytes: writeMessage(record) }));
    const { messages, users } = this.#in;
    await durably(messages, () => {
      for (const { id, userKey, bytes } of written) {
        if (this.#forgotten(userKey).includes(id)) continue;
        messages.putSync(id, bytes);
        if (!users.doesExist([userKey, id])) users.putSync([userKey, id], USERS_ROW);
      }
    });
    for (const { id } of records) this.#unreadable.delete(id);
  }

  async get(id: string): Promise<MessageRecord | undefined> {
    // A snapshot lives for a moment, in which another process may have written.
    this.#in.messages.resetReadTxn();
    return this.#stored(id);
  }

  async of(userKey: string): Promise<readonly MessageRecord[]> {
    this.#in.messages.resetReadTxn();
    return inTheirOrder(this.#idsOf(userKey).flatMap((id) => this.#stored(id) ?? []));
  }

  async slice(after: string | undefined, limit: number): Promise<readonly MessageRecord[]> {
    const { messages } = this.#in;
    messages.resetReadTxn();
    const found: MessageRecord[] = [];
    const from = after === undefined ? {} : { start: after, exclusiveStart: true };
    for (const { key, value } of messages.getRange(from)) {
      const record = this.#readable(key, value);
      if (record !== undefined) found.push(record);
      if (found.length >= limit) break;
    }
    return found;
  }

  async unreadable(): Promise<number> {
    return this.#unreadable.size;
  }

  async remove(ids: readonly string[]): Promise<void> {
    const { messages, users } = this.#in;
    await durably(messages, () => {
      for (const id of ids) {
        const bytes = messages.getBinary(id);
        const record = bytes === undefined ? undefined : this.#readable(id, bytes);
        if (record !== undefined) users.removeSync([record.userKey, id]);
        messages.removeSync(id);
      }
    });
    for (const id of ids) this.#unreadable.delete(id);
  }

  async settings(userKey: string): Promise<UserSettings> {
    this.#in.settings.resetReadTxn();
    const row = this.#settingsRow(userKey);
    return row === undefined ? DEFAULT_SETTINGS : { help: row.help, seen: row.seen };
  }

  async set(userKey: string, { help, seen }: UserSettings): Promise<void> {
    const { settings } = this.#in;
    await durably(settings, () => {
      this.#putSettings(userKey, { help, seen, forgotten: this.#forgotten(userKey) });
    });
  }

  async forget(userKey: string): Promise<number> {
    const { messages, users } = this.#in;
    const forgotten = await durably(messages, () => {
      const ids = this.#idsOf(userKey);
      const records = ids.flatMap((id) => {
        const bytes = messages.getBinary(id);
        return bytes === undefined ? [] : (this.#readable(id, bytes) ?? []);
      });
      let there = 0;
      for (const id of ids) {
        if (messages.removeSync(id)) there += 1;
        users.removeSync([userKey, id]);
      }
      this.#putSettings(userKey, { ...DEFAULT_SETTINGS, forgotten: unended(this.#forgotten(userKey), records) });
      return { ids, there };
    });
    for (const id of forgotten.ids) this.#unreadable.delete(id);
    return forgotten.there;
  }

  #idsOf(userKey: string): string[] {
    const range = this.#in.users.getKeys({ start: [userKey, ''], end: [userKey, AFTER_ALL_IDS] });
    return [...range.map(([, id]) => id)];
  }

  #stored(id: string): MessageRecord | undefined {
    const bytes = this.#in.messages.getBinary(id);
    return bytes === undefined ? undefined : readMessage(id, bytes);
  }

  #readable(id: string, bytes: Buffer): MessageRecord | undefined {
    try {
      return readMessage(id, bytes);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#unreadable.add(id);
      return undefined;
    }
  }

  #settingsRow(userKey: string): StoredSettings | undefined {
    const bytes = this.#in.settings.getBinary(userKey);
    return bytes === undefined ? undefined : readSettings(bytes);
  }

  /** Settings that cannot be read do not keep anything from being written or erased. */
  #forgotten(userKey: string): readonly string[] {
    try {
      return this.#settingsRow(userKey)?.forgotten ?? [];
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      return [];
    }
  }

  #putSettings(userKey: string, row: StoredSettings): void {
    const isDefault = row.help === 'on' && row.seen.size === 0 && row.forgotten.length === 0;
    if (isDefault) this.#in.settings.removeSync(userKey);
    else this.#in.settings.putSync(userKey, writeSettings(row));
  }
}
