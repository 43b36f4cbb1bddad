/**
 * Which nodes are alive, kept in Redis and judged by its clock alone: each node says every second that it is there, and is
 * told of all the others in the answer. What is said is worth seconds; the whole goes a minute after the last node has.
 */

import type { RedisLink, RedisReply } from '../stores/redis/connection.ts';
import type { KeySpace } from '../stores/redis/keys.ts';
import { script } from '../stores/redis/script.ts';

/** Nodes that were heard of in the last minute: how long ago, in milliseconds. */
export type Heard = ReadonlyMap<string, number>;

const FORGOTTEN_MILLIS = 60_000;

const BEAT = script(`local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local rows = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for at = 2, #rows, 2 do rows[at] = now - rows[at] end
return rows`);

export class Membership {
  readonly #link: RedisLink;
  readonly #key: string;

  constructor(link: RedisLink, keys: KeySpace) {
    this.#link = link;
    this.#key = keys.at('common', 'nodes');
  }

  /** This node is alive; answers who else is, itself among them. @throws StoreWriteError */
  async beat(id: string): Promise<Heard> {
    const reply = await this.#link.run(BEAT, [this.#key], [id, FORGOTTEN_MILLIS]);
    const heard = new Map<string, number>();
    const rows: readonly RedisReply[] = Array.isArray(reply) ? reply : [];
    for (let at = 0; at + 1 < rows.length; at += 2) heard.set(String(rows[at]), Number(rows[at + 1]));
    return heard;
  }

  /** This node is no more. @throws StoreWriteError */
  async leave(id: string): Promise<void> {
    await this.#link.command('ZREM', this.#key, id);
  }
}
