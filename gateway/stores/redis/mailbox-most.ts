/**
 * How many messages wait in the shares of others, for whoever may not go beyond what all mailboxes together may hold. It is
 * at most a second old, and read anew before each deposit where the end is near.
 */
import { ALL_SHARES } from '../../shares.ts';
import type { RedisConnection } from './connection.ts';
import { numberOf } from './replies.ts';

const FRESH_MILLIS = 1_000;
/** Nearer to the end than this, in messages or in parts of all, every deposit looks. */
const NEAR_MESSAGES = 1_000;
const NEAR_PART = 0.01;

export class WaitingElsewhere {
  readonly #connection: RedisConnection;
  readonly #totals: readonly string[];
  /** Settled when nobody reads anew. */
  #reading: Promise<void> = Promise.resolve();
  #next: Promise<number[]> | undefined;
  #read: { readonly at: number; readonly waiting: Promise<number[]> } | undefined;

  /** @param totalsKey of the totals of a share */
  constructor(connection: RedisConnection, totalsKey: (share: number) => string) {
    this.#connection = connection;
    this.#totals = ALL_SHARES.map(totalsKey);
  }

  /** Messages that wait in all shares but one. */
  async besides(share: number, most: number): Promise<number> {
    const waiting = await this.#lately();
    const sum = sumOf(waiting);
    if (sum + Math.max(NEAR_MESSAGES, most * NEAR_PART) < most) return sum - (waiting[share] ?? 0);
    const now = await this.#anew();
    return sumOf(now) - (now[share] ?? 0);
  }

  /** One more waits there than was read. */
  async stored(share: number): Promise<void> {
    const waiting = await this.#read?.waiting.catch(() => undefined);
    if (waiting !== undefined) waiting[share] = (waiting[share] ?? 0) + 1;
  }

  #lately(): Promise<number[]> {
    const now = performance.now();
    if (this.#read !== undefined && now - this.#read.at < FRESH_MILLIS) return this.#read.waiting;
    const waiting = this.#now();
    const read = { at: now, waiting };
    this.#read = read;
    waiting.catch(() => {
      if (this.#read === read) this.#read = undefined;
    });
    return waiting;
  }

  /** Read after this was asked: those who ask while others read share the next reading. */
  #anew(): Promise<number[]> {
    if (this.#next !== undefined) return this.#next;
    const next = this.#reading.then(() => {
      this.#next = undefined;
      const now = this.#now();
      this.#reading = now.then(
        () => undefined,
        () => undefined,
      );
      return now;
    });
    this.#next = next;
    return next;
  }

  async #now(): Promise<number[]> {
    const { requests } = this.#connection;
    const replies = await Promise.all(this.#totals.map((key) => requests.command('HGET', key, 'waiting')));
    return replies.map(numberOf);
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
