/**
 * What VASPs sent while clients waited for something else, for all nodes [P8.2]: a list for each session, sealed, bounded in
 * number, bytes and time; what finds no room is dropped and counted, and what nobody comes for goes with its key. Whether
 * something waits is asked with every message and answered from memory, which the others tell of every change; after a gap in
 * their words, what is not known counts as waiting until the engine has said for which sessions something does.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Secrets, SetAside, SetAsideMessage } from '../../ports.ts';
import { ALL_SHARES, SHARES, shareOf } from '../../shares.ts';
import type { RedisConnection, RedisReply } from './connection.ts';
import type { KeySpace } from './keys.ts';
import { listOf, textsOf } from './replies.ts';
import type { RedisScript } from './script.ts';
import { DROP_ASIDE, PUT_ASIDE, TAKE_ASIDE, WAITING_ASIDE } from './set-aside-scripts.ts';
import { ShareQuota } from './share-quota.ts';

export interface RedisSetAsideEvents {
  /** Something waits from now on: the client wants to be told that it should poll. */
  waiting(sessionKey: string): void;
  /** A message was dropped for want of room. */
  dropped(): void;
  /**
   * To be told to all other processes of all nodes, as {@link SetAsideWords.isWaiting} of theirs; resolved when they know, or
   * it is known that they will find out. Never rejects.
   */
  changed(sessionKey: string, isWaiting: boolean, at: number): Promise<void>;
}

/** What every process is told by the others. */
export interface SetAsideWords {
  /** @param at the engine's time of the change, in microseconds */
  isWaiting(sessionKey: string, isWaiting: boolean, at: number): Promise<void>;
}

export interface RedisSetAsideLimits {
  /** Messages of one session. */
  readonly messages: number;
  /** Bytes of one session's messages, as they are kept. */
  readonly bytes: number;
  /** Sessions of all nodes for which something waits; the one left alone longest gives way. */
  readonly sessions: number;
  /** How long a client may leave its messages waiting. */
  readonly keepMillis: number;
}

/** A VASP repeats what nobody acknowledged in that time. */
export const DEFAULT_REDIS_SET_ASIDE_LIMITS: RedisSetAsideLimits = {
  messages: 100,
  bytes: 4_000_000,
  sessions: 10_000,
  keepMillis: 600_000,
};

export interface RedisSetAsideParts {
  readonly connection: RedisConnection;
  readonly keys: KeySpace;
  readonly secrets: Secrets;
  readonly events: RedisSetAsideEvents;
  readonly limits?: RedisSetAsideLimits;
}

/** The engine is asked again after so long when it did not say what waits. */
const ASK_AGAIN_MILLIS = 1_000;

export class RedisSetAside implements SetAside {
  readonly #parts: RedisSetAsideParts;
  readonly #limits: RedisSetAsideLimits;
  readonly #quota: ShareQuota;
  /** When something came to wait for a session, by the engine's clock. */
  readonly #waiting: LRUCache<string, number>;
  /** Whether all that waits is known. */
  #isSure = false;
  #gaps = 0;
  #isClosed = false;

