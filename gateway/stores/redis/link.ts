/**
 * Commands and scripts over one client, each with an end: an answer, what Redis says against it, or a time-out. A command is
 * sent once. What is waiting for answers is bounded, also after those who asked have given up.
 */
import { errorCode } from '../../error-code.ts';
import { AWAY, StoreWriteError } from '../../errors.ts';
import type { RedisClient } from './client.ts';
import type { RedisArgument, RedisLink, RedisReply } from './connection.ts';
import { Patience } from './patience.ts';
import type { RedisScript } from './script.ts';
import { type Standing, WHOLE } from './standing.ts';

/** Nothing was sent: too much waits for answers already. */
export const BUSY = 'EBUSY';

const MOST_IN_FLIGHT = 10_000;
/** What Redis says while it cannot serve anybody. */
const AWAY_WORDS: readonly string[] = ['LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'BUSY', 'READONLY', 'NOAUTH'];

export class Link implements RedisLink {
  readonly #client: RedisClient;
  readonly #millis: number;
  /** Of clients; background work waits for each command alone. */
  readonly #patience: Patience | undefined;
  readonly #standing: Standing | undefined;
  /** Until the first connection is made, or found not to be: nobody knows yet. */
  #beginning: Promise<void> | undefined;
  #inFlight = 0;

  /**
   * @param millis that a command may take
   * @param standing with one, commands that follow each other while Redis is slow may take no longer than that together, and
   *   none is sent while it is away; without one, each is tried whatever became of others
   */
  constructor(client: RedisClient, millis: number, standing: Standing | undefined) {
    this.#client = client;
    this.#millis = millis;
    this.#patience = standing === undefined ? undefined : new Patience(millis);
    this.#standing = standing;
    this.#beginning = new Promise((resolve) => {
      const begun = (): void => {
        this.#beginning = undefined;
        resolve();
      };
      for (const event of ['ready', 'close', 'error', 'end']) client.once(event, begun);
    });
  }

  command(name: string, ...args: readonly RedisArgument[]): Promise<RedisReply> {
    return this.#send(this.#standing?.partOf(args[0]) ?? WHOLE, name, args);
  }

  async run({ lua, sha }: RedisScript, keys: readonly string[], args: readonly RedisArgument[]): Promise<RedisReply> {
    const part = this.#standing?.partOf(keys[0]) ?? WHOLE;
    try {
      return await this.#send(part, 'EVALSHA', [sha, keys.length, ...keys, ...args]);
    } catch (error) {
      if (!(error instanceof StoreWriteError) || error.code !== 'NOSCRIPT') throw error;
      return this.#send(part, 'EVAL', [lua, keys.length, ...keys, ...args]);
    }
  }

  /** How long a command that is sent now may take, in milliseconds. */
  leftMillis(): number {
    return this.#patience?.left(performance.now()) ?? this.#millis;
  }

  /** Another node was waited for so long: commands behind that have less time, until Redis is quick. */
  waited(millis: number): void {
    this.#patience?.waited(millis, performance.now());
  }

  /** Whether it answers in time, also where it counts as away. Never rejects. */
  async answers(name: string, ...args: readonly RedisArgument[]): Promise<boolean> {
    try {
      await this.#ask(undefined, name, args);
      return true;
    } catch (error) {
      return error instanceof StoreWriteError && error.code === 'NOPERM';
    }
  }

  async #send(part: string, name: string, args: readonly RedisArgument[]): Promise<RedisReply> {
    if (this.#beginning !== undefined) await this.#beginning;
    if (this.#standing?.isPartAway(part)) throw new StoreWriteError(AWAY);
    if (this.#inFlight >= MOST_IN_FLIGHT) throw new StoreWriteError(BUSY);
    this.#standing?.uses(part);
    return this.#ask(part, name, args);
  }

  /** @param part that is said to be away when there is no answer; undefined: nobody is told */
  #ask(part: string | undefined, name: string, args: readonly RedisArgument[]): Promise<RedisReply> {
    if (this.#client.status !== 'ready') {
      this.#lost(part);
      return Promise.reject(new StoreWriteError(AWAY));
    }
    return new Promise((resolve, reject) => {
      let isOver = false;
      const sentAt = performance.now();
      // An answer may lie there unread when this process was busy itself: it is read before the immediate runs.
      const tooLate = (): void => {
        if (isOver) return;
        this.#patience?.took(sentAt, performance.now());
        this.#lost(part);
        reject(new StoreWriteError('ETIMEDOUT'));
      };
      const timer = setTimeout(() => setImmediate(tooLate), this.#patience?.left(sentAt) ?? this.#millis);
      const over = (): void => {
        isOver = true;
        this.#patience?.took(sentAt, performance.now());
        clearTimeout(timer);
        this.#inFlight--;
      };
      this.#inFlight++;
      this.#client.callBuffer(name, args.map(argument)).then(
        (reply) => {
          over();
          resolve(reply as RedisReply);
        },
        (error: unknown) => {
          over();
          const { code, isAway } = failureOf(error);
          if (isAway) this.#lost(part);
          reject(new StoreWriteError(code));
        },
      );
    });
  }

  #lost(part: string | undefined): void {
    if (part !== undefined) this.#standing?.lost(part);
  }
}

function argument(value: RedisArgument): string | number | Buffer {
  if (typeof value !== 'object' || Buffer.isBuffer(value)) return value;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** An error that Redis itself answers with begins with its word. */
export function failureOf(error: unknown): { readonly code: string; readonly isAway: boolean } {
  if (error instanceof Error && error.name === 'ReplyError') {
    const code = /^[A-Z]+/.exec(error.message)?.[0] ?? 'ERR';
    return { code, isAway: AWAY_WORDS.includes(code) };
  }
  const code = errorCode(error);
  return { code: code === 'UNKNOWN' ? 'ECONNRESET' : code, isAway: true };
}
