/**
 * Verifies an audit chain in a store: its entries and their links, the seal, and the rows beside it by which records,
 * users and texts are found. Works in slices, of which the last says what the chain was; what was appended, erased or
 * dropped by this gateway between two of them is nothing wrong.
 */
import { EMPTY_HEAD, sha256 } from '../audit/chain.ts';
import { ChainCheck } from '../audit/verify.ts';
import type { AuditHead, AuditProblem, AuditRecord, AuditReport } from '../audit-ports.ts';
import { isSealed } from './ledger.ts';
import type { Seal } from './ledger-tables.ts';
import type { LedgerBeside, LedgerSlice, LedgerView, NamedEntry, SeenEntry } from './ledger-view.ts';

/** Entries between two pauses: some milliseconds. */
const SLICE = 200;
const TEXT_SLICE = 100;
const MAX_PROBLEMS = 1000;

/** Everything that is wrong; `progress` hears of it after every slice. */
export async function checkLedger(
  view: LedgerView,
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
  const heads = new HeadCheck(seal, found);
  const counts = new LedgerCounts(view, found);
  let chain: ChainCheck | undefined;
  let began = 0;
  let next: number | LedgerBeside = 0;
  while (typeof next === 'number') {
    const slice: LedgerSlice = await view.slice(next, SLICE);
    const head = heads.see(slice);
    // Retention went past what has been checked: the sealed head says what stood before its first entry.
    if (chain !== undefined && head !== undefined && head.first !== began && head.first > next) {
      chain.end(undefined);
      chain = undefined;
    }
    for (const seen of slice.entries) {
      const { entry } = seen;
      if (chain === undefined) {
        began = head?.first ?? entry.sequence;
        chain = new ChainCheck(began, head?.before, found);
      }
      if (head !== undefined && (entry.sequence < head.first || entry.sequence >= head.next)) {
        found(outside(entry.sequence, head));
        counts.count(seen, false);
      } else {
        counts.count(seen, chain.check(entry));
      }
    }
    if (slice.entries.length > 0)
      progress(counts.entries, Math.max(counts.entries, (head?.next ?? 0) - (head?.first ?? 0)));
    next = slice.next;
  }
  const { head } = heads;
  chain ??= new ChainCheck(head?.first ?? 1, head?.before, found);
  chain.end(head);
  await counts.compare(next, head, isWhole);
  const { entries, erased } = counts;
  return { head, entries, erased, problems: problems.toSorted(bySequence), moreProblems };
}

/** Those about no entry in particular come first. */
function bySequence(a: AuditProblem, b: AuditProblem): number {
  return (a.sequence ?? 0) - (b.sequence ?? 0);
}

/** Believes a head that this gateway has sealed. */
class HeadCheck {
  /** The last one that is believed. */
  head: AuditHead | undefined;
  readonly #seal: Seal;
  readonly #found: (problem: AuditProblem) => void;
  readonly #breaks = new Set<number>();
  #problem: string | undefined;

  constructor(seal: Seal, found: (problem: AuditProblem) => void) {
    this.#seal = seal;
    this.#found = found;
  }

