/**
 * Verifies an audit chain in a store: its entries and their links, the seal, and the rows beside it by which records,
 * users and texts are found. Works in slices with pauses between them, on tables that show one moment.
 */
import { EMPTY_HEAD, sha256 } from '../audit/chain.ts';
import { ChainCheck } from '../audit/verify.ts';
import type { AuditEntry, AuditHead, AuditProblem, AuditRecord, AuditReport } from '../audit-ports.ts';
import { isSealed } from './ledger.ts';
import type { LedgerTables, Seal, UsersRow } from './ledger-tables.ts';

/** Entries between two pauses: some milliseconds. */
const SLICE = 200;
const MAX_PROBLEMS = 1000;

/** Everything that is wrong; `progress` hears of it after every slice. */
export async function checkLedger(
  tables: LedgerTables,
  seal: Seal,
  progress: (checked: number, of: number) => void,
): Promise<AuditReport> {
  const problems: AuditProblem[] = [];
  let moreProblems = 0;
  let isWhole = true;
  const found = (problem: AuditProblem): void => {
    if (problem.code === 'missing') isWhole = false;
    if (problems.length < MAX_PROBLEMS) problems.push(problem);
    else moreProblems++;
  };
  const head = trustedHead(tables, seal, found);
  const counts = new LedgerCounts(tables, head, found);
  let chain: ChainCheck | undefined;
  let from = 0;
  for (;;) {
    const slice = tables.entries(from, SLICE);
    for (const entry of slice) {
      chain ??= new ChainCheck(head?.first ?? entry.sequence, head?.before, found);
      if (head !== undefined && (entry.sequence < head.first || entry.sequence >= head.next)) {
        found(outside(entry.sequence, head));
        counts.count(entry, false);
      } else {
        counts.count(entry, chain.check(entry));
      }
    }
    const last = slice.at(-1);
    if (last === undefined) break;
    from = last.sequence + 1;
    progress(counts.entries, Math.max(counts.entries, (head?.next ?? 0) - (head?.first ?? 0)));
    await pause();
  }
  chain ??= new ChainCheck(head?.first ?? 1, head?.before, found);
  chain.end(head);
  await counts.compare(isWhole);
  const { entries, erased } = counts;
  return { head, entries, erased, problems: problems.toSorted(bySequence), moreProblems };
}

/** Those about no entry in particular come first. */
function bySequence(a: AuditProblem, b: AuditProblem): number {
  return (a.sequence ?? 0) - (b.sequence ?? 0);
}

function trustedHead(tables: LedgerTables, seal: Seal, found: (problem: AuditProblem) => void): AuditHead | undefined {
  const stored = tables.head();
  if (stored === undefined) {
    if (tables.lastEntry() === undefined) return EMPTY_HEAD;
    found({
      sequence: undefined,
      code: 'head-damaged',
      message: 'the head is missing: where the chain ends is not proven',
    });
    return undefined;
  }
  if (stored === 'damaged') {
    found({
      sequence: undefined,
      code: 'head-damaged',
      message: 'the head cannot be read: where the chain ends is not proven',
    });
    return undefined;
  }
  if (!isSealed(stored, seal)) {
    const message =
      'the head is not sealed with this gateway’s key: it was changed, or the key (secretFile) is another one';
    found({ sequence: undefined, code: 'not-sealed', message });
    return undefined;
  }
  for (const sequence of stored.breaks) {
    const message =
      'was appended when the head was missing or not sealed: what stands before it may have been rewritten';
    found({ sequence, code: 'broken', message });
  }
  const { seal: _, ...head } = stored;
  return head;
}

function outside(sequence: number, head: AuditHead): AuditProblem {
  const message =
    sequence < head.first
      ? `stands before ${head.first}, where the sealed head says that the chain begins`
      : `stands after ${head.next - 1}, where the sealed head says that the chain ends: the entry is forged, or the head is an old one`;
  return { sequence, code: 'head-differs', message };
}

/** Holds the chain against the rows beside it: each record has its own, and there are no others. */
class LedgerCounts {
  entries = 0;
  erased = 0;
  readonly #tables: LedgerTables;
  readonly #head: AuditHead | undefined;
  readonly #found: (problem: AuditProblem) => void;
  readonly #texts = new Map<string, { uses: number; readonly first: number }>();
  #ids = 0;
  #users = 0;
  readonly #wrong = new Set<number>();
  #isWhole = true;

