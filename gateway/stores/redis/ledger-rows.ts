/**
 * Where the audit chain stands in Redis, all under one hash tag, so that one script can change all of it:
 *
 *     head      the sealed head, in its usual bytes
 *     changes   how often something was erased or dropped: appending leaves it alone
 *     turn      who appends next where several have tried at once; lives for some milliseconds
 *     ids       from a record's id to its number
 *     uses      from a text's hash to how many records name it
 *     entries   from a number to the entry, in its usual bytes
 *     users     sorted by its members' bytes: a user and the number of one of his records
 *     texts     from a text's hash to the text, behind the number of its format
 *
 * An entry lives until retention drops it, or for ever where no retention is configured; its rows in `ids`, `users` and
 * `uses` go with it or when it is erased, a text with the last record that names it.
 */
import type { AuditEntry } from '../../audit-ports.ts';
import { readEntry } from '../audit-records.ts';
import { FieldReader, FieldWriter } from '../field-bytes.ts';
import type { UsersRow } from '../ledger-tables.ts';
import type { KeySpace } from './keys.ts';

/** In the order in which the scripts have them. */
const PARTS = ['head', 'changes', 'turn', 'ids', 'uses', 'entries', 'users', 'texts'] as const;
export type LedgerPart = (typeof PARTS)[number];

export function ledgerKeys(keys: KeySpace): readonly string[] {
  return PARTS.map((part) => keys.at('ledger', part));
}

export function ledgerKey(keys: KeySpace, part: LedgerPart): string {
  return keys.at('ledger', part);
}

/** The place of a part's key among those of a script, from 1. */
export function placeOf(part: LedgerPart): number {
  return PARTS.indexOf(part) + 1;
}

const TEXT_FORMAT = 1;
const SEQUENCE_BYTES = 6;

export function writeText(text: string): Buffer {
  return Buffer.concat([Buffer.of(TEXT_FORMAT), Buffer.from(text)]);
}

export function readText(bytes: Buffer | undefined): string | 'damaged' | undefined {
  if (bytes === undefined) return undefined;
  const text = bytes.toString('utf8', 1);
  return bytes[0] === TEXT_FORMAT && writeText(text).equals(bytes) ? text : 'damaged';
}

export function writeUsersRow({ user, sequence }: UsersRow): Buffer {
  const to = new FieldWriter();
  to.key(user);
  to.number(sequence, SEQUENCE_BYTES);
  return to.bytes();
}

/** Undefined when it is none. */
export function readUsersRow(bytes: Buffer): UsersRow | undefined {
  try {
    const from = new FieldReader(bytes, 0);
    const row = { user: from.key(), sequence: from.number(SEQUENCE_BYTES) };
    from.end();
    return writeUsersRow(row).equals(bytes) ? row : undefined;
  } catch {
    return undefined;
  }
}

/** The range of one user's rows, as `ZRANGEBYLEX` takes it. */
export function usersRange(user: string): readonly [Buffer, Buffer] {
  const to = new FieldWriter();
  to.key(user);
  const start = to.bytes();
  return [
    Buffer.concat([Buffer.from('['), start]),
    Buffer.concat([Buffer.from('['), start, Buffer.alloc(SEQUENCE_BYTES, 0xff)]),
  ];
}

/** A whole number from 1 in its one decimal spelling; undefined for anything else. */
export function readNumber(bytes: Buffer | undefined): number | undefined {
  const text = bytes?.toString('latin1') ?? '';
  const number = Number(text);
  return Number.isSafeInteger(number) && number > 0 && String(number) === text ? number : undefined;
}

/** The entries that stand under numbers; where there is none, nothing. */
export function readEntries(sequences: readonly number[], replies: readonly (Buffer | undefined)[]): AuditEntry[] {
  return sequences.flatMap((sequence, index) => {
    const bytes = replies[index];
    return bytes === undefined ? [] : [readEntry(sequence, bytes)];
  });
}

/** The numbers from one on. */
export function numbersFrom(from: number, count: number): number[] {
  return Array.from({ length: Math.max(0, count) }, (_, index) => from + index);
}
