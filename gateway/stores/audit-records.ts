/**
 * How entries of the audit chain, its head, and the texts are written in the store, each beginning with the number of
 * its format. An entry takes about 220 bytes, 96 of them its two hashes and its text's; an erased one takes 98:
 *
 *     format 1 · kind 1 · previous 32 · hash 32 · content 32                                          (erased)
 *     format 1 · kind 1 · previous 32 · hash 32 · id 17 · user 17 · text 32 · presented 6 · decided 6 · version 1 ·
 *     tries 1 · outcome, way, CSP version 3 · policy, VASP, language 1 + n each · option, level, granted, charge  (record)
 *
 * An entry whose bytes are not exactly what this version writes for it counts as damaged, so that no byte can change
 * unseen. The sequence number is the key.
 */

import type { AuditCharge, AuditEntry, AuditRecord, WayOfAsking } from '../audit-ports.ts';
import { CSP_VERSIONS } from '../csp/versions.ts';
import type { StoredAskAgain } from '../ports.ts';
import { FieldReader, FieldWriter } from './field-bytes.ts';
import type { KeptText, SealedHead } from './ledger-tables.ts';
import { RecordError } from './records.ts';

const ENTRY_FORMAT = 1;
const HEAD_FORMAT = 1;
const TEXT_FORMAT = 1;
const WISHES_FORMAT = 1;

const RECORD = 1;
const ERASED = 2;
/** Their places are what is written: new ones go to the end. */
const OUTCOMES: readonly AuditRecord['outcome'][] = ['accepted', 'shown'];
const WAYS: readonly WayOfAsking[] = ['system-message', 'system-message-user', 'page', 'conversation'];

type StoredEntry = Exclude<AuditEntry, { readonly kind: 'damaged' }>;

export function writeEntry(entry: StoredEntry): Buffer {
  const to = new FieldWriter();
  to.number(ENTRY_FORMAT, 1);
  to.number(entry.kind === 'record' ? RECORD : ERASED, 1);
  to.sha256(entry.previous);
  to.sha256(entry.hash);
  if (entry.kind === 'record') writeRecord(to, entry.record);
  else to.sha256(entry.content);
  return to.bytes();
}

/** The entry that stands under a number; whatever is wrong with its bytes, it is `damaged`. */
export function readEntry(sequence: number, bytes: Buffer): AuditEntry {
  try {
    const entry = readSound(sequence, bytes);
    return writeEntry(entry).equals(bytes) ? entry : { kind: 'damaged', sequence };
  } catch {
    return { kind: 'damaged', sequence };
  }
}

function readSound(sequence: number, bytes: Buffer): StoredEntry {
  const from = new FieldReader(bytes, 0);
  const format = from.number(1);
  const kind = from.number(1);
  if (format !== ENTRY_FORMAT || (kind !== RECORD && kind !== ERASED)) throw new RecordError('an entry is damaged');
  const link = { sequence, previous: from.sha256(), hash: from.sha256() };
  const entry: StoredEntry =
    kind === RECORD
      ? { kind: 'record', ...link, record: readRecord(from) }
      : { kind: 'erased', ...link, content: from.sha256() };
  from.end();
  return entry;
}

function writeRecord(to: FieldWriter, record: AuditRecord): void {
  to.key(record.id);
  to.key(record.user);
  to.sha256(record.text);
  to.number(record.presentedAt, 6);
  to.number(record.decidedAt, 6);
  to.count(record.version);
  to.count(record.tries);
  to.number(OUTCOMES.indexOf(record.outcome), 1);
  to.number(WAYS.indexOf(record.way), 1);
  to.number(CSP_VERSIONS.indexOf(record.csp), 1);
  to.text(record.policy);
  to.text(record.vasp);
  to.text(record.language);
  writeOptional(to, record.option);
  writeOptional(to, record.level);
  to.count(record.granted.length);
  for (const level of record.granted) to.text(level);
  writeCharge(to, record.charge);
}

function readRecord(from: FieldReader): AuditRecord {
  const id = from.key();
  const user = from.key();
  const text = from.sha256();
  const presentedAt = from.number(6);
  const decidedAt = from.number(6);
  const version = from.count();
  const tries = from.count();
  const outcome = known(OUTCOMES[from.number(1)]);
  const way = known(WAYS[from.number(1)]);
  const csp = known(CSP_VERSIONS[from.number(1)]);
  const policy = from.text();
  const vasp = from.text();
  const language = from.text();
  const option = readOptional(from);
  const level = readOptional(from);
  const granted = Array.from({ length: readLength(from) }, () => from.text());
  const charge = readCharge(from);
  return {
    ...{ id, user, vasp, policy, version, outcome, option, text, language, presentedAt, decidedAt, tries, way },
    ...{ level, granted, csp, charge },
  };
}

