/**
 * Copies the tables one after the other, from where an earlier run came to. What was written is noted in the target, after it
 * is durable there: what is done twice after a kill is the work of a second.
 */
import { COPY_TABLES } from '../copy-ports.ts';
import { type Marker, stateOf, writeMarker } from './marker.ts';
import { Meter } from './progress.ts';
import { type Migration, retried, rowsOf, slices } from './rows.ts';

const MARK_MILLIS = 1_000;

export interface Copied {
  readonly marker: Marker;
  /** That this run wrote. */
  readonly rows: number;
  readonly isStopped: boolean;
}

export async function copyTables(migration: Migration, begun: Marker): Promise<Copied> {
  const { source, target, clock, onProgress, isStopped } = migration;
  const doneBefore = COPY_TABLES.reduce((sum, table) => sum + stateOf(begun, table).rows, 0);
  const meter = new Meter('copying', await rowsOf(migration, source), doneBefore, clock.monotonic);
  let marker = begun;
  let copied = 0;
  let markedAt = clock.monotonic();
  const mark = async (): Promise<void> => {
    markedAt = clock.monotonic();
    await retried(migration, () => writeMarker(target.notes, marker));
  };
  for (const table of COPY_TABLES) {
    let { rows: written, after, done } = stateOf(marker, table);
    if (done) continue;
    for await (const slice of slices(migration, source, table, after ?? undefined)) {
      const rows = slice.rows.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > clock.wall());
      if (rows.length > 0) await retried(migration, () => target.copy.write(table, rows));
      written += rows.length;
      copied += rows.length;
      after = slice.next ?? null;
      done = slice.next === undefined;
      marker = { ...marker, tables: { ...marker.tables, [table]: { rows: written, after, done } } };
      meter.add(slice.rows.length);
      onProgress(meter.at(table));
      if (isStopped()) {
        await mark();
        return { marker, rows: copied, isStopped: true };
      }
      if (clock.monotonic() - markedAt > MARK_MILLIS) await mark();
    }
  }
  await mark();
  return { marker, rows: copied, isStopped: false };
}
