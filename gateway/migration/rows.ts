/** What the steps of a migration have in common: the two stores, and going through the rows of one. */
import { COPY_TABLES, type CopyableStore, type CopySlice, type CopyTable } from '../copy-ports.ts';
import type { Clock } from '../ports.ts';
import { MARKER_NOTE } from './marker.ts';
import { type Pauses, patiently } from './patience.ts';
import type { Progress } from './progress.ts';

export interface Migration {
  readonly source: CopyableStore;
  readonly target: CopyableStore;
  /** Where the source is, without a password. */
  readonly from: string;
  /** Keyed hash of a constant: tells the keys of one gateway from those of another. */
  readonly keys: string;
  readonly clock: Clock;
  readonly pauses?: Pauses;
  /** Hears of every slice. */
  readonly onProgress: (progress: Progress) => void;
  /** A store does not answer and is asked again. */
  readonly onTrouble: (code: string) => void;
  /** Asked between two slices. */
  readonly isStopped: () => boolean;
}

/** What may fail for a moment, done again until it does not. */
export function retried<T>({ onTrouble, pauses }: Migration, work: () => Promise<T>): Promise<T> {
  return patiently(work, onTrouble, pauses);
}

/** The marker apart. */
export async function rowsIn(migration: Migration, store: CopyableStore, table: CopyTable): Promise<number> {
  const rows = await retried(migration, () => store.copy.count(table));
  if (table !== 'notes' || rows === 0) return rows;
  const marker = await retried(migration, () => store.notes.get(MARKER_NOTE));
  return marker === undefined ? rows : rows - 1;
}

export async function rowsOf(
  migration: Migration,
  store: CopyableStore,
  tables: readonly CopyTable[] = COPY_TABLES,
): Promise<number> {
  let rows = 0;
  for (const table of tables) rows += await rowsIn(migration, store, table);
  return rows;
}

/** The slices of a table without the marker's note; the next one is read while somebody works on one. */
export async function* slices(
  migration: Migration,
  { copy }: CopyableStore,
  table: CopyTable,
  after: string | undefined,
): AsyncGenerator<CopySlice> {
  const read = async (from: string | undefined): Promise<CopySlice> => {
    const slice = await retried(migration, () => copy.read(table, from));
    if (table !== 'notes') return slice;
    return { ...slice, rows: slice.rows.filter(({ key }) => key !== MARKER_NOTE) };
  };
  let next: Promise<CopySlice> | undefined = read(after);
  while (next !== undefined) {
    const slice: CopySlice = await next;
    next = slice.next === undefined ? undefined : read(slice.next);
    // Whoever awaits it hears of it; until then nobody else does.
    next?.catch(() => undefined);
    yield slice;
  }
}
