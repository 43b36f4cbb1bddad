/**
 * Whether two stores hold the same: every table by the number of its rows and a digest of them, the audit chain by verifying
 * it once more where it has come to.
 */
import type { AuditReport } from '../audit-ports.ts';
import { COPY_TABLES, type CopyableStore, type CopyTable } from '../copy-ports.ts';
import { TableDigest } from './digest.ts';
import { Meter } from './progress.ts';
import { type Migration, retried, rowsOf, slices } from './rows.ts';

export interface TableResult {
  readonly table: CopyTable;
  readonly source: number;
  readonly target: number;
  readonly isEqual: boolean;
}

export interface Compared {
  readonly tables: readonly TableResult[];
  /** Records of the source that cannot be read. */
  readonly unreadable: number;
}

/** Undefined when it was stopped. */
export async function compare(
  migration: Migration,
  tables: readonly CopyTable[] = COPY_TABLES,
): Promise<Compared | undefined> {
  const { source, target, clock, isStopped } = migration;
  const rows = (await rowsOf(migration, source, tables)) + (await rowsOf(migration, target, tables));
  const meter = new Meter('comparing', rows, 0, clock.monotonic);
  const results: TableResult[] = [];
  let unreadable = 0;
  for (const table of tables) {
    const sides = await Promise.all([source, target].map((store) => digestOf(migration, store, table, meter)));
    if (isStopped()) return undefined;
    results.push(resultOf(table, sides, clock.wall()));
    unreadable += sides[0]?.unreadable ?? 0;
  }
  return { tables: results, unreadable };
}

interface Side {
  readonly digest: TableDigest;
  readonly unreadable: number;
}

async function digestOf(migration: Migration, store: CopyableStore, table: CopyTable, meter: Meter): Promise<Side> {
  const digest = new TableDigest();
  let unreadable = 0;
  for await (const slice of slices(migration, store, table, undefined)) {
    for (const row of slice.rows) digest.add(row);
    unreadable += slice.unreadable;
    meter.add(slice.rows.length);
    migration.onProgress(meter.at(table));
    if (migration.isStopped()) break;
  }
  return { digest, unreadable };
}

function resultOf(table: CopyTable, sides: readonly Side[], now: number): TableResult {
  const [source, target] = sides.map(({ digest }) => digest.at(now));
  const isEqual = source?.rows === target?.rows && source?.digest === target?.digest;
  return { table, source: source?.rows ?? 0, target: target?.rows ?? 0, isEqual };
}

/** What was wrong with the chain before is wrong with it after: the source is asked only where something is. */
export async function verifyChains(
  migration: Migration,
): Promise<{ readonly audit: AuditReport; readonly isAuditEqual: boolean }> {
  const { source, target, onProgress } = migration;
  const told = (done: number, of: number): void =>
    onProgress({ step: 'verifying', table: undefined, done, of, rowsPerSecond: undefined, secondsLeft: undefined });
  const audit = await retried(migration, () => target.audit.verify(told));
  if (audit.problems.length === 0) return { audit, isAuditEqual: true };
  const before = await retried(migration, () => source.audit.verify(told));
  return { audit, isAuditEqual: JSON.stringify(before) === JSON.stringify(audit) };
}
