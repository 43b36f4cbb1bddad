/**
 * The operators' messages at the node that holds the first share. They are read in the background, because all messages in the
 * store are counted with them and the share's users do not wait for that; where the store fails, again after a pause.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { BroadcastDesk } from '../desk/broadcast-model.ts';
import type { Broadcasts } from '../desk/broadcasts.ts';
import type { Base } from './base.ts';
import { type DeskSurroundings, openBroadcasts } from './desk.ts';

const PAUSE_MILLIS = 2_000;

export class RunningBroadcasts {
  readonly #closing = new AbortController();
  readonly #opening: Promise<void>;
  #now: Broadcasts | undefined;

  constructor(base: Base, around: Pick<DeskSurroundings, 'policies' | 'sessionCount'>, desks: BroadcastDesk) {
    this.#opening = this.#open(base, around, desks);
  }

  /** Undefined until they were read. */
  get now(): Broadcasts | undefined {
    return this.#now;
  }

  /** What is under way is written; the next holder goes on. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#opening;
    await this.#now?.close();
  }

  async #open(base: Base, around: Pick<DeskSurroundings, 'policies' | 'sessionCount'>, desks: BroadcastDesk) {
    const { signal } = this.#closing;
    while (!signal.aborted && this.#now === undefined) {
      try {
        this.#now = await openBroadcasts(base, around, desks);
      } catch {
        base.log.error('operator messages cannot be read');
        await delay(PAUSE_MILLIS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
