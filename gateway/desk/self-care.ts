/**
 * What a user can look at and change about the gateway's own messages, outside a session: whether help messages are wanted,
 * and those that are kept. The page asks it; with several processes the desk behind it lives in the primary, so that
 * arguments and results are plain data.
 */
import { onLineTextValues, textFor } from '../policy/text.ts';
import type { MessageRecord } from '../system-message-ports.ts';
import type { Preferences } from './preferences.ts';
import type { Queues } from './queues.ts';

/** A kept help message as its user may read it. */
export interface InboxEntry {
  readonly id: string;
  /** By language tag, filled in; never empty. */
  readonly texts: ReadonlyMap<string, string>;
  /** Each option's texts. */
  readonly options: readonly ReadonlyMap<string, string>[];
  /** Wall-clock milliseconds. */
  readonly createdAt: number;
}

export interface SelfCareState {
  readonly help: 'on' | 'off';
  /** Oldest first. */
  readonly inbox: readonly InboxEntry[];
}

/** Rejects when the store, or the process that holds the desk, fails. */
export interface SelfCare {
  look(userKey: string, vasp: string): Promise<SelfCareState>;
  /** Durable when resolved. */
  setHelp(userKey: string, help: 'on' | 'off'): Promise<void>;
  /** Durable when resolved; a message that is not in this user's inbox is left alone. */
  removeFromInbox(userKey: string, id: string): Promise<void>;
}

/** Users' names are kept nowhere but in live sessions: what stands for one's own on the page. */
const NAME_NOT_KEPT = '…';

export class DeskSelfCare implements SelfCare {
  readonly #preferences: Preferences;
  readonly #queues: Pick<Queues, 'definitions' | 'about'>;

  constructor(preferences: Preferences, queues: Pick<Queues, 'definitions' | 'about'>) {
    this.#preferences = preferences;
    this.#queues = queues;
  }

  async look(userKey: string, vasp: string): Promise<SelfCareState> {
    const { help } = await this.#preferences.settings(userKey);
    const inbox: InboxEntry[] = [];
    for (const record of await this.#preferences.inbox(userKey)) {
      const entry = record.vasp === vasp ? await this.#entryOf(record) : undefined;
      if (entry !== undefined) inbox.push(entry);
    }
    return { help, inbox };
  }

  setHelp(userKey: string, help: 'on' | 'off'): Promise<void> {
    return this.#preferences.setHelp(userKey, help);
  }

  async removeFromInbox(userKey: string, id: string): Promise<void> {
    await this.#preferences.removeFromInbox(userKey, id);
  }

  async #entryOf(record: MessageRecord): Promise<InboxEntry | undefined> {
    const policy = await this.#queues.definitions.find(record.definition);
    if (policy === undefined) return undefined;
    const values = onLineTextValues({ userId: NAME_NOT_KEPT, vasp: record.vasp }, this.#queues.about(record));
    const filled = (texts: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
      new Map([...texts.keys()].map((language) => [language, textFor(texts, [language], values)]));
    return {
      id: record.id,
      texts: filled(policy.message),
      options: policy.options.map(({ text }) => filled(text)),
      createdAt: record.createdAt,
    };
  }
}
