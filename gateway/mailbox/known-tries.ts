/**
 * Which messages senders may be sending a second time, in the memory of one process: looked at with every message sent, so
 * it answers without asking anybody. Only those may repeat that were kept a short time ago; what was kept before the process
 * began nobody here knows, so for as long as such a message is remembered, every one may.
 */

import { LRUCache } from 'lru-cache';
import { inProportion } from '../shares.ts';
import { DUPLICATE_MILLIS } from './depositing.ts';

/** About 150 bytes each. A sender that is forgotten has a second copy delivered by the VASP at worst. */
const REMEMBERED = 100_000;

export class KnownTries {
  readonly #kept: LRUCache<string, true>;
  readonly #clock: { wall(): number };
  #unknownUntil: number;

  /**
   * @param unknownUntil how long something is remembered that was kept before; wall-clock milliseconds
   * @param portion which part of a machine's users these are; all when absent
   */
  constructor(clock: { wall(): number }, unknownUntil: number, portion?: number) {
    this.#kept = new LRUCache({ max: inProportion(REMEMBERED, portion), ttl: DUPLICATE_MILLIS });
    this.#clock = clock;
    this.#unknownUntil = unknownUntil;
  }

  kept(sessionKey: string, transactionId: string): void {
    this.#kept.set(nameOf(sessionKey, transactionId), true);
  }

  /** What was kept may have been missed: every message may repeat one, for as long as that is remembered. */
  forgetAll(): void {
    this.#unknownUntil = this.#clock.wall() + DUPLICATE_MILLIS;
  }

  mayRepeat(sessionKey: string, transactionId: string): boolean {
    const isKept = this.#kept.size > 0 && this.#kept.has(nameOf(sessionKey, transactionId));
    return isKept || this.#clock.wall() < this.#unknownUntil;
  }
}

function nameOf(sessionKey: string, transactionId: string): string {
  return `${sessionKey} ${transactionId}`;
}