  constructor(parts: RedisSetAsideParts) {
    this.#parts = parts;
    this.#limits = parts.limits ?? DEFAULT_REDIS_SET_ASIDE_LIMITS;
    this.#quota = new ShareQuota({
      link: parts.connection.background,
      most: Math.ceil(this.#limits.sessions / SHARES),
      index: (share) => this.#index(share),
      end: (_, sessionKeys) => this.#giveWay(sessionKeys),
    });
    // In each share some more may stand for a moment.
    this.#waiting = new LRUCache({ max: this.#limits.sessions + 2 * SHARES });
  }

  /** What the other processes say comes in here. */
  readonly words: SetAsideWords = {
    isWaiting: async (sessionKey, isWaiting, at) => this.#learn(sessionKey, isWaiting, at),
  };

  isWaiting(sessionKey: string): boolean {
    return !this.#isSure || this.#waiting.has(sessionKey);
  }

  /** Nothing is dropped but by being counted: also where the engine cannot be had. */
  async put(sessionKey: string, messages: readonly Uint8Array[]): Promise<void> {
    const { events, secrets } = this.#parts;
    const { keepMillis, messages: most, bytes } = this.#limits;
    const sealed = messages.map((message) => secrets.seal(purpose(sessionKey), base64Of(message)));
    const reply = await this.#run(PUT_ASIDE, sessionKey, [keepMillis, most, bytes, ...sealed]).catch(nothing);
    const [kept = 0, before = 0, length = 0, at = 0, sessions = 0] = reply.map(Number);
    for (let dropped = kept; dropped < messages.length; dropped++) events.dropped();
    if (length === 0) return;
    const isKnown = before > 0 && this.#waiting.has(sessionKey);
    this.#learn(sessionKey, true, at);
    if (!isKnown) await events.changed(sessionKey, true, at);
    events.waiting(sessionKey);
    this.#quota.counted(shareOf(sessionKey), sessions);
  }

  /** Nothing, too, while the engine cannot be had: the client is told to poll until it can. */
  async take(sessionKey: string): Promise<SetAsideMessage | undefined> {
    for (;;) {
      const [sealed, left, at] = await this.#run(TAKE_ASIDE, sessionKey, []).catch(nothing);
      if (left === 0) this.#tell(sessionKey, Number(at));
      if (!Buffer.isBuffer(sealed) || sealed.length === 0) return undefined;
      const text = this.#parts.secrets.unseal(purpose(sessionKey), sealed);
      // Nobody has the key any more: the next one may be younger.
      if (text === undefined) continue;
      return { message: new Uint8Array(Buffer.from(text, 'base64')), isMore: left !== 0 };
    }
  }

  /** What cannot be dropped now goes when its time is over. */
  async drop(sessionKey: string): Promise<void> {
    const [, at] = await this.#run(DROP_ASIDE, sessionKey, []).catch(nothing);
    if (at !== undefined) this.#tell(sessionKey, Number(at));
  }

  /**
   * Words of others may have been lost, or this process is new: to be called at the start and after every gap. Resolves when it
   * is known again what waits; the engine is asked until it says.
   */
  async forgetAll(): Promise<void> {
    const gap = ++this.#gaps;
    this.#isSure = false;
    while (!this.#isClosed && gap === this.#gaps) {
      try {
        await Promise.all(ALL_SHARES.map((share) => this.#load(share)));
        if (gap === this.#gaps) this.#isSure = true;
        return;
      } catch {
        await delay(ASK_AGAIN_MILLIS, undefined, { ref: false });
      }
    }
  }

  close(): void {
    this.#isClosed = true;
  }

  async #load(share: number): Promise<void> {
    const reply = await this.#parts.connection.background.run(WAITING_ASIDE, [this.#index(share)], []);
    const [at, ...sessions] = listOf(reply);
    const asked = Number(at);
    const waiting = new Set(textsOf(sessions));
    for (const sessionKey of [...this.#waiting.keys()]) {
      if (shareOf(sessionKey) === share && !waiting.has(sessionKey)) this.#learn(sessionKey, false, asked);
    }
    for (const sessionKey of waiting) this.#learn(sessionKey, true, asked);
  }

  /** Older news than what is known is none. */
  #learn(sessionKey: string, isWaiting: boolean, at: number): void {
    if ((this.#waiting.peek(sessionKey) ?? 0) > at) return;
    if (isWaiting) this.#waiting.set(sessionKey, at);
    else this.#waiting.delete(sessionKey);
  }

  /** Nothing waits any more. Whoever asks in vain is answered so: nobody has to wait for this. */
  #tell(sessionKey: string, at: number): void {
    this.#learn(sessionKey, false, at);
    void this.#parts.events.changed(sessionKey, false, at);
  }

  async #giveWay(sessionKeys: readonly string[]): Promise<void> {
    const { events } = this.#parts;
    const drop = async (sessionKey: string): Promise<void> => {
      const [length, at] = await this.#run(DROP_ASIDE, sessionKey, []);
      for (let dropped = 0; dropped < Number(length); dropped++) events.dropped();
      this.#tell(sessionKey, Number(at));
    };
    await Promise.all(sessionKeys.map(drop));
  }

  #index(share: number): string {
    return this.#parts.keys.inShare(share, 'set-aside-ends');
  }

  async #run(
    script: RedisScript,
    sessionKey: string,
    args: readonly (string | number | Uint8Array)[],
  ): Promise<readonly RedisReply[]> {
    const { connection, keys } = this.#parts;
    const names = [keys.of(sessionKey, 'set-aside', sessionKey), keys.of(sessionKey, 'set-aside-bytes', sessionKey)];
    const touched = [...names, this.#index(shareOf(sessionKey))];
    return listOf(await connection.requests.run(script, touched, [sessionKey, ...args]));
  }
}

function purpose(sessionKey: string): string {
  return `set-aside message ${sessionKey}`;
}

function base64Of(message: Uint8Array): string {
  return Buffer.from(message.buffer, message.byteOffset, message.length).toString('base64');
}

/** The engine's reply where it gave none in time. */
function nothing(): readonly RedisReply[] {
  return [];
}
