/**
 * Notifications in Redis, in the share of the user who is to be told: a record for each user and policy, a row in the order
 * of their names and, while somebody is to send it, one in the order of the times at which they are due. A record stays for 8
 * days after it has to do nothing any more; its rows go when somebody comes upon them.
 */
import type { NotificationStore, NotificationWish, StoredNotification } from '../../mailbox-ports.ts';
import { shareOf } from '../../shares.ts';
import { readNotification, writeNotification } from '../mailbox-records.ts';
import { RecordError } from '../records.ts';
import { wished } from '../rules.ts';
import type { RedisArgument } from './connection.ts';
import { bytesOf, textsOf } from './replies.ts';
import { shareScript } from './script.ts';
import { lifeMillis, MARGIN_MILLIS } from './share-lives.ts';
import { type RedisShareParts, runInShare } from './share-parts.ts';
import { behind, checkNames, found, recordsUnder, rowsByTime } from './share-walk.ts';

/** A notification as a deposit asks for it, to be written where nobody has changed it since. */
export interface PreparedNotification {
  readonly name: string;
  readonly before: Buffer | undefined;
  readonly after: Buffer;
  readonly dueAt: number;
  readonly life: number;
}

type Named = Pick<StoredNotification, 'userKey' | 'policy'>;

/** KEYS: record, names, due. ARGV: name, record, due or nothing, life, record before or `any`. */
const WRITE = shareScript(`
if ARGV[5] == '1' and redis.call('GET', KEYS[1]) ~= ARGV[6] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[4])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
if ARGV[3] == '' then redis.call('ZREM', KEYS[3], ARGV[1]) else redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1]) end
local life = tonumber(ARGV[4])
for at = 2, 3 do
  if redis.call('PTTL', KEYS[at]) < life then
    redis.call('PEXPIRE', KEYS[at], string.format('%.0f', life + 86400000))
  end
end
return 1`);

/** The same keys. ARGV: name, 1 where only a record that has gone by itself is meant. */
const REMOVE = shareScript(`
if ARGV[2] == '1' and redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return 1`);

export class RedisNotifications implements NotificationStore {
  readonly #parts: RedisShareParts;
  /** Names of records that were come upon and could not be read. */
  readonly #unreadable = new Set<string>();

  constructor(parts: RedisShareParts) {
    this.#parts = parts;
  }

  /** How many were left out because they cannot be read. */
  get unreadable(): number {
    return this.#unreadable.size;
  }

  key({ userKey, policy }: Named): string {
    return this.#parts.keys.of(userKey, 'note', userKey, policy);
  }

  index(share: number, name: 'names' | 'due'): string {
    return this.#parts.keys.inShare(share, `note-${name}`);
  }

  async get(userKey: string, policy: string): Promise<StoredNotification | undefined> {
    const bytes = await this.#bytes({ userKey, policy });
    return bytes === undefined ? undefined : readNotification(userKey, policy, bytes);
  }

  async put(notification: StoredNotification): Promise<void> {
    checkNames([notification.userKey, notification.policy]);
    await this.#write(notification, undefined);
    this.#unreadable.delete(nameOf(notification));
  }

