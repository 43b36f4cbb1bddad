/**
 * What the audit chain needs of a store: rows that are read and written synchronously, inside one transaction of that
 * store. `ledger.ts` does everything with them, so that the chain is the same in every store.
 */
import type { AuditEntry, AuditHead } from '../audit-ports.ts';

/** The head as it is stored. */
export interface SealedHead extends AuditHead {
  readonly seal: string;
}

/** A text, and how many records name it. */
export interface KeptText {
  readonly text: string;
  readonly uses: number;
}

/** What a change needs. */
export interface LedgerRows {
  /** Undefined: there is none. */
  head(): SealedHead | 'damaged' | undefined;
  putHead(head: SealedHead): void;

  /** Up to `limit` entries in order, the first not before `from`. */
  entries(from: number, limit: number): AuditEntry[];
  /** The entry with the highest number, whatever the head says. */
  lastEntry(): AuditEntry | undefined;
  putEntry(entry: Exclude<AuditEntry, { readonly kind: 'damaged' }>): void;
  removeEntry(sequence: number): void;

  /** Where the record with an id stands. */
  sequenceOf(id: string): number | undefined;
  putId(id: string, sequence: number): void;
  removeId(id: string): void;

  /** Where the records of a user stand, in order. */
  sequencesOf(user: string): number[];
  putUsers(user: string, sequence: number): void;
  removeUsers(user: string, sequence: number): void;

  text(hash: string): KeptText | 'damaged' | undefined;
  putText(hash: string, kept: KeptText): void;
  removeText(hash: string): void;
}

/** What verifying needs besides. */
export interface LedgerTables extends LedgerRows {
  /** How many ids there are, and those from one on, in order. */
  idCount(): number;
  ids(after: string | undefined, limit: number): { readonly id: string; readonly sequence: number | undefined }[];

  /** Whether the row that says so is there and right. */
  isUsers(user: string, sequence: number): boolean;
  usersCount(): number;
  users(after: UsersRow | undefined, limit: number): UsersRow[];

  texts(): { readonly hash: string; readonly kept: KeptText | 'damaged' }[];
}

/** That a user's record stands at a place. */
export interface UsersRow {
  readonly user: string;
  readonly sequence: number;
}

/** A function that seals a text with the gateway's key. */
export type Seal = (text: string) => string;