  constructor(tables: LedgerTables, head: AuditHead | undefined, found: (problem: AuditProblem) => void) {
    this.#tables = tables;
    this.#head = head;
    this.#found = found;
  }

  /** @param isRight whether what the entry says is believed. */
  count(entry: AuditEntry, isRight: boolean): void {
    this.entries++;
    if (entry.kind === 'erased') this.erased++;
    if (!isRight) this.#wrong.add(entry.sequence);
    if (!isRight || entry.kind !== 'record') return;
    const { sequence, record } = entry;
    if (this.#tables.sequenceOf(record.id) === sequence) this.#ids++;
    else this.#index(sequence, 'is not found by its id: the index of ids has been changed');
    if (this.#tables.isUsers(record.user, sequence)) this.#users++;
    else this.#index(sequence, 'is not found by its user: the index of users has been changed');
    const text = this.#texts.get(record.text);
    if (text === undefined) this.#texts.set(record.text, { uses: 1, first: sequence });
    else text.uses++;
  }

  #index(sequence: number, message: string): void {
    this.#found({ sequence, code: 'index', message });
  }

  /** After all entries were counted. @param isWhole whether none is missing: the rows beside a missing one are no news. */
  async compare(isWhole: boolean): Promise<void> {
    this.#isWhole = isWhole;
    // Going through an index costs as much again, and the numbers tell whether it is worth it.
    if (this.#tables.idCount() !== this.#ids) await this.#strayIds();
    if (this.#tables.usersCount() !== this.#users) await this.#strayUsers();
    this.#compareTexts();
  }

  async #strayIds(): Promise<void> {
    let after: string | undefined;
    for (;;) {
      const slice = this.#tables.ids(after, SLICE);
      for (const { id, sequence } of slice) {
        const isStray = this.#isStray(sequence ?? 0, (record) => record.id === id);
        if (isStray) this.#index(sequence ?? 0, 'is named by an id that it does not have');
        after = id;
      }
      if (slice.length === 0) return;
      await pause();
    }
  }

  async #strayUsers(): Promise<void> {
    let after: UsersRow | undefined;
    for (;;) {
      const slice = this.#tables.users(after, SLICE);
      for (const row of slice) {
        const isStray = this.#isStray(row.sequence, (record) => record.user === row.user);
        if (isStray) this.#index(row.sequence, 'is named as the record of a user whose it is not');
        after = row;
      }
      if (slice.length === 0) return;
      await pause();
    }
  }

  /** Whether every entry was there and believed, so that what is counted beside them has to be exact. */
  #isExact(): boolean {
    return this.#isWhole && this.#wrong.size === 0;
  }

  /** Whether a row of an index names something else than it says. What is wrong with an entry itself is told already. */
  #isStray(sequence: number, isIts: (record: AuditRecord) => boolean): boolean {
    if (this.#wrong.has(sequence)) return false;
    const [entry] = this.#tables.entries(sequence, 1);
    const isThere = entry?.sequence === sequence;
    if (!isThere) return this.#head === undefined || sequence < this.#head.first || sequence >= this.#head.next;
    return entry.kind !== 'record' || !isIts(entry.record);
  }

  #compareTexts(): void {
    const text = (sequence: number | undefined, message: string) => this.#found({ sequence, code: 'text', message });
    for (const { hash, kept } of this.#tables.texts()) {
      const named = this.#texts.get(hash);
      this.#texts.delete(hash);
      if (kept === 'damaged') text(named?.first, `names the text ${hash}, which cannot be read`);
      else if (sha256(kept.text) !== hash) text(named?.first, `names the text ${hash}, which has been changed`);
      else if (named === undefined && this.#isExact())
        text(undefined, `the text ${hash} is kept, and no record names it`);
      else if (named !== undefined && named.uses !== kept.uses && this.#isExact()) {
        text(named.first, `names the text ${hash}, which is counted ${kept.uses} times and named ${named.uses} times`);
      }
    }
    for (const [hash, { first }] of this.#texts) text(first, `names the text ${hash}, which is missing`);
  }
}

function pause(): Promise<void> {
  return new Promise((resume) => setImmediate(resume));
}
