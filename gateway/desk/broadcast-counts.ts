/**
 * How the messages of one sending are: counts that follow from the records alone, so that they are made live from changes,
 * and again from the store after a restart, with the same result.
 */
import type { MessageRecord } from '../system-message-ports.ts';

/** As plain data. `sent`, `delivered` and `answered` are the levels of proof: whoever answered counts in all of them. */
export interface MessageCounts {
  /** Messages that were made: each is open, in the inbox, read there, delivered, answered, expired or withdrawn. */
  readonly made: number;
  readonly open: number;
  /** Kept unsent, because their users want no help messages. */
  readonly inbox: number;
  /** Found in the inbox. */
  readonly read: number;
  readonly sent: number;
  readonly delivered: number;
  readonly answered: number;
  /** Of the answered ones, by the option's id; answers without an option are in none. */
  readonly options: Readonly<Record<string, number>>;
  readonly expired: number;
  readonly withdrawn: number;
}

export const NO_MESSAGES: MessageCounts = {
  made: 0,
  open: 0,
  inbox: 0,
  read: 0,
  sent: 0,
  delivered: 0,
  answered: 0,
  options: {},
  expired: 0,
  withdrawn: 0,
};

type Counted = Omit<MessageCounts, 'options'>;

/** Counts that change in place. */
export class RunningCounts {
  readonly #counted: { -readonly [Name in keyof Counted]: number };
  readonly #options: Map<string, number>;

  constructor({ options, ...counted }: MessageCounts = NO_MESSAGES) {
    this.#counted = { ...counted };
    this.#options = new Map(Object.entries(options));
  }

  /** A record came to be, or is another than `before`. */
  changed(record: MessageRecord, before: MessageRecord | undefined): void {
    if (before !== undefined) this.#add(before, -1);
    this.#add(record, 1);
  }

  now(): MessageCounts {
    const chosen = [...this.#options].filter(([, count]) => count !== 0);
    return { ...this.#counted, options: Object.fromEntries(chosen) };
  }

  #add({ state, sentAt, deliveredAt, answeredAt, option }: MessageRecord, by: 1 | -1): void {
    const counted = this.#counted;
    counted.made += by;
    if (state !== 'delivered' && state !== 'answered') counted[state] += by;
    if (sentAt !== undefined) counted.sent += by;
    if (deliveredAt !== undefined) counted.delivered += by;
    if (answeredAt === undefined) return;
    counted.answered += by;
    if (option !== undefined) this.#options.set(option, (this.#options.get(option) ?? 0) + by);
  }
}
