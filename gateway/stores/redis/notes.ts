/**
 * Notes and wishes to ask again in Redis: few, small, rarely written. They have no life: there are as many notes as the
 * program has names for, each replaced by its next, and one list of wishes, in which a new one takes the place of its like.
 */
import { StoreWriteError } from '../../errors.ts';
import type { AskAgainStore, NoteStore, StoredAskAgain } from '../../ports.ts';
import { readWishes, writeWishes } from '../audit-records.ts';
import { checkNoteName, readNote, writeNote } from '../note-record.ts';
import { withWish } from '../rules.ts';
import type { RedisConnection } from './connection.ts';
import type { KeySpace } from './keys.ts';
import { bytesOf } from './replies.ts';
import { script } from './script.ts';

const TRIES = 100;

/** KEYS: a list. ARGV: what it was, empty for nothing; what it is to be. 0: somebody else has changed it. */
const REPLACE = script(`
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`);

export class RedisAskAgain implements AskAgainStore {
  readonly #connection: RedisConnection;
  readonly #key: string;

  constructor(connection: RedisConnection, keys: KeySpace) {
    this.#connection = connection;
    this.#key = keys.at('common', 'ask-again');
  }

  async list(): Promise<readonly StoredAskAgain[]> {
    const bytes = await this.#bytes();
    return bytes.length === 0 ? [] : readWishes(bytes);
  }

  async add(wish: StoredAskAgain): Promise<void> {
    for (let tried = 0; tried < TRIES; tried++) {
      const before = await this.#bytes();
      const after = writeWishes(withWish(before.length === 0 ? [] : readWishes(before), wish));
      if ((await this.#connection.requests.run(REPLACE, [this.#key], [before, after])) === 1) return;
    }
    throw new StoreWriteError('EAGAIN');
  }

  async #bytes(): Promise<Buffer> {
    return bytesOf(await this.#connection.requests.command('GET', this.#key)) ?? Buffer.alloc(0);
  }
}

export class RedisNotes implements NoteStore {
  readonly #connection: RedisConnection;
  readonly #keys: KeySpace;

  constructor(connection: RedisConnection, keys: KeySpace) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async get(name: string): Promise<string | undefined> {
    const bytes = bytesOf(await this.#connection.requests.command('GET', this.#key(name)));
    return bytes === undefined ? undefined : readNote(bytes);
  }

  async put(name: string, text: string): Promise<void> {
    checkNoteName(name);
    await this.#connection.requests.command('SET', this.#key(name), writeNote(text));
  }

  #key(name: string): string {
    return this.#keys.at('common', 'note', name);
  }
}
