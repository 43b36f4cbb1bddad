/**
 * What VASPs sent while a client waited for something else, kept in this process's memory until the client polls [P8.2].
 * Bounded for each session and in all: what finds no room is dropped and counted, as a VASP would drop it, and repeats
 * what matters.
 */
import { LRUCache } from 'lru-cache';
import type { SetAside, SetAsideMessage } from '../../ports.ts';

export interface SetAsideLimits {
  /** Messages of one session. */
  readonly messages: number;
  /** Sessions for which something waits; the one left alone longest gives way. */
  readonly sessions: number;
  /** How long a client may leave its messages waiting. */
  readonly keepMillis: number;
}

export const DEFAULT_SET_ASIDE_LIMITS: SetAsideLimits = { messages: 100, sessions: 10_000, keepMillis: 3_600_000 };

export interface SetAsideEvents {
  /** Something waits from now on: the client wants to be told that it should poll. */
  waiting(sessionKey: string): void;
  /** A message was dropped for want of room, or because nobody came for it. */
  dropped(): void;
}

export class MemorySetAside implements SetAside {
  readonly #queues: LRUCache<string, Uint8Array[]>;
  readonly #limits: SetAsideLimits;
  readonly #events: SetAsideEvents;

  constructor(events: SetAsideEvents, limits: SetAsideLimits = DEFAULT_SET_ASIDE_LIMITS) {
    this.#limits = limits;
    this.#events = events;
    this.#queues = new LRUCache({
      max: limits.sessions,
      ttl: limits.keepMillis,
      dispose: (queue, _key, reason) => {
        if (reason === 'evict' || reason === 'expire') for (const _ of queue) events.dropped();
      },
    });
  }

  isWaiting(sessionKey: string): boolean {
    return this.#queues.has(sessionKey);
  }

  async put(sessionKey: string, messages: readonly Uint8Array[]): Promise<void> {
    const queue = [...(this.#queues.get(sessionKey) ?? [])];
    for (const message of messages) {
      if (queue.length < this.#limits.messages) queue.push(message);
      else this.#events.dropped();
    }
    if (queue.length === 0) return;
    this.#queues.set(sessionKey, queue);
    this.#events.waiting(sessionKey);
  }

  async take(sessionKey: string): Promise<SetAsideMessage | undefined> {
    const [message, ...rest] = this.#queues.get(sessionKey) ?? [];
    if (message === undefined) return undefined;
    if (rest.length === 0) this.#queues.delete(sessionKey);
    else this.#queues.set(sessionKey, rest);
    return { message, isMore: rest.length > 0 };
  }

  async drop(sessionKey: string): Promise<void> {
    this.#queues.delete(sessionKey);
  }
}
