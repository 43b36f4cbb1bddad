/**
 * Copies all that one store holds into another, table by table, and then compares the two. It can be ended at any moment and
 * begun again: what was written is noted in the target, and rows that are written twice are the same. The source is only
 * read. Both gateways stand still meanwhile; a source that changed all the same is found out by the comparison.
 */
import type { AuditReport } from '../audit-ports.ts';
import { COPY_TABLES, type CopyTable } from '../copy-ports.ts';
import { type Compared, compare, type TableResult, verifyChains } from './comparing.ts';
import { copyTables } from './copying.ts';
import { type Marker, readMarker, writeMarker } from './marker.ts';
import { type Migration, retried, rowsIn } from './rows.ts';

export type MigrationResult =
  /** The target holds something that did not come from there; these tables have rows. */
  | { readonly kind: 'occupied'; readonly tables: readonly { readonly table: CopyTable; readonly rows: number }[] }
  /** The target belongs to a migration that is not finished, from another place or with other keys. */
  | { readonly kind: 'other-migration'; readonly from: string | undefined; readonly because: 'source' | 'keys' }
  | { readonly kind: 'stopped' }
  | {
      readonly kind: 'compared';
      readonly tables: readonly TableResult[];
      /** Of the target. */
      readonly audit: AuditReport;
      /** Whether verifying the source found the same; true where nothing is wrong. */
      readonly isAuditEqual: boolean;
      /** Records of the source that cannot be read, and were left out. */
      readonly unreadable: number;
      /** Rows that this run wrote, and in what time. */
      readonly copied: number;
      readonly seconds: number;
      /** Wall-clock milliseconds of an earlier run that had finished: this one has only compared. */
      readonly finishedBefore: number | undefined;
    };

export async function migrate(migration: Migration): Promise<MigrationResult> {
  const { target, clock } = migration;
  const started = await start(migration);
  if (started.kind !== 'marker') return started;
  let { marker } = started;
  const begun = clock.monotonic();
  const finishedBefore = marker.finishedAt ?? undefined;
  let copied = 0;
  if (finishedBefore === undefined) {
    const done = await copyTables(migration, marker);
    if (done.isStopped) return { kind: 'stopped' };
    marker = done.marker;
    copied = done.rows;
  }
  const seconds = (clock.monotonic() - begun) / 1000;
  const compared = await compareTwice(migration, finishedBefore === undefined ? marker : undefined);
  if (compared === undefined) return { kind: 'stopped' };
  const { tables, unreadable } = compared;
  const { audit, isAuditEqual } = await verifyChains(migration);
  const isEqual = isAuditEqual && tables.every((table) => table.isEqual);
  if (isEqual && finishedBefore === undefined)
    await retried(migration, () => writeMarker(target.notes, { ...marker, finishedAt: clock.wall() }));
  return { kind: 'compared', tables, audit, isAuditEqual, unreadable, copied, seconds, finishedBefore };
}

/**
 * What differs is copied once more and looked at again: a gateway may have run between two runs and added to the source, and a
 * row may be met twice while a store gets smaller by sessions that end.
 *
 * @param marker undefined where nothing is to be copied, because a gateway may have used the target since
 */
async function compareTwice(migration: Migration, marker: Marker | undefined): Promise<Compared | undefined> {
  const first = await compare(migration);
  const different = first?.tables.filter((table) => !table.isEqual).map(({ table }) => table) ?? [];
  if (first === undefined || different.length === 0) return first;
  if (marker !== undefined) {
    const states = Object.entries(marker.tables).filter(([table]) => !different.some((one) => one === table));
    const again = await copyTables(migration, { ...marker, tables: Object.fromEntries(states) });
    if (again.isStopped) return undefined;
  }
  const second = await compare(migration, different);
  if (second === undefined) return undefined;
  const results = new Map(second.tables.map((result) => [result.table, result]));
  return { ...first, tables: first.tables.map((result) => results.get(result.table) ?? result) };
}

type Started =
  | { readonly kind: 'marker'; readonly marker: Marker }
  | Extract<MigrationResult, { readonly kind: 'occupied' | 'other-migration' }>;

async function start(migration: Migration): Promise<Started> {
  const { target, from, keys, clock } = migration;
  const known = await retried(migration, () => readMarker(target.notes));
  if (known === 'damaged') return { kind: 'other-migration', from: undefined, because: 'source' };
  if (known !== undefined && known.from === from) {
    if (known.keys !== keys) return { kind: 'other-migration', from: known.from, because: 'keys' };
    return { kind: 'marker', marker: known };
  }
  if (known !== undefined && known.finishedAt === null)
    return { kind: 'other-migration', from: known.from, because: 'source' };
  const tables = [];
  for (const table of COPY_TABLES) {
    const rows = await rowsIn(migration, target, table);
    if (rows > 0) tables.push({ table, rows });
  }
  if (tables.length > 0) return { kind: 'occupied', tables };
  const marker = { from, keys, begunAt: clock.wall(), finishedAt: null, tables: {} };
  await retried(migration, () => writeMarker(target.notes, marker));
  return { kind: 'marker', marker };
}
