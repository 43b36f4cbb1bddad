/**
 * An entry of the audit chain as one line of JSON, and back. A line holds everything that was hashed, so that a whole
 * export is verified without the store that it came from. Times are ISO 8601 in UTC with milliseconds.
 */

import type { AuditCharge, AuditEntry, AuditRecord, WayOfAsking } from '../audit-ports.ts';
import type { CspVersion } from '../csp/versions.ts';
import { CSP_VERSIONS } from '../csp/versions.ts';
import { sha256 } from './chain.ts';

type Readable = Exclude<AuditEntry, { readonly kind: 'damaged' }>;

/** The fields of a record's line, in their order. */
export interface RecordFields {
  readonly sequence: number;
  readonly id: string;
  readonly user: string;
  readonly vasp: string;
  readonly policy: string;
  readonly version: number;
  readonly outcome: AuditRecord['outcome'];
  readonly option: string | null;
  readonly text: string;
  readonly language: string;
  readonly presentedAt: string;
  readonly decidedAt: string;
  readonly tries: number;
  readonly way: WayOfAsking;
  readonly level: string | null;
  readonly granted: readonly string[];
  readonly csp: CspVersion;
  readonly charge: AuditCharge | null;
  readonly previous: string;
  readonly hash: string;
  /** The text itself, when it was asked for. */
  readonly shown?: string;
}

export interface ErasedFields {
  readonly sequence: number;
  readonly erased: true;
  /** What the SHA-256 of the record was. */
  readonly content: string;
  readonly previous: string;
  readonly hash: string;
}

/** The entry as data that JSON writes. */
export function entryFields(entry: Readable, shown?: string): RecordFields | ErasedFields {
  const { sequence, previous, hash } = entry;
  if (entry.kind === 'erased') return { sequence, erased: true, content: entry.content, previous, hash };
  const { record } = entry;
  const { charge } = record;
  return {
    sequence,
    id: record.id,
    user: record.user,
    vasp: record.vasp,
    policy: record.policy,
    version: record.version,
    outcome: record.outcome,
    option: record.option ?? null,
    text: record.text,
    language: record.language,
    presentedAt: new Date(record.presentedAt).toISOString(),
    decidedAt: new Date(record.decidedAt).toISOString(),
    tries: record.tries,
    way: record.way,
    level: record.level ?? null,
    granted: record.granted,
    csp: record.csp,
    charge:
      charge === undefined
        ? null
        : { amount: charge.amount, currency: charge.currency, per: charge.per, estimate: charge.estimate },
    previous,
    hash,
    ...(shown === undefined ? {} : { shown }),
  };
}

/** One line of an export, its line feed included. */
export function entryLine(entry: Readable, shown?: string): string {
  return `${JSON.stringify(entryFields(entry, shown))}\n`;
}

export type ReadLine =
  | { readonly kind: 'entry'; readonly entry: Readable }
  /** A clause that says what is wrong with the line. */
  | { readonly kind: 'wrong'; readonly message: string };

const RECORD_KEYS =
  'sequence id user vasp policy version outcome option text language presentedAt decidedAt tries way level granted csp charge previous hash'.split(
    ' ',
  );
const ERASED_KEYS = 'sequence erased content previous hash'.split(' ');
const CHARGE_KEYS = 'amount currency per estimate'.split(' ');
const WAYS: readonly WayOfAsking[] = ['system-message', 'system-message-user', 'page', 'conversation'];

