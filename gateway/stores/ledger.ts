/**
 * What is done with the audit chain inside one transaction: append, erase, drop. The head says where the chain ends and
 * is sealed with the gateway's key. When it is missing or not sealed by this gateway, users still get in: the
 * chain goes on after the last entry that is there, and the new head says for ever at which entry that was.
 */
import { contentHash, EMPTY_HEAD, GENESIS, headText, nextEntry, sha256 } from '../audit/chain.ts';
import type { AuditEntry, AuditHead, AuditRecord, ShownText } from '../audit-ports.ts';
import type { KeptText, LedgerRows, Seal, SealedHead } from './ledger-tables.ts';

/** What keeps a record from being stored, or old ones from being dropped. Holds no content. */
export class LedgerError extends Error {
  readonly code: 'AUDIT_TEXT' | 'AUDIT_NOT_SEALED';

  constructor(code: LedgerError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Breaks that a head remembers; each needs somebody who meddles with the store. */
const MAX_BREAKS = 50;

/** Whether the stored head is this gateway's. */
export function isSealed(head: SealedHead, seal: Seal): boolean {
  return seal(headText(head)) === head.seal;
}

function putSealed(tables: LedgerRows, head: AuditHead, seal: Seal): void {
  tables.putHead({ ...head, seal: seal(headText(head)) });
}

/** The head to go on from. */
function headToContinue(tables: LedgerRows, seal: Seal): AuditHead {
  const stored = tables.head();
  if (stored !== undefined && stored !== 'damaged' && isSealed(stored, seal)) return stored;
  const last = tables.lastEntry();
  if (last === undefined && stored === undefined) return EMPTY_HEAD;
  const known = stored === undefined || stored === 'damaged' ? EMPTY_HEAD : stored;
  const next = (last?.sequence ?? 0) + 1;
  const hash = last === undefined || last.kind === 'damaged' ? GENESIS : last.hash;
  const [first] = tables.entries(0, 1);
  const before = first === undefined || first.kind === 'damaged' ? hash : first.previous;
  return { first: first?.sequence ?? next, before, next, hash, breaks: [...known.breaks, next].slice(-MAX_BREAKS) };
}

/** Appends the records that are not in the chain yet, and keeps the texts that those name. See {@link checkTexts}. */
export function append(
  tables: LedgerRows,
  seal: Seal,
  records: readonly AuditRecord[],
  texts: readonly ShownText[],
): void {
  let head: AuditHead | undefined;
  for (const record of records) {
    if (tables.sequenceOf(record.id) !== undefined) continue;
    head ??= headToContinue(tables, seal);
    const entry = nextEntry(head, record);
    keepText(tables, record.text, texts);
    tables.putEntry(entry);
    tables.putId(record.id, entry.sequence);
    tables.putUsers(record.user, entry.sequence);
    head = { ...head, next: head.next + 1, hash: entry.hash };
  }
  if (head !== undefined) putSealed(tables, head, seal);
}

/** Fails when a record names a text that is neither kept nor given, or one whose hash is another. */
export function checkTexts(tables: LedgerRows, records: readonly AuditRecord[], texts: readonly ShownText[]): void {
  for (const { id, text: hash } of records) {
    if (tables.sequenceOf(id) !== undefined || shownText(tables.text(hash)) !== undefined) continue;
    const shown = texts.find((one) => one.hash === hash);
    if (shown === undefined) throw new LedgerError('AUDIT_TEXT', 'a record names a text that was not given');
    if (sha256(shown.text) !== hash) throw new LedgerError('AUDIT_TEXT', 'the hash of a text is another one');
  }
}

function keepText(tables: LedgerRows, hash: string, texts: readonly ShownText[]): void {
  const kept = tables.text(hash);
  if (kept !== undefined && kept !== 'damaged') {
    tables.putText(hash, { text: kept.text, uses: kept.uses + 1 });
  } else {
    const shown = texts.find((one) => one.hash === hash);
    if (shown !== undefined) tables.putText(hash, { text: shown.text, uses: 1 });
  }
}

/** Erases the records of a user; how many. */
export function erase(tables: LedgerRows, user: string): number {
  let erased = 0;
  for (const sequence of tables.sequencesOf(user)) {
    const [entry] = tables.entries(sequence, 1);
    if (entry?.kind !== 'record' || entry.sequence !== sequence || entry.record.user !== user) continue;
    const { previous, hash, record } = entry;
    tables.putEntry({ kind: 'erased', sequence, previous, hash, content: contentHash(record) });
    forgetRecord(tables, sequence, record);
    erased++;
  }
  return erased;
}

/** What stands beside the chain about a record. */
function forgetRecord(tables: LedgerRows, sequence: number, record: AuditRecord): void {
  tables.removeId(record.id);
  tables.removeUsers(record.user, sequence);
  const kept = tables.text(record.text);
  if (kept === undefined || kept === 'damaged') return;
  if (kept.uses > 1) tables.putText(record.text, { text: kept.text, uses: kept.uses - 1 });
  else tables.removeText(record.text);
}

/**
 * Drops up to about `slice` entries from the chain's beginning, all decided before `decidedAt`; how many. Erased entries have
 * no time of their own and go with a record after them.
 */
export function dropSlice(tables: LedgerRows, seal: Seal, decidedAt: number, slice: number): number {
  const head = tables.head();
  if (head === undefined) return 0;
  if (head === 'damaged' || !isSealed(head, seal)) {
    throw new LedgerError('AUDIT_NOT_SEALED', 'the head of the audit chain is not sealed by this gateway');
  }
  const dropped = droppable(tables, head, decidedAt, slice);
  const last = dropped.at(-1);
  if (last === undefined) return 0;
  for (const entry of dropped) {
    tables.removeEntry(entry.sequence);
    if (entry.kind === 'record') forgetRecord(tables, entry.sequence, entry.record);
  }
  putSealed(tables, { ...head, first: last.sequence + 1, before: last.hash }, seal);
  return dropped.length;
}

type Readable = Exclude<AuditEntry, { readonly kind: 'damaged' }>;

function droppable(tables: LedgerRows, head: AuditHead, decidedAt: number, slice: number): Readable[] {
  const found: Readable[] = [];
  let certain = 0;
  let sequence = head.first;
  while (sequence < head.next && certain < slice) {
    const entries = tables.entries(sequence, slice);
    if (entries.length === 0) break;
    for (const entry of entries) {
      const goesOn = entry.kind !== 'damaged' && entry.sequence === sequence && sequence < head.next;
      if (!goesOn || (entry.kind === 'record' && entry.record.decidedAt >= decidedAt)) return found.slice(0, certain);
      found.push(entry);
      if (entry.kind === 'record') certain = found.length;
      sequence++;
    }
  }
  return found.slice(0, certain);
}

/** A text alone. */
export function shownText(kept: KeptText | 'damaged' | undefined): string | undefined {
  return kept === undefined || kept === 'damaged' ? undefined : kept.text;
}
