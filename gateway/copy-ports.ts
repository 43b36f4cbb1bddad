/**
 * A store as something that is copied: all that it holds, as rows of a few tables, in the same bytes whatever the store is
 * made of. What a store counts and indexes beside its records is no part of it: that is made anew where rows are written. Nor
 * is what it remembers of second tries: a sender tries again within two minutes.
 */

import type { Store } from './ports.ts';

/**
 * In the order in which they are copied. What proves comes before what was proven: a copy that ends half-way never has an
 * acceptance whose record is not there. Sessions come last, because they change most.
 */
export const COPY_TABLES = [
  /** SHA-256 of the text, hexadecimal. */
  'audit-texts',
  /** Sequence number, decimal. Entries that cannot be read are copied as they are: they are part of the proof. */
  'audit-entries',
  /** Id of a record; the value is its sequence number, 6 bytes. */
  'audit-ids',
  /** User and sequence number of a record, as {@link pairKey}; no value. */
  'audit-users',
  /** One row: where the chain ends, with its seal. */
  'audit-head',
  /** Keyed hash of the user. */
  'acceptances',
  /** One row. */
  'ask-again',
  /** Name of the note. */
  'notes',
  /** Id of the message. */
  'system-messages',
  /** Keyed hash of the user. */
  'user-settings',
  /** Id of the message; the value has its place, header and content. */
  'mailbox',
  /** User and policy, as {@link pairKey}. */
  'notifications',
  /** Keyed hash of the user. */
  'off-line-wishes',
  /** Keyed hash of the session. */
  'sessions',
] as const;

export type CopyTable = (typeof COPY_TABLES)[number];

/** The key of the only row of a table. */
export const ONLY_ROW = 'all';

/** Two parts as one key. @param first holds no space */
export const pairKey = (first: string, second: string | number): string => `${first} ${second}`;

export function pairOf(key: string): readonly [first: string, second: string] {
  const at = key.indexOf(' ');
  return [key.slice(0, at), key.slice(at + 1)];
}

export interface CopyRow {
  readonly key: string;
  /** The record in the bytes in which every store keeps it. */
  readonly value: Uint8Array;
  /** Wall-clock milliseconds from which on the row counts no longer, and may be gone; undefined: never by itself. */
  readonly expiresAt?: number;
}

export interface CopySlice {
  /** Each row of the table is in one slice; in another one too only where the store was changed meanwhile. */
  readonly rows: readonly CopyRow[];
  /** To go on with; undefined at the end. Good for a later process too. */
  readonly next: string | undefined;
  /** Records among those gone through that cannot be read: nothing can be made of them, so they are left out. */
  readonly unreadable: number;
}

export interface StoreCopy {
  /** How many rows there are, near enough for telling how far a copy is; 0 only where there are none. */
  count(table: CopyTable): Promise<number>;
  /** The next rows: some hundreds, or some megabytes. @param after what the slice before said */
  read(table: CopyTable, after: string | undefined): Promise<CopySlice>;
  /** Puts rows in the place of those with the same keys. Durable when resolved, and the same when done twice. */
  write(table: CopyTable, rows: readonly CopyRow[]): Promise<void>;
  /** Who else has the store open, in words such as `process 4711`. */
  users(): Promise<readonly string[]>;
}

/** A store that can be copied whole. */
export interface CopyableStore extends Store {
  readonly copy: StoreCopy;
}
