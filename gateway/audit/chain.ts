/**
 * How entries of the audit chain are linked. An entry's hash is SHA-256 over the hash before it, its sequence number and
 * the SHA-256 of its record, so that a record can be erased and its hash kept in its place. The record is hashed in one
 * spelling, a JSON array in a fixed order, which an export gives back to whoever verifies it without the store.
 */
import { createHash } from 'node:crypto';
import type { AuditEntry, AuditHead, AuditRecord } from '../audit-ports.ts';

/** What stands before the first entry. */
export const GENESIS = '0'.repeat(64);

/** The head of a chain without entries. */
export const EMPTY_HEAD: AuditHead = { first: 1, before: GENESIS, next: 1, hash: GENESIS, breaks: [] };

/** The one spelling of a record that is hashed. Its first element is the spelling's own name. */
export function canonicalRecord(record: AuditRecord): string {
  const { charge } = record;
  return JSON.stringify([
    'sapgw audit record 1',
    record.id,
    record.user,
    record.vasp,
    record.policy,
    record.version,
    record.outcome,
    record.option ?? null,
    record.text,
    record.language,
    record.presentedAt,
    record.decidedAt,
    record.tries,
    record.way,
    record.level ?? null,
    record.granted,
    record.csp,
    charge === undefined ? null : [charge.amount, charge.currency, charge.per, charge.estimate],
  ]);
}

/** What is left of a record that is erased. */
export function contentHash(record: AuditRecord): string {
  return sha256(canonicalRecord(record));
}

/** The hash of an entry. */
export function entryHash(previous: string, sequence: number, content: string): string {
  return sha256(`${previous} ${sequence} ${content}`);
}

/** A record as the next entry of a chain. */
export function nextEntry(head: AuditHead, record: AuditRecord): AuditEntry & { readonly kind: 'record' } {
  const hash = entryHash(head.hash, head.next, contentHash(record));
  return { kind: 'record', sequence: head.next, previous: head.hash, hash, record };
}

/** Whether an entry's hash is what its place and content give. */
export function isConsistent(entry: Exclude<AuditEntry, { readonly kind: 'damaged' }>): boolean {
  const content = entry.kind === 'record' ? contentHash(entry.record) : entry.content;
  return entryHash(entry.previous, entry.sequence, content) === entry.hash;
}

/** What is sealed of a head. */
export function headText({ first, before, next, hash, breaks }: AuditHead): string {
  return `sapgw audit head 1 ${JSON.stringify([first, before, next, hash, breaks])}`;
}

/** The SHA-256 of a text's UTF-8, hexadecimal. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