  see({ head: stored, entries, next }: LedgerSlice): AuditHead | undefined {
    if (stored === undefined) {
      const isEmpty = entries.length === 0 && typeof next !== 'number' && next.entries === 0;
      if (isEmpty && this.#problem === undefined) this.head = EMPTY_HEAD;
      else this.#doubt('head-damaged', 'the head is missing: where the chain ends is not proven');
    } else if (stored === 'damaged') {
      this.#doubt('head-damaged', 'the head cannot be read: where the chain ends is not proven');
    } else if (isSealed(stored, this.#seal)) {
      this.#believe(stored);
    } else {
      const message =
        'the head is not sealed with this gateway’s key: it was changed, or the key (secretFile) is another one';
      this.#doubt('not-sealed', message);
    }
    return this.head;
  }

  #believe({ first, before, next, hash, breaks }: AuditHead): void {
    for (const sequence of breaks) {
      if (this.#breaks.has(sequence)) continue;
      this.#breaks.add(sequence);
      const message =
        'was appended when the head was missing or not sealed: what stands before it may have been rewritten';
      this.#found({ sequence, code: 'broken', message });
    }
    this.head = { first, before, next, hash, breaks };
  }

  #doubt(code: AuditProblem['code'], message: string): void {
    if (this.#problem !== message) this.#found({ sequence: undefined, code, message });
    this.#problem = message;
  }
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
  readonly #view: LedgerView;
  readonly #found: (problem: AuditProblem) => void;
  readonly #texts = new Map<string, { uses: number; readonly first: number }>();
  #ids = 0;
  #users = 0;
  readonly #wrong = new Set<number>();

  constructor(view: LedgerView, found: (problem: AuditProblem) => void) {
    this.#view = view;
    this.#found = found;
  }

  /** @param isRight whether what the entry says is believed. */
  count({ entry, hasId, hasUser }: SeenEntry, isRight: boolean): void {
    this.entries++;
    if (entry.kind === 'erased') this.erased++;
    if (!isRight) this.#wrong.add(entry.sequence);
    if (!isRight || entry.kind !== 'record') return;
    const { sequence, record } = entry;
    if (hasId) this.#ids++;
    else this.#index(sequence, 'is not found by its id: the index of ids has been changed');
    if (hasUser) this.#users++;
    else this.#index(sequence, 'is not found by its user: the index of users has been changed');
    const text = this.#texts.get(record.text);
    if (text === undefined) this.#texts.set(record.text, { uses: 1, first: sequence });
    else text.uses++;
  }

  #index(sequence: number, message: string): void {
    this.#found({ sequence, code: 'index', message });
  }

  /** After all entries were counted. @param isWhole whether none is missing: the rows beside a missing one are no news. */
  async compare(beside: LedgerBeside, head: AuditHead | undefined, isWhole: boolean): Promise<void> {
    // Going through rows costs as much again, and the numbers tell whether it is worth it.
    if (beside.entries !== this.entries) await this.#outside(head);
    if (beside.ids !== this.#ids) await this.#strayIds(head);
    if (beside.users !== this.#users) await this.#strayUsers(head);
    await this.#compareTexts(beside.uses, isWhole);
  }

  async #outside(head: AuditHead | undefined): Promise<void> {
    for await (const entry of this.#view.outside()) {
      if (head !== undefined) this.#found(outside(entry.sequence, head));
      this.count({ entry, hasId: false, hasUser: false }, false);
    }
  }

  async #strayIds(head: AuditHead | undefined): Promise<void> {
    for await (const { id, ...named } of this.#view.ids()) {
      if (this.#isStray(named, head, (record) => record.id === id))
        this.#index(named.sequence, 'is named by an id that it does not have');
    }
  }

  async #strayUsers(head: AuditHead | undefined): Promise<void> {
    for await (const { user, ...named } of this.#view.users()) {
      if (this.#isStray(named, head, (record) => record.user === user))
        this.#index(named.sequence, 'is named as the record of a user whose it is not');
    }
  }

  /** Whether a row of an index names something else than it says. What is wrong with an entry itself is told already. */
  #isStray(
    { sequence, entry }: NamedEntry,
    head: AuditHead | undefined,
    isIts: (record: AuditRecord) => boolean,
  ): boolean {
    if (this.#wrong.has(sequence)) return false;
    if (entry === undefined) return head === undefined || sequence < head.first || sequence >= head.next;
    return entry.kind !== 'record' || !isIts(entry.record);
  }

  async #compareTexts(kept: LedgerBeside['uses'], isWhole: boolean): Promise<void> {
    const isExact = isWhole && this.#wrong.size === 0;
    const told: { readonly sequence: number | undefined; readonly message: string; readonly isSure: boolean }[] = [];
    const tell = (sequence: number | undefined, message: string, isSure: boolean) =>
      told.push({ sequence, message, isSure });
    const hashes = [...new Set([...kept.keys(), ...this.#texts.keys()])];
    for (let at = 0; at < hashes.length; at += TEXT_SLICE) {
      const slice = hashes.slice(at, at + TEXT_SLICE);
      const texts = await this.#view.texts(slice);
      for (const [index, hash] of slice.entries()) {
        const text = texts[index];
        const uses = kept.get(hash);
        const named = this.#texts.get(hash);
        if (text === undefined) tell(named?.first, `names the text ${hash}, which is missing`, false);
        else if (text === 'damaged' || uses === 'damaged')
          tell(named?.first, `names the text ${hash}, which cannot be read`, true);
        else if (sha256(text) !== hash) tell(named?.first, `names the text ${hash}, which has been changed`, true);
        else if (named === undefined) {
          if (isExact) tell(undefined, `the text ${hash} is kept, and no record names it`, false);
        } else if (named.uses !== uses && isExact) {
          const message = `names the text ${hash}, which is counted ${uses ?? 0} times and named ${named.uses} times`;
          tell(named.first, message, false);
        }
      }
    }
    const isSteady = told.length === 0 || (await this.#view.isSteady());
    for (const { sequence, message, isSure } of told)
      if (isSure || isSteady) this.#found({ sequence, code: 'text', message });
  }
}
