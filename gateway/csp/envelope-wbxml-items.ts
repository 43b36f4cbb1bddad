/**
 * The items of a WBXML document as the strict scan reads them: header, multi-byte integers, strings in place and in the
 * string table. Every length and offset is checked against what is left before it is used.
 */
import { asciiEnd, type ScanBytes } from './envelope-bytes.ts';
import type { EnvelopeDraft } from './envelope-draft.ts';
import { versionOfPublicToken } from './envelope-wbxml-tables.ts';
import { scanName } from './envelope-xml-lexical.ts';
import { type CodecLimits, WBXML_EXPANSION } from './limits.ts';
import { INVALID_SEQUENCE, sequenceLength, textOf } from './utf8.ts';
import { VERSION_OF_PUBLIC_ID } from './versions.ts';

/** What all parts of one scan share. */
export interface WbxmlScan {
  readonly bytes: Uint8Array;
  /** The copy of the message, to be read in words. */
  readonly copy: ScanBytes;
  readonly draft: EnvelopeDraft;
  readonly limits: CodecLimits;
  tableStart: number;
  tableEnd: number;
  /** Bytes of text that may still come out; strings of the string table count each time. */
  textLeft: number;
  tokens: number;
  idlePageSwitches: number;
}

/** The place after the multi-byte integer at `at`: at most five bytes and 32 bits. */
export function uintEnd(scan: WbxmlScan, at: number): number {
  const { bytes } = scan;
  for (let i = at; i < at + 5; i++) {
    if (i >= bytes.length) failEnd(scan, i);
    if ((bytes[i] as number) >= 0x80) continue;
    if (i === at + 4 && (bytes[at] as number) > 0x8f) break;
    return i + 1;
  }
  scan.draft.fail('NOT_WELL_FORMED', 'a multi-byte integer has more than 32 bits', at);
}

/** The value of the multi-byte integer between two places. */
export function uintValue(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (let i = at; i < end; i++) value = value * 128 + ((bytes[i] as number) & 0x7f);
  return value;
}

export function failEnd(scan: WbxmlScan, at: number): never {
  scan.draft.fail('NOT_WELL_FORMED', 'the message ends too early', at);
}

/** Reads the header; gives the place of the body. */
export function scanHeader(scan: WbxmlScan): number {
  const { bytes, draft } = scan;
  if (bytes.length === 0) failEnd(scan, 0);
  if (bytes[0] !== 0x03) draft.fail('NOT_WELL_FORMED', 'the message is not WBXML 1.3', 0);
  let at = uintEnd(scan, 1);
  const publicId = uintValue(bytes, 1, at);
  const publicIdAt = at;
  if (publicId === 0) at = uintEnd(scan, at);
  else draft.declaredVersion = versionOfPublicToken(publicId);
  const publicIdEnd = at;
  at = uintEnd(scan, publicIdEnd);
  if (uintValue(bytes, publicIdEnd, at) !== 106) {
    draft.fail('NOT_UTF8', 'the charset is not UTF-8 (106)', publicIdEnd);
  }
  const lengthAt = at;
  at = uintEnd(scan, lengthAt);
  const length = uintValue(bytes, lengthAt, at);
  if (length > bytes.length - at)
    draft.fail('NOT_WELL_FORMED', 'the string table is longer than the message', lengthAt);
  scan.tableStart = at;
  scan.tableEnd = at + length;
  if (publicId === 0) {
    const start = tableStringStart(scan, publicIdAt, publicIdEnd);
    draft.declaredVersion = VERSION_OF_PUBLIC_ID.get(textOf(bytes, start, stringEnd(scan, start, scan.tableEnd)));
  }
  return scan.tableEnd;
}

/** Where the string starts whose offset in the string table stands between two places. */
export function tableStringStart(scan: WbxmlScan, at: number, end: number): number {
  const start = scan.tableStart + uintValue(scan.bytes, at, end);
  if (start >= scan.tableEnd) scan.draft.fail('NOT_WELL_FORMED', 'a string lies outside the string table', at);
  return start;
}

/** The place of the NUL that ends the string at `start`, all of it text that XML could spell. */
export function stringEnd(scan: WbxmlScan, start: number, limit: number): number {
  const { bytes } = scan;
  const { view } = scan.copy;
  let at = asciiEnd(view, start);
  while (at < limit) {
    if (bytes[at] === 0) {
      scan.textLeft -= at - start;
      if (scan.textLeft < 0) failExpansion(scan, start);
      return at;
    }
    at = asciiEnd(view, oddByteEnd(scan, at, limit));
  }
  scan.draft.fail('NOT_WELL_FORMED', 'a string has no end', start);
}

/** Checks OPAQUE data that is the text of an element. */
export function checkOpaqueText(scan: WbxmlScan, start: number, end: number): void {
  for (let at = start; at < end; ) {
    const byte = scan.bytes[at] as number;
    if (byte >= 0x20 && byte < 0x80) at++;
    else at = oddByteEnd(scan, at, end);
  }
}

function oddByteEnd(scan: WbxmlScan, at: number, limit: number): number {
  const byte = scan.bytes[at] as number;
  if (byte < 0x20) {
    if (byte === 0x09 || byte === 0x0a || byte === 0x0d) return at + 1;
    scan.draft.fail('NOT_ALLOWED', 'the text holds a control character', at);
  }
  const length = sequenceLength(scan.bytes, at, limit);
  if (length > 0) return at + length;
  if (length === INVALID_SEQUENCE) scan.draft.fail('NOT_UTF8', 'the text is not UTF-8', at);
  scan.draft.fail('NOT_ALLOWED', 'the text holds U+FFFE or U+FFFF', at);
}

export function failExpansion(scan: WbxmlScan, at: number): never {
  scan.draft.fail('OVER_LIMIT', `the text is more than ${WBXML_EXPANSION.factor} times the message`, at);
}

/** The place after the name in the string table that starts at `start`, which must be a whole string. */
export function literalNameEnd(scan: WbxmlScan, start: number): number {
  const { bytes, tableEnd } = scan;
  let stringEndAt = start;
  while (stringEndAt < tableEnd && bytes[stringEndAt] !== 0) stringEndAt++;
  if (stringEndAt === tableEnd) scan.draft.fail('NOT_WELL_FORMED', 'a string has no end', start);
  if (scanName(bytes, start, scan.draft, scan.limits) !== stringEndAt) {
    scan.draft.fail('NOT_WELL_FORMED', 'a literal name is no XML name', start);
  }
  return stringEndAt;
}
