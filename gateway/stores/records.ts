/**
 * How records are written in the store: small, and each beginning with the number of its format, which is checked on
 * every read. A new form gets a new number and is read beside the old one; a number is never used again.
 *
 * A session takes 59 bytes and the VASP's name, when its hashes are what `Secrets.keyedHash` makes:
 *
 *     format 1 · flags 1 · user 16 · client 16 · granted 8 · opened 6 · expires 6 · keep-alive 4 (or 0) · VASP 1 + n
 *
 * Behind all that stand who logged in (a seal with its length), and what the session agreed on about CIR
 * (`cir-agreement.ts`), where there is any; the format's number says which. Format 5 is that of sessions that have said how
 * they want messages: what else there is stands in a byte of its own behind the VASP, then the bytes from which on messages
 * are announced (6, where there are).
 * Numbers are big-endian; times are milliseconds in 48 bits. A hash of another form is written as text with its length.
 */

import { ServiceSet } from '../csp/service-tree.ts';
import { CSP_VERSIONS, type CspVersion } from '../csp/versions.ts';
import type { DeliveryMethod } from '../mailbox-ports.ts';
import type { Acceptance, SessionRecord } from '../ports.ts';
import { readAgreement, writeAgreement } from './cir-agreement.ts';

/** A record that is not what this version writes. Holds no content. */
export class RecordError extends Error {
  readonly code = 'STORE_RECORD';
}

const SESSION_FORMAT = 1;
const SESSION_WITH_CIR_FORMAT = 2;
const SESSION_WITH_PERSON_FORMAT = 3;
const SESSION_WITH_BOTH_FORMAT = 4;
const WITH_CIR: readonly (number | undefined)[] = [SESSION_WITH_CIR_FORMAT, SESSION_WITH_BOTH_FORMAT];
const WITH_PERSON: readonly (number | undefined)[] = [SESSION_WITH_PERSON_FORMAT, SESSION_WITH_BOTH_FORMAT];
const SESSION_WITH_DELIVERY_FORMAT = 5;
const SESSION_FORMATS: readonly number[] = [
  SESSION_FORMAT,
  SESSION_WITH_CIR_FORMAT,
  SESSION_WITH_PERSON_FORMAT,
  SESSION_WITH_BOTH_FORMAT,
  SESSION_WITH_DELIVERY_FORMAT,
];
const ACCEPTANCES_FORMAT = 1;

const FLAG_WBXML = 0x01;
const FLAG_KEEP_ALIVE = 0x02;
const FLAG_USER_TEXT = 0x04;
const FLAG_CLIENT_TEXT = 0x08;
const VERSION_SHIFT = 4;
/** Behind the VASP in format 5. */
const FLAG_ANNOUNCED = 0x01;
const FLAG_PUSHED_BYTES = 0x02;
const FLAG_PERSON = 0x04;
const FLAG_CIR = 0x08;
/** Of a sealed name: a user id and a ClientID have some hundred bytes. */
const MAX_PERSON_BYTES = 0xffff;
/** Long enough for every record up to its name: two texts and a name of at most 255 bytes each. */
const SCRATCH = Buffer.alloc(1024);

/** The bytes of a session, in a buffer of their own. */
export function writeSession(record: SessionRecord): Buffer {
  const user = hashBytes(record.userKey);
  const client = hashBytes(record.clientKey);
  const { keepAliveSeconds } = record;
  let flags = CSP_VERSIONS.indexOf(record.version) << VERSION_SHIFT;
  if (record.encoding === 'wbxml') flags |= FLAG_WBXML;
  if (keepAliveSeconds !== undefined) flags |= FLAG_KEEP_ALIVE;
  if (user === undefined) flags |= FLAG_USER_TEXT;
  if (client === undefined) flags |= FLAG_CLIENT_TEXT;
  SCRATCH[0] = formatOf(record);
  SCRATCH[1] = flags;
  let at = writeKey(2, user, record.userKey);
  at = writeKey(at, client, record.clientKey);
  at = SCRATCH.writeUInt32BE(record.granted.low, at);
  at = SCRATCH.writeUInt32BE(record.granted.high, at);
  at = SCRATCH.writeUIntBE(record.openedAt, at, 6);
  at = SCRATCH.writeUIntBE(record.expiresAt, at, 6);
  if (keepAliveSeconds !== undefined) at = SCRATCH.writeUInt32BE(keepAliveSeconds, at);
  at = writeText(at, record.vasp);
  const written = SCRATCH.subarray(0, at);
  const { cir, person, delivery } = record;
  if (cir === undefined && person === undefined && delivery === undefined) return Buffer.from(written);
  const parts = delivery === undefined ? [written] : [written, deliveryBytes(record, delivery)];
  if (person !== undefined) parts.push(lengthOf(person), Buffer.from(person));
  return Buffer.concat(cir === undefined ? parts : [...parts, writeAgreement(cir)]);
}