  async due(now: number, limit: number): Promise<readonly StoredNotification[]> {
    return this.#found(limit, async (before, count) => {
      const read = before.map(({ userKey }) => ({ share: shareOf(userKey) }));
      const rows = await rowsByTime(this.#parts, (share) => this.index(share, 'due'), now, read, count);
      return rows.map(({ member }) => named(member));
    });
  }

  async remove(userKey: string, policy: string): Promise<void> {
    await this.#remove({ userKey, policy }, false);
    this.#unreadable.delete(nameOf({ userKey, policy }));
  }

  async reseal(userKey: string, policy: string, before: Uint8Array, content: Uint8Array): Promise<void> {
    const bytes = await this.#bytes({ userKey, policy });
    const known = this.#readable({ userKey, policy }, bytes);
    if (known === undefined || Buffer.compare(known.content, before) !== 0) return;
    // Where somebody has changed it since, it was sealed anew, or it is met again on the next way through all.
    await this.#write({ ...known, content }, bytes);
  }

  async slice(
    after: readonly [userKey: string, policy: string] | undefined,
    limit: number,
  ): Promise<readonly StoredNotification[]> {
    return this.#found(limit, async (before, count) => {
      const last = before.at(-1);
      return this.#namesBehind(last === undefined ? after?.join('\0') : nameOf(last), count);
    });
  }

  /** What a deposit makes of the notification that there is. */
  async prepare(wish: NotificationWish): Promise<PreparedNotification> {
    const before = await this.#bytes(wish);
    const after = wished(this.#readable(wish, before), wish);
    return { name: nameOf(wish), before, after: writeNotification(after), dueAt: after.dueAt, life: lifeOf(after) };
  }

  /** It was: by the deposit. */
  written({ name }: PreparedNotification): void {
    this.#unreadable.delete(name);
  }

  async forget(userKey: string): Promise<void> {
    const { connection } = this.#parts;
    const names = this.index(shareOf(userKey), 'names');
    const range = ['ZRANGEBYLEX', names, `[${userKey}\0`, behind(userKey)] as const;
    const all = textsOf(await connection.requests.command(...range)).map(named);
    await Promise.all(all.map(({ policy }) => this.remove(userKey, policy)));
  }

  /** Shares hold the keys in their order, so that one after the other is read. */
  async #namesBehind(name: string | undefined, limit: number): Promise<readonly Named[]> {
    const { connection, shares } = this.#parts;
    const first = name === undefined ? 0 : shareOf(named(name).userKey);
    const from = name === undefined ? '-' : `(${name}`;
    const all: Named[] = [];
    for (const share of shares) {
      if (share < first || all.length >= limit) continue;
      const start = share === first ? from : '-';
      const range = [this.index(share, 'names'), start, '+', 'LIMIT', 0, limit - all.length] as const;
      all.push(...textsOf(await connection.background.command('ZRANGEBYLEX', ...range)).map(named));
    }
    return all;
  }

  async #found(
    limit: number,
    next: (before: readonly Named[], count: number) => Promise<readonly Named[]>,
  ): Promise<readonly StoredNotification[]> {
    const strays: Named[] = [];
    const all = await found(limit, next, async (rows) => {
      const places = rows.map((row) => ({ share: shareOf(row.userKey), key: this.key(row) }));
      const records = await recordsUnder(this.#parts.connection.background, places, undefined);
      strays.push(...rows.filter((_, at) => records[at] === undefined));
      return rows.map((row, at) => this.#readable(row, records[at]));
    });
    // What was read is right without it.
    for (const stray of strays) await this.#remove(stray, true).catch(() => undefined);
    return all;
  }

  async #bytes(one: Named): Promise<Buffer | undefined> {
    return bytesOf(await this.#parts.connection.requests.command('GET', this.key(one)));
  }

  /** @param before undefined: whatever it was */
  async #write(notification: StoredNotification, before: Buffer | undefined): Promise<void> {
    const { state, dueAt } = notification;
    const isDue = state === 'waiting' || state === 'sending';
    const record = writeNotification(notification);
    const args = [nameOf(notification), record, isDue ? dueAt : '', lifeOf(notification)] as const;
    await this.#run(WRITE, notification, [...args, before === undefined ? 0 : 1, before ?? '']);
  }

  async #remove(one: Named, isStray: boolean): Promise<void> {
    await this.#run(REMOVE, one, [nameOf(one), isStray ? 1 : 0]);
  }

  async #run(script: typeof WRITE, one: Named, args: readonly RedisArgument[]): Promise<void> {
    const share = shareOf(one.userKey);
    const all = [this.key(one), this.index(share, 'names'), this.index(share, 'due')];
    await runInShare(this.#parts, script, share, all, args);
  }

  /** Undefined also where it cannot be read: what replaces it repairs it. */
  #readable(one: Named, bytes: Buffer | undefined): StoredNotification | undefined {
    try {
      return bytes === undefined ? undefined : readNotification(one.userKey, one.policy, bytes);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#unreadable.add(nameOf(one));
      return undefined;
    }
  }
}

function lifeOf({ at, sentAt, dueAt, windowMillis }: StoredNotification): number {
  return lifeMillis(Math.max(dueAt, (sentAt ?? at) + windowMillis), MARGIN_MILLIS.notification);
}

function nameOf({ userKey, policy }: Named): string {
  return `${userKey}\0${policy}`;
}

function named(name: string): Named {
  const end = name.indexOf('\0');
  return { userKey: name.slice(0, end), policy: name.slice(end + 1) };
}
