/**
 * Reads the items that a WBXML document is made of: octets, multi-byte integers, strings in place and in the string
 * table. Every length and offset is checked against what is left before it is used, and all text is checked to be UTF-8
 * that XML could spell; the first fault ends the reading with a {@link CspError} that says where.
 */
import { CspError, type CspErrorCode } from '../errors.ts';
import { WBXML_EXPANSION } from '../limits.ts';
import { INVALID_SEQUENCE, isXmlCharacter, sequenceLength } from '../utf8.ts';
import type { CspVersion } from '../versions.ts';

const WBXML_VERSION_1_3 = 0x03;
const CHARSET_UTF8 = 106;

export class WbxmlReader {
  readonly bytes: Buffer;
  /** The next octet to read. */
  position = 0;

  readonly #version: CspVersion;
  #tableStart = 0;
  #tableEnd = 0;
  #textEnd = 0;
  /** Octets of text that may still come out, string-table references counted each time [reliability §2]. */
  #textAllowed: number;

  constructor(bytes: Uint8Array, version: CspVersion) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#version = version;
    this.#textAllowed = bytes.length * WBXML_EXPANSION.factor + WBXML_EXPANSION.extraBytes;
  }

  get isAtEnd(): boolean {
    return this.position === this.bytes.length;
  }

  /** The error of a fault at `offset`, by default at the octet to be read next; to be thrown by the caller. */
  fault(code: CspErrorCode, message: string, offset: number = this.position): CspError {
    return new CspError(code, message, offset, { version: this.#version });
  }

  byte(): number {
    const byte = this.bytes[this.position];
    if (byte === undefined) throw this.fault('NOT_WELL_FORMED', 'the document ends too early');
    this.position++;
    return byte;
  }

  /** A multi-byte integer: at most five octets, at most 4294967295. */
  uint(): number {
    const start = this.position;
    let value = 0;
    for (let count = 0; count < 5; count++) {
      const byte = this.byte();
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    throw this.fault('NOT_WELL_FORMED', 'a multi-byte integer has more than 32 bits', start);
  }

  /** The header: WBXML version, public identifier, charset, string table. The public identifier decides nothing here. */
  header(): void {
    if (this.byte() !== WBXML_VERSION_1_3) throw this.fault('NOT_WELL_FORMED', 'this is not WBXML 1.3', 0);
    const publicId = this.uint();
    const publicIdInTable = publicId === 0 ? this.uint() : undefined;
    const charsetAt = this.position;
    if (this.uint() !== CHARSET_UTF8) throw this.fault('NOT_UTF8', 'the charset is not UTF-8 (106)', charsetAt);
    const length = this.#length('the string table');
    this.#tableStart = this.position;
    this.#tableEnd = this.position + length;
    this.position = this.#tableEnd;
    if (publicIdInTable !== undefined && publicIdInTable >= length) {
      throw this.fault('NOT_WELL_FORMED', 'the public identifier lies outside the string table', 1);
    }
  }

  /** The string that starts here and ends with NUL. */
  inlineString(): string {
    const text = this.#terminatedText(this.position, this.bytes.length);
    this.position = this.#textEnd + 1;
    return text;
  }

  /** The string of the string table whose offset stands here. */
  tableString(): string {
    const at = this.position;
    const start = this.#tableStart + this.uint();
    if (start >= this.#tableEnd) throw this.fault('NOT_WELL_FORMED', 'a string lies outside the string table', at);
    return this.#terminatedText(start, this.#tableEnd);
  }

  /** The character whose number stands here. */
  entity(): string {
    const at = this.position;
    const codePoint = this.uint();
    if (!isXmlCharacter(codePoint)) throw this.fault('NOT_ALLOWED', 'a character entity is no character of XML', at);
    return String.fromCodePoint(codePoint);
  }

  /** The octets that stand here after their length; a view of the document, not a copy. */
  opaque(): Buffer {
    const length = this.#length('opaque data');
    this.#account(length);
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }

  /** The text of the octets that {@link opaque} gave last. */
  opaqueText(octets: Buffer): string {
    const end = this.position;
    this.#textAllowed += octets.length;
    return this.#text(end - octets.length, end);
  }

  #length(what: string): number {
    const at = this.position;
    const length = this.uint();
    if (length > this.bytes.length - this.position) {
      throw this.fault('NOT_WELL_FORMED', `the length of ${what} goes beyond the end of the document`, at);
    }
    return length;
  }

  /** The text from `start` to the next NUL, which must stand before `limit`; {@link #textEnd} is where it stands. */
  #terminatedText(start: number, limit: number): string {
    let end = start;
    while (end < limit && this.bytes[end] !== 0) end++;
    if (end === limit) throw this.fault('NOT_WELL_FORMED', 'a string has no end', start);
    this.#textEnd = end;
    return this.#text(start, end);
  }

  #account(length: number): void {
    this.#textAllowed -= length;
    if (this.#textAllowed < 0) {
      throw this.fault('OVER_LIMIT', `the text is more than ${WBXML_EXPANSION.factor} times the document`);
    }
  }

  #text(start: number, end: number): string {
    this.#account(end - start);
    let isAscii = true;
    for (let at = start; at < end; ) {
      const byte = this.bytes[at] as number;
      if (byte < 0x80) {
        if (byte < 0x20 && !isXmlCharacter(byte)) throw this.fault('NOT_ALLOWED', 'a control character in text', at);
        at++;
        continue;
      }
      isAscii = false;
      const length = sequenceLength(this.bytes, at, end);
      if (length === INVALID_SEQUENCE) throw this.fault('NOT_UTF8', 'text that is not UTF-8', at);
      if (length < 0) throw this.fault('NOT_ALLOWED', 'a character that XML does not allow', at);
      at += length;
    }
    return this.bytes.toString(isAscii ? 'latin1' : 'utf8', start, end);
  }
}
