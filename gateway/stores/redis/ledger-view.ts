/**
 * What verifying sees of the chain in Redis: slices read one after the other while others append. Entries and the rows beside
 * them come with two scripts, and again when something was erased or dropped between these; the last slice comes with the
 * numbers of all rows at its moment.
 */
import type { AuditEntry } from '../../audit-ports.ts';
import { readEntry, readHead } from '../audit-records.ts';
import { isSealed } from '../ledger.ts';
import type { Seal, SealedHead } from '../ledger-tables.ts';
import type { LedgerBeside, LedgerSlice, LedgerView, NamedEntry, SeenEntry } from '../ledger-view.ts';
import type { RedisLink, RedisReply } from './connection.ts';
import type { KeySpace } from './keys.ts';
import {
  type LedgerPart,
  ledgerKey,
  ledgerKeys,
  numbersFrom,
  readEntries,
  readNumber,
  readText,
  readUsersRow,
  writeUsersRow,
} from './ledger-rows.ts';
import { ROWS, SCAN, SLICE } from './ledger-scripts.ts';
import { bytesListOf, bytesOf, listOf, numberOf } from './replies.ts';

type StoredHead = SealedHead | 'damaged' | undefined;

/** Names and values, what stands under the numbers that are the values, and the head of that moment. */
interface Scanned {
  readonly rows: readonly (readonly [name: Buffer, value: Buffer])[];
  readonly named: readonly (Buffer | undefined)[];
  readonly head: StoredHead;
}

export class RedisLedgerView implements LedgerView {
  readonly #link: RedisLink;
  readonly #keys: KeySpace;
  readonly #seal: Seal;
  #head: SealedHead | undefined;
  /** All numbers, in order, where no head says which there are. */
  #numbers: readonly number[] | undefined;
  #changes: string | undefined;

  constructor(link: RedisLink, keys: KeySpace, seal: Seal) {
    this.#link = link;
    this.#keys = keys;
    this.#seal = seal;
  }