/** Reads a line that {@link entryLine} wrote. What is not part of the hash must not be there, except a text of that hash. */
export function readLine(line: string): ReadLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { kind: 'wrong', message: 'is no JSON' };
  }
  if (!isMap(value)) return { kind: 'wrong', message: 'is no JSON object' };
  const { shown, ...fields } = value;
  const keys = fields.erased === undefined ? RECORD_KEYS : ERASED_KEYS;
  const wrongKey = keys.find((key) => !(key in fields)) ?? Object.keys(fields).find((key) => !keys.includes(key));
  if (wrongKey !== undefined) {
    const message = wrongKey in fields ? `has a key that no entry has: ${wrongKey}` : `lacks the key ${wrongKey}`;
    return { kind: 'wrong', message };
  }
  if (shown !== undefined && (typeof shown !== 'string' || sha256(shown) !== fields.text)) {
    return { kind: 'wrong', message: 'holds a text (shown) whose SHA-256 is not the one that it names (text)' };
  }
  return readFields(fields);
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads fields one by one and remembers the first that is wrong. */
class FieldReading {
  wrong: string | undefined;
  readonly #fields: Fields;

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  text(key: string): string {
    return this.#as(key, (value) => (typeof value === 'string' ? value : undefined), '');
  }

  optionalText(key: string): string | undefined {
    return this.#fields[key] === null ? undefined : this.text(key);
  }

  hash(key: string): string {
    return this.#as(
      key,
      (value) => (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? value : undefined),
      '',
    );
  }

  count(key: string): number {
    return this.#as(key, (value) => (Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined), 0);
  }

  /** Milliseconds of a time in the one spelling that exports have. */
  time(key: string): number {
    const read = (value: unknown): number | undefined => {
      const millis = typeof value === 'string' ? Date.parse(value) : Number.NaN;
      return Number.isFinite(millis) && new Date(millis).toISOString() === value ? millis : undefined;
    };
    return this.#as(key, read, 0);
  }

  oneOf<T extends string>(key: string, all: readonly T[], otherwise: T): T {
    return this.#as(key, (value) => all.find((one) => one === value), otherwise);
  }

  texts(key: string): readonly string[] {
    const isText = (one: unknown): one is string => typeof one === 'string';
    return this.#as(key, (value) => (Array.isArray(value) && value.every(isText) ? value : undefined), []);
  }

  charge(key: string): AuditCharge | undefined {
    const value = this.#fields[key];
    if (value === null) return undefined;
    const fields = isMap(value) && Object.keys(value).every((one) => CHARGE_KEYS.includes(one)) ? value : {};
    const { amount, currency, per, estimate } = fields;
    if (
      typeof amount === 'string' &&
      typeof currency === 'string' &&
      typeof per === 'string' &&
      typeof estimate === 'boolean'
    ) {
      return { amount, currency, per, estimate };
    }
    this.wrong ??= key;
    return undefined;
  }

  #as<T>(key: string, read: (value: unknown) => T | undefined, otherwise: T): T {
    const value = read(this.#fields[key]);
    if (value === undefined) this.wrong ??= key;
    return value ?? otherwise;
  }
}

function readFields(fields: Fields): ReadLine {
  const from = new FieldReading(fields);
  const link = { sequence: from.count('sequence'), previous: from.hash('previous'), hash: from.hash('hash') };
  const entry: Readable =
    fields.erased === undefined
      ? { kind: 'record', ...link, record: readRecord(from) }
      : { kind: 'erased', ...link, content: from.hash('content') };
  if (fields.erased !== undefined && fields.erased !== true) from.wrong ??= 'erased';
  return from.wrong === undefined
    ? { kind: 'entry', entry }
    : { kind: 'wrong', message: `has a value that no entry has: ${from.wrong}` };
}

function readRecord(from: FieldReading): AuditRecord {
  return {
    id: from.text('id'),
    user: from.text('user'),
    vasp: from.text('vasp'),
    policy: from.text('policy'),
    version: from.count('version'),
    outcome: from.oneOf('outcome', ['accepted', 'shown'], 'shown'),
    option: from.optionalText('option'),
    text: from.hash('text'),
    language: from.text('language'),
    presentedAt: from.time('presentedAt'),
    decidedAt: from.time('decidedAt'),
    tries: from.count('tries'),
    way: from.oneOf('way', WAYS, 'page'),
    level: from.optionalText('level'),
    granted: from.texts('granted'),
    csp: from.oneOf('csp', CSP_VERSIONS, '1.1'),
    charge: from.charge('charge'),
  };
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
