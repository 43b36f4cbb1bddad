/**
 * Whether two stores hold the same: every table by the number of its rows and a digest of them, the audit chain by verifying
 * it once more where it has come to.
 */
import type { AuditReport } from '../audit-ports.ts';
import { COPY_TABLES, type CopyTable } from '../copy-ports.ts';
import { type Digest, TableDigest } from './digest.ts';
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
export async function compare(migration: Migration): Promise<Compared | undefined> {
  const { source, target, clock, onProgress, isStopped } = migration;
  const rows = (await rowsOf(migration, source)) + (await rowsOf(migration, target));
  const meter = new Meter('comparing', rows, 0, clock.monotonic);
  const tables: TableResult[] = [];
  let unreadable = 0;
  for (const table of COPY_TABLES) {
    const digests = [new TableDigest(), new TableDigest()] as const;
    for (const [at, store] of [source, target].entries()) {
      for await (const slice of slices(migration, store, table, undefined)) {
        for (const row of slice.rows) digests[at]?.add(row);
        if (store === source) unreadable += slice.unreadable;
        meter.add(slice.rows.length);
        onProgress(meter.at(table));
        if (isStopped()) return undefined;
      }
    }
    const now = clock.wall();
    tables.push(resultOf(table, digests[0].at(now), digests[1].at(now)));
  }
  return { tables, unreadable };
}

function resultOf(table: CopyTable, source: Digest, target: Digest): TableResult {
  const isEqual = source.rows === target.rows && source.digest === target.digest;
  return { table, source: source.rows, target: target.rows, isEqual };
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