  async slice(from: number, limit: number): Promise<LedgerSlice> {
    if (this.#changes === undefined) await this.#begin();
    for (;;) {
      const asked = this.#window(from, limit);
      const last = asked.at(-1) ?? from;
      const isToEnd = last >= this.#last();
      const reply = listOf(await this.#link.run(SLICE, ledgerKeys(this.#keys), [isToEnd ? 1 : 0, ...asked]));
      const [headReply, changes, entryReplies] = reply;
      const stored = readStoredHead(headReply);
      const known = this.#head;
      this.#see(stored);
      // What is dropped by now was not there to be read.
      if (known !== undefined && this.#head !== undefined && this.#head.first > Math.max(from, known.first)) continue;
      const there = readEntries(asked, bytesListOf(entryReplies)).filter(({ sequence }) => sequence <= this.#last());
      const entries = await this.#withRows(there, textOf(bytesOf(changes)));
      if (entries === undefined) continue;
      const isLast = isToEnd && last >= this.#last();
      return { head: stored, entries, next: isLast ? besideOf(reply) : last + 1 };
    }
  }

  async *outside(): AsyncIterable<AuditEntry> {
    for await (const { sequence, entry, head } of this.#scanEntries()) {
      const isInside =
        this.#numbers?.includes(sequence) ??
        (head !== undefined && head !== 'damaged' && sequence >= head.first && sequence < head.next);
      if (!isInside && entry !== undefined) yield entry;
    }
  }

  async *ids(): AsyncIterable<{ readonly id: string } & NamedEntry> {
    const seen = new Set<string>();
    for await (const { rows, named } of this.#scan('HSCAN', 'ids')) {
      for (const [index, [field, value]] of rows.entries()) {
        const id = field.toString();
        if (seen.has(id)) continue;
        seen.add(id);
        const sequence = readNumber(value) ?? 0;
        const bytes = named[index];
        yield { id, sequence, entry: bytes === undefined ? undefined : readEntry(sequence, bytes) };
      }
    }
  }

  async *users(): AsyncIterable<{ readonly user: string } & NamedEntry> {
    const seen = new Set<string>();
    for await (const { rows } of this.#scan('ZSCAN', 'users')) {
      for (const [member] of rows) {
        const text = member.toString('latin1');
        if (seen.has(text)) continue;
        seen.add(text);
        const { user, sequence } = readUsersRow(member) ?? { user: '', sequence: 0 };
        const bytes = bytesOf(await this.#link.command('HGET', ledgerKey(this.#keys, 'entries'), sequence));
        const entry = bytes === undefined ? undefined : readEntry(sequence, bytes);
        // What was erased since the row was read is no stray.
        const isThere = entry?.kind === 'record' || (await this.#hasUsersRow(member));
        if (isThere) yield { user, sequence, entry };
      }
    }
  }

  async texts(hashes: readonly string[]): Promise<readonly (string | 'damaged' | undefined)[]> {
    return bytesListOf(await this.#link.command('HMGET', ledgerKey(this.#keys, 'texts'), ...hashes)).map(readText);
  }

  async isSteady(): Promise<boolean> {
    return textOf(bytesOf(await this.#link.command('GET', ledgerKey(this.#keys, 'changes')))) === this.#changes;
  }

  async #begin(): Promise<void> {
    const [head, changes] = bytesListOf(
      await this.#link.command('MGET', ledgerKey(this.#keys, 'head'), ledgerKey(this.#keys, 'changes')),
    );
    this.#changes = textOf(changes);
    this.#see(readStoredHead(head ?? null));
    if (this.#head !== undefined) return;
    const numbers = new Set<number>();
    for await (const { sequence } of this.#scanEntries()) numbers.add(sequence);
    this.#numbers = [...numbers].sort((a, b) => a - b);
  }

  #see(stored: StoredHead): void {
    const isOurs = stored !== undefined && stored !== 'damaged' && isSealed(stored, this.#seal);
    if (isOurs && this.#numbers === undefined) this.#head = stored;
  }

  #window(from: number, limit: number): readonly number[] {
    if (this.#numbers !== undefined) {
      const start = this.#numbers.findIndex((sequence) => sequence >= from);
      return start < 0 ? [] : this.#numbers.slice(start, start + limit);
    }
    // Also behind what is known to be the end: otherwise a chain that is appended to has none.
    return numbersFrom(Math.max(from, this.#head?.first ?? 1), limit);
  }

  #last(): number {
    return this.#numbers === undefined ? (this.#head?.next ?? 1) - 1 : (this.#numbers.at(-1) ?? 0);
  }

  /** Undefined when something was erased or dropped meanwhile. */
  async #withRows(entries: readonly AuditEntry[], changes: string): Promise<readonly SeenEntry[] | undefined> {
    const records = entries.filter((entry) => entry.kind === 'record');
    const args = records.flatMap(({ sequence, record: { id, user } }) => [id, writeUsersRow({ user, sequence })]);
    const keys = (['changes', 'ids', 'users'] as const).map((part) => ledgerKey(this.#keys, part));
    const [now, rows] = listOf(await this.#link.run(ROWS, keys, args));
    if (textOf(bytesOf(now)) !== changes) return undefined;
    const found = bytesListOf(rows);
    const places = new Map(records.map(({ sequence }, index) => [sequence, 2 * index]));
    return entries.map((entry) => {
      const at = places.get(entry.sequence);
      if (at === undefined) return { entry, hasId: false, hasUser: false };
      return { entry, hasId: readNumber(found[at]) === entry.sequence, hasUser: textOf(found[at + 1]) === '0' };
    });
  }

  async #hasUsersRow(member: Buffer): Promise<boolean> {
    return (await this.#link.command('ZSCORE', ledgerKey(this.#keys, 'users'), member)) !== null;
  }

  async *#scanEntries(): AsyncIterable<NamedEntry & { readonly head: StoredHead }> {
    for await (const { rows, head } of this.#scan('HSCAN', 'entries')) {
      for (const [field, value] of rows) {
        const sequence = readNumber(field) ?? 0;
        yield { sequence, entry: readEntry(sequence, value), head };
      }
    }
  }

  async *#scan(command: 'HSCAN' | 'ZSCAN', part: LedgerPart): AsyncIterable<Scanned> {
    const parts: readonly LedgerPart[] = [part, 'entries', 'head'];
    const keys = parts.map((one) => ledgerKey(this.#keys, one));
    let cursor = '0';
    do {
      const [next, items, named, head] = listOf(await this.#link.run(SCAN, keys, [command, cursor]));
      cursor = textOf(bytesOf(next));
      yield { rows: pairsOf(bytesListOf(items)), named: bytesListOf(named), head: readStoredHead(head) };
    } while (cursor !== '0');
  }
}

function readStoredHead(reply: RedisReply | undefined): StoredHead {
  const bytes = bytesOf(reply);
  return bytes === undefined ? undefined : readHead(bytes);
}

/** What stood beside a slice. */
function besideOf(reply: readonly RedisReply[]): LedgerBeside {
  const [, , , entries, ids, users, uses, texts] = reply;
  const all = new Map<string, number | 'damaged'>(bytesListOf(texts).map((hash) => [textOf(hash), 0]));
  for (const [hash, number] of pairsOf(bytesListOf(uses))) all.set(textOf(hash), readNumber(number) ?? 'damaged');
  return { entries: numberOf(entries), ids: numberOf(ids), users: numberOf(users), uses: all };
}

function pairsOf(all: readonly (Buffer | undefined)[]): (readonly [Buffer, Buffer])[] {
  const pairs: (readonly [Buffer, Buffer])[] = [];
  for (let at = 0; at + 1 < all.length; at += 2) {
    const [name, value] = [all[at], all[at + 1]];
    if (name !== undefined && value !== undefined) pairs.push([name, value]);
  }
  return pairs;
}

function textOf(bytes: Buffer | undefined): string {
  return bytes?.toString() ?? '';
}
