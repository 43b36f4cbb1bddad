/** One table of a copy over Redis, and slices of its rows. */
import type { CopyRow, CopySlice } from '../../copy-ports.ts';
import { RecordError } from '../records.ts';

export interface RedisCopyTable {
  count(): Promise<number>;
  read(after: string | undefined): Promise<CopySlice>;
  write(rows: readonly CopyRow[]): Promise<unknown>;
}

/** What has gone meanwhile: neither a row nor one that cannot be read. */
export const GONE = 'gone';

/** @param rowOf undefined, or a failure with {@link RecordError}, for what cannot be read */
export function rowsOf<Found>(
  next: string | undefined,
  found: readonly Found[],
  rowOf: (one: Found, at: number) => CopyRow | typeof GONE | undefined,
): CopySlice {
  const rows: CopyRow[] = [];
  let unreadable = 0;
  for (const [at, one] of found.entries()) {
    const row = readable(() => rowOf(one, at));
    if (row === undefined) unreadable += 1;
    else if (row !== GONE) rows.push(row);
  }
  return { rows, next, unreadable };
}

function readable<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}
