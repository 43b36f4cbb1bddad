/**
 * Users' settings in Redis: one small record a user, in the user's share, and none for a user whose settings are the default.
 * They have no life of their own: they stay until the user is forgotten, and can be no more than there are users.
 */

import { shareOf } from '../../shares.ts';
import { DEFAULT_SETTINGS, type UserSettings } from '../../system-message-ports.ts';
import { readSettings, writeSettings } from '../message-records.ts';
import { bytesOf } from './replies.ts';
import { shareScript } from './script.ts';
import { type RedisShareParts, runInShare } from './share-parts.ts';
import { checkNames } from './share-walk.ts';

const SET = shareScript(`return redis.call('SET', KEYS[1], ARGV[1])`);
const UNSET = shareScript(`return redis.call('DEL', KEYS[1])`);

export class RedisSettings {
  readonly #parts: RedisShareParts;

  constructor(parts: RedisShareParts) {
    this.#parts = parts;
  }

  key(userKey: string): string {
    return this.#parts.keys.of(userKey, 'settings', userKey);
  }

  /** @throws RecordError */
  async of(userKey: string): Promise<UserSettings> {
    const bytes = bytesOf(await this.#parts.connection.requests.command('GET', this.key(userKey)));
    if (bytes === undefined) return DEFAULT_SETTINGS;
    const { help, seen } = readSettings(bytes);
    return { help, seen };
  }

  async set(userKey: string, { help, seen }: UserSettings): Promise<void> {
    checkNames([userKey]);
    const [share, all] = [shareOf(userKey), [this.key(userKey)]];
    if (help === 'on' && seen.size === 0) await runInShare(this.#parts, UNSET, share, all, []);
    else await runInShare(this.#parts, SET, share, all, [writeSettings({ help, seen, forgotten: [] })]);
  }
}
