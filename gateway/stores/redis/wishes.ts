/**
 * What users' clients agreed on for the time when they are away, in Redis: one small record a user, in the user's share. Said
 * again at every login that says it, so that one of which nothing was heard for 400 days is forgotten.
 */
import type { OffLineWishes, WishStore } from '../../mailbox-ports.ts';
import { shareOf } from '../../shares.ts';
import { readWishesOf, writeWishesOf } from '../mailbox-records.ts';
import type { RedisArgument } from './connection.ts';
import { bytesOf } from './replies.ts';
import { type ShareScript, shareScript } from './script.ts';
import { WISHES_MILLIS } from './share-lives.ts';
import { type RedisShareParts, runInShare } from './share-parts.ts';
import { checkNames } from './share-walk.ts';

const SET = shareScript(`return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])`);
const FORGET = shareScript(`return redis.call('DEL', KEYS[1])`);

export class RedisWishes implements WishStore {
  readonly #parts: RedisShareParts;

  constructor(parts: RedisShareParts) {
    this.#parts = parts;
  }

  async of(userKey: string): Promise<OffLineWishes | undefined> {
    const bytes = bytesOf(await this.#parts.connection.requests.command('GET', this.#key(userKey)));
    return bytes === undefined ? undefined : readWishesOf(bytes);
  }

  async set(userKey: string, wishes: OffLineWishes): Promise<void> {
    checkNames([userKey]);
    await this.#run(SET, userKey, [writeWishesOf(wishes), WISHES_MILLIS]);
  }

  async forget(userKey: string): Promise<void> {
    await this.#run(FORGET, userKey, []);
  }

  #key(userKey: string): string {
    return this.#parts.keys.of(userKey, 'wishes', userKey);
  }

  async #run(script: ShareScript, userKey: string, args: readonly RedisArgument[]): Promise<void> {
    await runInShare(this.#parts, script, shareOf(userKey), [this.#key(userKey)], args);
  }
}
