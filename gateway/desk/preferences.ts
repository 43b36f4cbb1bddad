/**
 * Whether a user wants help messages, and the inbox in which those are found that were not sent [policy-files §3].
 */
import type { MessageRecord, UserSettings } from '../system-message-ports.ts';
import { type DeskParts, INBOX_MILLIS } from './parts.ts';
import type { Queues } from './queues.ts';

export class Preferences {
  readonly #parts: DeskParts;
  readonly #queues: Queues;

  constructor(parts: DeskParts, queues: Queues) {
    this.#parts = parts;
    this.#queues = queues;
  }

  settings(userKey: string): Promise<UserSettings> {
    return this.#parts.store.settings(userKey);
  }

  /**
   * Durable when resolved. Help messages that no client has acknowledged yet go to the inbox when help is switched off.
   * @param but the message by which it is switched
   */
  async setHelp(userKey: string, help: 'on' | 'off', but?: string): Promise<void> {
    const { store, clock } = this.#parts;
    const settings = await store.settings(userKey);
    if (settings.help !== help) await store.set(userKey, { ...settings, help });
    if (help === 'on') return;
    const waiting = [...(this.#queues.of(userKey)?.messages.values() ?? [])].filter(
      ({ record, policy }) =>
        policy.category === 'help' &&
        record.deliveredAt === undefined &&
        record.id !== but &&
        !this.#queues.busy.has(record.id),
    );
    for (const message of waiting) {
      await this.#queues.finish(message, 'inbox', { expiresAt: clock.wall() + INBOX_MILLIS });
    }
    await this.#queues.settled([userKey]);
  }

  /** What is kept for the user, the oldest first. */
  async inbox(userKey: string): Promise<readonly MessageRecord[]> {
    const now = this.#parts.clock.wall();
    const records = await this.#parts.store.of(userKey);
    return records.filter(({ state, expiresAt }) => state === 'inbox' && now < expiresAt);
  }

  /** Sends what is kept, whatever the preference says: the user has asked for it. Resolves with how many there are. */
  async sendInbox(userKey: string, vasp: string): Promise<number> {
    const { store, clock } = this.#parts;
    let count = 0;
    for (const record of await this.inbox(userKey)) {
      const policy = await this.#queues.definitions.find(record.definition);
      if (policy === undefined || record.vasp !== vasp) continue;
      const expiresAt = clock.wall() + policy.expiresMillis;
      const opened: MessageRecord = { ...record, state: 'open', endedAt: undefined, expiresAt };
      await store.put([opened]);
      this.#queues.take({ record: opened, policy, about: this.#queues.about(opened) });
      this.#parts.events.changed(opened, record);
      count += 1;
    }
    await this.#queues.settled([userKey]);
    return count;
  }

  /** The user has no more use for a message in the inbox; false when it is not there. */
  async removeFromInbox(userKey: string, id: string): Promise<boolean> {
    const { store, clock, events } = this.#parts;
    const record = await store.get(id);
    if (record === undefined || record.userKey !== userKey || record.state !== 'inbox') return false;
    const read: MessageRecord = { ...record, state: 'read', endedAt: clock.wall() };
    await store.put([read]);
    events.changed(read, record);
    return true;
  }
}
