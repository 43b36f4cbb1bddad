/**
 * What verifying sees of an audit chain: slices of entries, each with the head and the rows beside it as they stood at one
 * moment. Tables inside one transaction show the same moment all the time; a store that is read from far away is changed
 * between two slices, and every slice says where the chain begins and ends by then.
 */
import type { AuditEntry } from '../audit-ports.ts';
import { shownText } from './ledger.ts';
import type { LedgerTables, SealedHead, UsersRow } from './ledger-tables.ts';

export interface LedgerView {
  /**
   * About `limit` entries in order, the first not before `from`.
   *
   * @param from 0, or what the slice before says
   */
  slice(from: number, limit: number): Promise<LedgerSlice>;
  /** Entries that no slice gives, because the head says that they are none. */
  outside(): AsyncIterable<AuditEntry>;
  /** All rows of the index of ids, each with the entry that it names at that moment. */
  ids(): AsyncIterable<{ readonly id: string } & NamedEntry>;
  /** All rows of the index of users. */
  users(): AsyncIterable<{ readonly user: string } & NamedEntry>;
  /** Texts by their hashes. Undefined: there is none. */
  texts(hashes: readonly string[]): Promise<readonly (string | 'damaged' | undefined)[]>;
  /** Whether nothing was erased or dropped since the first slice. */
  isSteady(): Promise<boolean>;
}

export interface LedgerSlice {
  readonly head: SealedHead | 'damaged' | undefined;
  readonly entries: readonly SeenEntry[];
  /** Where the next slice begins. With the last one there is what stood beside the chain at its moment. */
  readonly next: number | LedgerBeside;
}

export interface SeenEntry {
  readonly entry: AuditEntry;
  /** Of a record: whether it is found by its id, and by its user. */
  readonly hasId: boolean;
  readonly hasUser: boolean;
}

/** How many rows there are. */
export interface LedgerBeside {
  readonly entries: number;
  readonly ids: number;
  readonly users: number;
  /** By the text's hash: how many records name it. */
  readonly uses: ReadonlyMap<string, number | 'damaged'>;
}

export interface NamedEntry {
  /** 0 for a row that cannot be read. */
  readonly sequence: number;
  readonly entry: AuditEntry | undefined;
}

/** Rows between two pauses: some milliseconds. */
const SLICE = 200;

/** The view of tables that show one moment. */
export function viewOf(tables: LedgerTables): LedgerView {
  let entries = 0;
  const seen = (entry: AuditEntry): SeenEntry => {
    if (entry.kind !== 'record') return { entry, hasId: false, hasUser: false };
    const { sequence, record } = entry;
    const hasId = tables.sequenceOf(record.id) === sequence;
    return { entry, hasId, hasUser: tables.isUsers(record.user, sequence) };
  };
  const named = (sequence: number): NamedEntry => {
    const [entry] = tables.entries(sequence, 1);
    return { sequence, entry: entry?.sequence === sequence ? entry : undefined };
  };
  return {
    async slice(from, limit) {
      const slice = tables.entries(from, limit).map(seen);
      const last = slice.at(-1);
      entries += slice.length;
      await pause();
      return { head: tables.head(), entries: slice, next: last ? last.entry.sequence + 1 : beside(tables, entries) };
    },
    async *outside() {},
    async *ids() {
      for (let after: string | undefined; ; await pause()) {
        const slice = tables.ids(after, SLICE);
        for (const { id, sequence } of slice) yield { id, ...named(sequence ?? 0) };
        after = slice.at(-1)?.id;
        if (after === undefined) return;
      }
    },
    async *users() {
      for (let after: UsersRow | undefined; ; await pause()) {
        const slice = tables.users(after, SLICE);
        for (const { user, sequence } of slice) yield { user, ...named(sequence) };
        after = slice.at(-1);
        if (after === undefined) return;
      }
    },
    async texts(hashes) {
      return hashes.map((hash) => {
        const kept = tables.text(hash);
        return kept === 'damaged' ? kept : shownText(kept);
      });
    },
    isSteady: async () => true,
  };
}

function beside(tables: LedgerTables, entries: number): LedgerBeside {
  const uses = new Map(tables.texts().map(({ hash, kept }) => [hash, kept === 'damaged' ? kept : kept.uses]));
  return { entries, ids: tables.idCount(), users: tables.usersCount(), uses };
}

function pause(): Promise<void> {
  return new Promise((resume) => setImmediate(resume));
}
