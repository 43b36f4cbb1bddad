/** Notes and wishes in LMDB: few, small, rarely written. */
import type { Database } from 'lmdb';
import type { AskAgainStore, NoteStore, StoredAskAgain } from '../ports.ts';
import { readWishes, writeWishes } from './audit-records.ts';
import { onDisk, wholly } from './lmdb-commit.ts';
import { checkNoteName, readNote, writeNote } from './note-record.ts';
import { withWish } from './rules.ts';

/** The row in which they are. */
export const WISHES = 'ask-again';

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
    return bytes === undefined ? undefined : readNote(bytes);
  }

  async put(name: string, text: string): Promise<void> {
    checkNoteName(name);
    await onDisk(this.#db, () => this.#db.put(name, writeNote(text)));
  }
}
