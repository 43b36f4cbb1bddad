/** The audit chain's tables in memory. */
import type { AuditEntry } from '../audit-ports.ts';
import type { KeptText, LedgerTables, SealedHead, UsersRow } from './ledger-tables.ts';

type StoredEntry = Exclude<AuditEntry, { readonly kind: 'damaged' }>;

export class MemoryLedger implements LedgerTables {
  #head: SealedHead | undefined;
  /** In the order of their numbers: entries are added at the end, replaced, and removed at the beginning. */
  readonly #entries = new Map<number, StoredEntry>();
  readonly #ids = new Map<string, number>();
  readonly #users = new Map<string, Set<number>>();
  readonly #texts = new Map<string, KeptText>();

  /** A copy that stays as it is. */
  snapshot(): MemoryLedger {
    const copy = new MemoryLedger();
    copy.#head = this.#head;
    for (const [sequence, entry] of this.#entries) copy.#entries.set(sequence, entry);
    for (const [id, sequence] of this.#ids) copy.#ids.set(id, sequence);
    for (const [user, sequences] of this.#users) copy.#users.set(user, new Set(sequences));
    for (const [hash, kept] of this.#texts) copy.#texts.set(hash, kept);
    return copy;
  }

  head(): SealedHead | undefined {
    return this.#head;
  }

  putHead(head: SealedHead): void {
    this.#head = head;
  }

  entries(from: number, limit: number): AuditEntry[] {
    const found: AuditEntry[] = [];
    const first = Math.max(from, this.#head?.first ?? 1);
    for (let sequence = first; sequence < (this.#head?.next ?? 1) && found.length < limit; sequence++) {
      const entry = this.#entries.get(sequence);
      if (entry !== undefined) found.push(entry);
    }
    return found;
  }

  lastEntry(): AuditEntry | undefined {
    return this.#head === undefined ? undefined : this.#entries.get(this.#head.next - 1);
  }

  putEntry(entry: StoredEntry): void {
    this.#entries.set(entry.sequence, entry);
  }

  removeEntry(sequence: number): void {
    this.#entries.delete(sequence);
  }

  sequenceOf(id: string): number | undefined {
    return this.#ids.get(id);
  }

  putId(id: string, sequence: number): void {
    this.#ids.set(id, sequence);
  }

  removeId(id: string): void {
    this.#ids.delete(id);
  }

  idCount(): number {
    return this.#ids.size;
  }

  ids(after: string | undefined, limit: number): { id: string; sequence: number }[] {
    const sorted = [...this.#ids].map(([id, sequence]) => ({ id, sequence })).sort((a, b) => (a.id < b.id ? -1 : 1));
    return sorted.filter(({ id }) => after === undefined || id > after).slice(0, limit);
  }

  sequencesOf(user: string): number[] {
    return [...(this.#users.get(user) ?? [])];
  }

  isUsers(user: string, sequence: number): boolean {
    return this.#users.get(user)?.has(sequence) ?? false;
  }

  putUsers(user: string, sequence: number): void {
    const known = this.#users.get(user);
    if (known === undefined) this.#users.set(user, new Set([sequence]));
    else known.add(sequence);
  }

  removeUsers(user: string, sequence: number): void {
    const known = this.#users.get(user);
    known?.delete(sequence);
    if (known?.size === 0) this.#users.delete(user);
  }

  usersCount(): number {
    let count = 0;
    for (const sequences of this.#users.values()) count += sequences.size;
    return count;
  }

  users(after: UsersRow | undefined, limit: number): UsersRow[] {
    const rows = [...this.#users].flatMap(([user, all]) => [...all].map((sequence) => ({ user, sequence })));
    const isAfter = (row: UsersRow) =>
      after === undefined || row.user > after.user || (row.user === after.user && row.sequence > after.sequence);
    return rows
      .filter(isAfter)
      .sort((a, b) => (a.user === b.user ? a.sequence - b.sequence : a.user < b.user ? -1 : 1))
      .slice(0, limit);
  }

  text(hash: string): KeptText | undefined {
    return this.#texts.get(hash);
  }

  putText(hash: string, kept: KeptText): void {
    this.#texts.set(hash, kept);
  }

  removeText(hash: string): void {
    this.#texts.delete(hash);
  }

  texts(): { hash: string; kept: KeptText }[] {
    return [...this.#texts].map(([hash, kept]) => ({ hash, kept }));
  }
}
