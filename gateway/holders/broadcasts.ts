/**
 * The sendings of operators in a gateway of several nodes: carried out by whoever holds the first share, asked about from
 * every node. What becomes of their messages at the other nodes' desks is told to it, a little later and together.
 */
import type { BroadcastOrder, BroadcastReport, CancelOutcome, SendOutcome } from '../desk/broadcast-model.ts';
import type { Broadcasts } from '../desk/broadcasts.ts';
import type { Log } from '../ports.ts';
import type { MessageRecord } from '../system-message-ports.ts';
import { AtHolder, type HolderParts, notHeld } from './at-holder.ts';

/** Whoever holds it looks after what is there once. */
export const FIRST_SHARE = 0;

/** A record as it is, and as it was before. */
export type RecordChange = readonly [record: MessageRecord, before: MessageRecord | undefined];

export interface BroadcastService {
  send(order: BroadcastOrder, by: string): Promise<SendOutcome>;
  list(): Promise<readonly BroadcastReport[]>;
  get(id: string): Promise<BroadcastReport | undefined>;
  cancel(id: string, by: string): Promise<CancelOutcome>;
  changed(changes: readonly RecordChange[]): Promise<void>;
}

const TOLD_AFTER_MILLIS = 100;
const AGAIN_AFTER_MILLIS = 1_000;
/** Changes that wait to be told: those beyond are counted again from the store when the share moves. */
const MOST_WAITING = 20_000;

export class HeldBroadcasts {
  readonly #at: AtHolder<BroadcastService>;
  readonly #here: () => Broadcasts | undefined;
  readonly #log: Log;
  #waiting: RecordChange[] = [];
  #timer: NodeJS.Timeout | undefined;
  #telling: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** @param here those that this node looks after; undefined where another one does */
  constructor(parts: HolderParts, here: () => Broadcasts | undefined, log: Log) {
    this.#here = here;
    this.#log = log;
    const broadcasts = (): Broadcasts => {
      const held = here();
      if (held === undefined) throw notHeld(FIRST_SHARE);
      return held;
    };
    this.#at = new AtHolder<BroadcastService>(parts, 'broadcasts', {
      send: async (order, by) => broadcasts().send(order, by),
      list: async () => broadcasts().list(),
      get: async (id) => broadcasts().get(id),
      cancel: async (id, by) => broadcasts().cancel(id, by),
      async changed(changes) {
        const held = broadcasts();
        for (const [record, before] of changes) held.changed(record, before);
      },
    });
  }

  send(order: BroadcastOrder, by: string): Promise<SendOutcome> {
    return this.#at.ask(FIRST_SHARE, (held) => held.send(order, by));
  }

  list(): Promise<readonly BroadcastReport[]> {
    return this.#at.ask(FIRST_SHARE, (held) => held.list());
  }

  get(id: string): Promise<BroadcastReport | undefined> {
    return this.#at.ask(FIRST_SHARE, (held) => held.get(id));
  }

  cancel(id: string, by: string): Promise<CancelOutcome> {
    return this.#at.ask(FIRST_SHARE, (held) => held.cancel(id, by));
  }

  /** A record of a desk of this node came to be, or is another than before. */
  changed(record: MessageRecord, before: MessageRecord | undefined): void {
    if (record.broadcast === undefined) return;
    const held = this.#here();
    if (held !== undefined) held.changed(record, before);
    else if (this.#waiting.length < MOST_WAITING) {
      this.#waiting.push([record, before]);
      this.#timer ??= setTimeout(() => void this.tell(), TOLD_AFTER_MILLIS);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.tell();
    clearTimeout(this.#timer);
  }

  /** Tells what waits to be told; resolves when all is heard, or later is waited for. Never rejects. */
  tell(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#telling = this.#telling.then(() => this.#tell());
    return this.#telling;
  }

  async #tell(): Promise<void> {
    const changes = this.#waiting;
    this.#waiting = [];
    if (changes.length === 0) return;
    try {
      await this.#at.ask(FIRST_SHARE, (held) => held.changed(changes));
    } catch {
      // Whoever looks after them now may still be reading the store.
      const room = MOST_WAITING - this.#waiting.length;
      this.#waiting.unshift(...changes.slice(0, room));
      if (room < changes.length)
        this.#log.warn('changes of operator messages were not told', { messages: changes.length - room });
      if (!this.#isClosed) this.#timer ??= setTimeout(() => void this.tell(), AGAIN_AFTER_MILLIS);
    }
  }
}