function formatOf({ cir, person, delivery }: SessionRecord): number {
  if (delivery !== undefined) return SESSION_WITH_DELIVERY_FORMAT;
  if (person === undefined) return cir === undefined ? SESSION_FORMAT : SESSION_WITH_CIR_FORMAT;
  return cir === undefined ? SESSION_WITH_PERSON_FORMAT : SESSION_WITH_BOTH_FORMAT;
}

function deliveryBytes({ cir, person }: SessionRecord, { method, pushedBytes }: DeliveryMethod): Buffer {
  const flags =
    (method === 'N' ? FLAG_ANNOUNCED : 0) |
    (pushedBytes === undefined ? 0 : FLAG_PUSHED_BYTES) |
    (person === undefined ? 0 : FLAG_PERSON) |
    (cir === undefined ? 0 : FLAG_CIR);
  if (pushedBytes === undefined) return Buffer.of(flags);
  const bytes = Buffer.alloc(7);
  bytes[0] = flags;
  bytes.writeUIntBE(pushedBytes, 1, 6);
  return bytes;
}

/** How the session wants messages, what else stands behind that, and where. */
function readDelivery(bytes: Buffer, at: number) {
  const flags = bytes.readUInt8(at);
  if (flags > (FLAG_ANNOUNCED | FLAG_PUSHED_BYTES | FLAG_PERSON | FLAG_CIR))
    throw new RecordError('a session record is damaged');
  const method = (flags & FLAG_ANNOUNCED) === 0 ? 'P' : 'N';
  const isLimited = (flags & FLAG_PUSHED_BYTES) !== 0;
  const delivery: DeliveryMethod = { method, pushedBytes: isLimited ? bytes.readUIntBE(at + 1, 6) : undefined };
  const hasPerson = (flags & FLAG_PERSON) !== 0;
  return { delivery, hasPerson, hasCir: (flags & FLAG_CIR) !== 0, end: at + (isLimited ? 7 : 1) };
}

function lengthOf(person: Uint8Array): Buffer {
  if (person.length > MAX_PERSON_BYTES) throw new RangeError('the name in a session record has more than 65,535 bytes');
  return Buffer.of(person.length >> 8, person.length & 0xff);
}

/** The session that the bytes hold; the bytes may change after. */
export function readSession(bytes: Buffer): SessionRecord {
  return guarded(bytes, SESSION_FORMATS, () => {
    const flags = bytes.readUInt8(1);
    let at = 2;
    const [userKey, afterUser] = readKey(bytes, at, (flags & FLAG_USER_TEXT) !== 0);
    const [clientKey, afterClient] = readKey(bytes, afterUser, (flags & FLAG_CLIENT_TEXT) !== 0);
    at = afterClient;
    const granted = new ServiceSet(bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4));
    const openedAt = bytes.readUIntBE(at + 8, 6);
    const expiresAt = bytes.readUIntBE(at + 14, 6);
    at += 20;
    const hasKeepAlive = (flags & FLAG_KEEP_ALIVE) !== 0;
    const keepAliveSeconds = hasKeepAlive ? bytes.readUInt32BE(at) : undefined;
    const [vasp, afterVasp] = readText(bytes, hasKeepAlive ? at + 4 : at);
    const version: CspVersion | undefined = CSP_VERSIONS[flags >> VERSION_SHIFT];
    const said = bytes[0] === SESSION_WITH_DELIVERY_FORMAT ? readDelivery(bytes, afterVasp) : undefined;
    const hasCir = said?.hasCir ?? WITH_CIR.includes(bytes[0]);
    const afterSaid = said?.end ?? afterVasp;
    const person = (said?.hasPerson ?? WITH_PERSON.includes(bytes[0])) ? readPerson(bytes, afterSaid) : undefined;
    const end = person === undefined ? afterSaid : afterSaid + 2 + person.length;
    if (version === undefined || (end !== bytes.length) !== hasCir)
      throw new RecordError('a session record is damaged');
    const encoding = (flags & FLAG_WBXML) !== 0 ? 'wbxml' : 'xml';
    const record = {
      vasp,
      userKey,
      clientKey,
      granted,
      version,
      encoding,
      openedAt,
      keepAliveSeconds,
      expiresAt,
      ...(person === undefined ? {} : { person }),
      ...(said === undefined ? {} : { delivery: said.delivery }),
    } as const;
    return hasCir ? { ...record, cir: readAgreement(bytes, end) } : record;
  });
}

