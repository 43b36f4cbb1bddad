/** Notes and wishes in LMDB: few, small, rarely written. */
import type { Database } from 'lmdb';
import type { AskAgainStore, NoteStore, StoredAskAgain } from '../ports.ts';
import { readWishes, writeWishes } from './audit-records.ts';
import { onDisk, wholly } from './lmdb-commit.ts';
import { RecordError } from './records.ts';
import { withWish } from './rules.ts';

/** The row in which they are. */
export const WISHES = 'ask-again';
export const NOTE_FORMAT = 1;
const MAX_NAME_CHARACTERS = 100;

export class LmdbAskAgain implements AskAgainStore {
  readonly #db: Database<Buffer, string>;

  constructor(db: Database<Buffer, string>) {
    this.#db = db;
  }

  async list(): Promise<readonly StoredAskAgain[]> {
    return this.#stored();
  }

  async add(wish: StoredAskAgain): Promise<void> {
    await wholly(this.#db, () => this.#db.putSync(WISHES, writeWishes(withWish(this.#stored(), wish))));
  }

  #stored(): readonly StoredAskAgain[] {
    const bytes = this.#db.getBinary(WISHES);
    return bytes === undefined ? [] : readWishes(bytes);
  }
}

export class LmdbNotes implements NoteStore {
  readonly #db: Database<Buffer, string>;

  constructor(db: Database<Buffer, string>) {
    this.#db = db;
  }

  async get(name: string): Promise<string | undefined> {
    const bytes = this.#db.getBinary(name);
    if (bytes === undefined) return undefined;
    if (bytes[0] !== NOTE_FORMAT) throw new RecordError('a note is damaged');
    return bytes.toString('utf8', 1);
  }

  async put(name: string, text: string): Promise<void> {
    if (name.length > MAX_NAME_CHARACTERS) throw new RangeError('the name of a note has more than 100 characters');
    const bytes = Buffer.concat([Buffer.of(NOTE_FORMAT), Buffer.from(text)]);
    await onDisk(this.#db, () => this.#db.put(name, bytes));
  }
}
