/**
 * How far a migration has come, as a note in the store that it fills: where it comes from, and for each table where to go
 * on. A store with the note of a migration that is not finished holds a part of a gateway's data: nothing but this migration
 * may use it.
 */
import { z } from 'zod';
import { COPY_TABLES, type CopyTable } from '../copy-ports.ts';
import type { NoteStore } from '../ports.ts';

/** The name of the note; it is not copied with the others. */
export const MARKER_NOTE = 'store-migration';

const tableState = z.object({
  /** Rows that were written. */
  rows: z.number().int().nonnegative(),
  /** Where to go on; null at the beginning, and when the table is done. */
  after: z.string().nullable(),
  done: z.boolean(),
});

const markerForm = z.object({
  /** Where it comes from, as people read it: no password stands in it. */
  from: z.string(),
  /** Keyed hash of a constant: the same gateway's keys. */
  keys: z.string(),
  /** Wall-clock milliseconds. */
  begunAt: z.number(),
  /** Null until both stores were found to hold the same. */
  finishedAt: z.number().nullable(),
  tables: z.partialRecord(z.enum(COPY_TABLES), tableState),
});

export type Marker = z.infer<typeof markerForm>;
export type TableState = z.infer<typeof tableState>;

export async function readMarker(notes: Pick<NoteStore, 'get'>): Promise<Marker | 'damaged' | undefined> {
  const text = await notes.get(MARKER_NOTE);
  if (text === undefined) return undefined;
  try {
    const parsed = markerForm.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : 'damaged';
  } catch {
    return 'damaged';
  }
}

export function writeMarker(notes: Pick<NoteStore, 'put'>, marker: Marker): Promise<void> {
  return notes.put(MARKER_NOTE, JSON.stringify(marker));
}

export function stateOf(marker: Marker, table: CopyTable): TableState {
  return marker.tables[table] ?? { rows: 0, after: null, done: false };
}

/** Why a gateway must not use a store; undefined when it may. */
export async function unfinishedMigration(notes: Pick<NoteStore, 'get'>): Promise<string | undefined> {
  const marker = await readMarker(notes);
  if (marker === undefined || (marker !== 'damaged' && marker.finishedAt !== null)) return undefined;
  const from = marker === 'damaged' ? '' : ` from ${marker.from}`;
  return `holds a part of what is migrated${from}: run \`sapgw store migrate\` again, which goes on, before a gateway uses it`;
}