/** In an array of its own. */
function readPerson(bytes: Buffer, at: number): Uint8Array {
  const end = at + 2 + bytes.readUInt16BE(at);
  if (end > bytes.length) throw new RecordError('a session record is damaged');
  return new Uint8Array(bytes.subarray(at + 2, end));
}

/** VASP and end of life alone: all that a sweep has to know, at a third of the cost. */
export function readSessionLife(bytes: Buffer): Pick<SessionRecord, 'vasp' | 'expiresAt'> {
  return guarded(bytes, SESSION_FORMATS, () => {
    const flags = bytes.readUInt8(1);
    let at = 2;
    at += (flags & FLAG_USER_TEXT) !== 0 ? 1 + bytes.readUInt8(at) : HASH_BYTES;
    at += (flags & FLAG_CLIENT_TEXT) !== 0 ? 1 + bytes.readUInt8(at) : HASH_BYTES;
    const expiresAt = bytes.readUIntBE(at + 14, 6);
    const [vasp] = readText(bytes, at + ((flags & FLAG_KEEP_ALIVE) !== 0 ? 24 : 20));
    return { vasp, expiresAt };
  });
}

/** The acceptances of one user. They are few and rarely written: readable text after the format number. */
export function writeAcceptances(acceptances: readonly Acceptance[]): Buffer {
  const rows = acceptances.map(({ policy, version, option, acceptedAt }) => [
    policy,
    version,
    acceptedAt,
    option ?? null,
  ]);
  return Buffer.concat([Buffer.of(ACCEPTANCES_FORMAT), Buffer.from(JSON.stringify(rows))]);
}

export function readAcceptances(bytes: Buffer): readonly Acceptance[] {
  return guarded(bytes, [ACCEPTANCES_FORMAT], () => {
    const rows: unknown = JSON.parse(bytes.toString('utf8', 1));
    if (!Array.isArray(rows)) throw new RecordError('an acceptance record is damaged');
    return rows.map((row: unknown): Acceptance => {
      const [policy, version, acceptedAt, option] = Array.isArray(row) ? (row as readonly unknown[]) : [];
      const known = typeof policy === 'string' && typeof version === 'number' && typeof acceptedAt === 'number';
      if (!known || (option !== null && typeof option !== 'string'))
        throw new RecordError('an acceptance record is damaged');
      return { policy, version, acceptedAt, option: option ?? undefined };
    });
  });
}

/** Whatever is wrong with a record is one kind of error, which shows none of it. */
function guarded<T>(bytes: Buffer, formats: readonly number[], read: () => T): T {
  const format = bytes[0];
  if (format === undefined || !formats.includes(format))
    throw new RecordError(`a record has format ${format}; this version reads ${formats.join(', ')}`);
  try {
    return read();
  } catch (error) {
    throw error instanceof RecordError ? error : new RecordError('a record is damaged');
  }
}

const HASH_BYTES = 16;

/** The 16 bytes of a keyed hash; undefined for any other text. */
function hashBytes(key: string): Buffer | undefined {
  if (key.length !== 22) return undefined;
  const bytes = Buffer.from(key, 'base64url');
  return bytes.length === HASH_BYTES && bytes.toString('base64url') === key ? bytes : undefined;
}

function writeKey(at: number, bytes: Buffer | undefined, text: string): number {
  return bytes === undefined ? writeText(at, text) : at + bytes.copy(SCRATCH, at);
}

function readKey(bytes: Buffer, at: number, isText: boolean): readonly [string, number] {
  if (isText) return readText(bytes, at);
  return [bytes.toString('base64url', at, at + HASH_BYTES), at + HASH_BYTES];
}

function writeText(at: number, text: string): number {
  const length = Buffer.byteLength(text);
  if (length > 255) throw new RangeError('a text in a session record has more than 255 bytes');
  SCRATCH[at] = length;
  return at + 1 + SCRATCH.write(text, at + 1);
}

function readText(bytes: Buffer, at: number): readonly [string, number] {
  const end = at + 1 + bytes.readUInt8(at);
  if (end > bytes.length) throw new RecordError('a record is damaged');
  return [bytes.toString('utf8', at + 1, end), end];
}