/** Of a list of texts: more than there are bytes would be a damaged record, and a long wait. */
function readLength(from: FieldReader): number {
  const length = from.count();
  if (length > from.left) throw new RecordError('an entry is damaged');
  return length;
}

function writeOptional(to: FieldWriter, text: string | undefined): void {
  to.number(text === undefined ? 0 : 1, 1);
  if (text !== undefined) to.text(text);
}

function readOptional(from: FieldReader): string | undefined {
  return from.number(1) === 0 ? undefined : from.text();
}

function writeCharge(to: FieldWriter, charge: AuditCharge | undefined): void {
  to.number(charge === undefined ? 0 : charge.estimate ? 2 : 1, 1);
  if (charge === undefined) return;
  to.text(charge.amount);
  to.text(charge.currency);
  to.text(charge.per);
}

function readCharge(from: FieldReader): AuditCharge | undefined {
  const form = from.number(1);
  if (form === 0) return undefined;
  return { amount: from.text(), currency: from.text(), per: from.text(), estimate: form === 2 };
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new RecordError('an entry is damaged');
  return value;
}

/** The head is one row and read by people who repair: readable text after the format number. */
export function writeHead({ first, before, next, hash, breaks, seal }: SealedHead): Buffer {
  return withFormat(HEAD_FORMAT, JSON.stringify([first, before, next, hash, breaks, seal]));
}

export function readHead(bytes: Buffer): SealedHead | 'damaged' {
  const fields = json(HEAD_FORMAT, bytes);
  if (!Array.isArray(fields) || fields.length !== 6) return 'damaged';
  const [first, before, next, hash, breaks, seal] = fields as readonly unknown[];
  const areSound = isSequence(first) && isSequence(next) && Array.isArray(breaks) && breaks.every(isSequence);
  if (!areSound || typeof before !== 'string' || typeof hash !== 'string' || typeof seal !== 'string') return 'damaged';
  const head = { first, before, next, hash, breaks: breaks.filter(isSequence), seal };
  return writeHead(head).equals(bytes) ? head : 'damaged';
}

function isSequence(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/** How often it is named, and the text. */
export function writeText({ text, uses }: KeptText): Buffer {
  const start = Buffer.alloc(7);
  start.writeUInt8(TEXT_FORMAT, 0);
  start.writeUIntBE(uses, 1, 6);
  return Buffer.concat([start, Buffer.from(text)]);
}

export function readText(bytes: Buffer): KeptText | 'damaged' {
  if (bytes.length < 7 || bytes[0] !== TEXT_FORMAT) return 'damaged';
  const kept = { uses: bytes.readUIntBE(1, 6), text: bytes.toString('utf8', 7) };
  return writeText(kept).equals(bytes) ? kept : 'damaged';
}

/** The wishes that users be asked again: few. */
export function writeWishes(wishes: readonly StoredAskAgain[]): Buffer {
  const rows = wishes.map(({ policy, vasp, users, at }) => [policy ?? null, vasp ?? null, users, at]);
  return withFormat(WISHES_FORMAT, JSON.stringify(rows));
}

export function readWishes(bytes: Buffer): readonly StoredAskAgain[] {
  const rows = json(WISHES_FORMAT, bytes);
  if (!Array.isArray(rows)) throw new RecordError('the wishes to ask again are damaged');
  return rows.map((row: unknown): StoredAskAgain => {
    const [policy, vasp, users, at] = Array.isArray(row) ? (row as readonly unknown[]) : [];
    if (!isOptionalText(policy) || !isOptionalText(vasp) || typeof users !== 'string' || typeof at !== 'number') {
      throw new RecordError('the wishes to ask again are damaged');
    }
    return { policy: policy ?? undefined, vasp: vasp ?? undefined, users, at };
  });
}

function isOptionalText(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function withFormat(format: number, text: string): Buffer {
  return Buffer.concat([Buffer.of(format), Buffer.from(text)]);
}

/** Undefined for another format and for what is no JSON. */
function json(format: number, bytes: Buffer): unknown {
  if (bytes[0] !== format) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8', 1)) as unknown;
  } catch {
    return undefined;
  }
}
