/** Reads the audit chain from a store in slices, and picks what an export asks for. */
import type { AuditEntry, AuditStore } from '../audit-ports.ts';

/** What of the chain is wanted; nothing set is everything. */
export interface ExportFilter {
  /** Decided at this wall-clock time or later. */
  readonly from?: number | undefined;
  /** Decided before this one. */
  readonly until?: number | undefined;
  readonly policy?: string | undefined;
  readonly vasp?: string | undefined;
  /** Keyed hashes, one for each VASP that the user may be at. */
  readonly users?: readonly string[] | undefined;
}

const SLICE = 500;

/** Whether an export with this filter is the whole chain, which can be verified by itself. */
export function isWholeChain(filter: ExportFilter): boolean {
  return Object.values(filter).every((one) => one === undefined);
}

/** The entries in order. Erased ones are in the whole chain alone, because nothing of them is left to filter by; damaged ones always. */
export async function* exported(
  audit: Pick<AuditStore, 'read' | 'recordsOf'>,
  filter: ExportFilter,
): AsyncGenerator<AuditEntry> {
  const isWhole = isWholeChain(filter);
  const isWanted = (entry: AuditEntry): boolean => {
    if (entry.kind === 'damaged') return true;
    if (entry.kind === 'erased') return isWhole;
    const { decidedAt, policy, vasp, user } = entry.record;
    return (
      (filter.from === undefined || decidedAt >= filter.from) &&
      (filter.until === undefined || decidedAt < filter.until) &&
      (filter.policy === undefined || policy === filter.policy) &&
      (filter.vasp === undefined || vasp === filter.vasp) &&
      (filter.users === undefined || filter.users.includes(user))
    );
  };
  for await (const slice of filter.users === undefined ? slices(audit) : userSlices(audit, filter.users)) {
    yield* slice.filter(isWanted);
  }
}

async function* slices(audit: Pick<AuditStore, 'read'>): AsyncGenerator<readonly AuditEntry[]> {
  for (let from = 0; ; ) {
    const slice = await audit.read(from, SLICE);
    const last = slice.at(-1);
    if (last === undefined) return;
    yield slice;
    from = last.sequence + 1;
  }
}

/** One user's entries are found by the index, not by going through everybody's. */
async function* userSlices(
  audit: Pick<AuditStore, 'recordsOf'>,
  users: readonly string[],
): AsyncGenerator<readonly AuditEntry[]> {
  const all: AuditEntry[] = [];
  for (const user of users) all.push(...(await audit.recordsOf(user)));
  yield all.toSorted((a, b) => a.sequence - b.sequence);
}
