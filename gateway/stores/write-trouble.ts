/**
 * Whether the store can be written, as far as it was tried: a write that failed says no, and as long as it does, whoever asks
 * tries one of its own. So a gateway that nobody sends anything to, because it cannot keep it, finds out when it can again.
 */
import type { NoteStore } from '../ports.ts';
import { StoreWriteError } from './store-error.ts';

/** A note that nobody reads. */
const NOTE = 'readiness';

export class WriteTrouble {
  #isThere = false;

  /** What an operation of the store failed with. */
  failed(error: unknown): void {
    if (error instanceof StoreWriteError) this.#isThere = true;
  }

  /** A sentence; undefined when nothing is known against it. */
  async told(notes: Pick<NoteStore, 'put'>): Promise<string | undefined> {
    if (!this.#isThere) return undefined;
    try {
      await notes.put(NOTE, '');
      this.#isThere = false;
      return undefined;
    } catch {
      return 'the store cannot be written';
    }
  }
}
