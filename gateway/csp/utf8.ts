/**
 * UTF-8 as the scans need it: one sequence at a time, fatal, and with XML's own rule about which characters may stand
 * in a document. Nothing here allocates, except the functions that return text.
 */

/** The sequence is no UTF-8: overlong, cut short, a surrogate, beyond U+10FFFF, or a stray continuation byte. */
export const INVALID_SEQUENCE = 0;
/** The sequence is UTF-8 for a character that XML allows nowhere: U+FFFE or U+FFFF. */
export const FORBIDDEN_CHARACTER = -1;

/**
 * The length in bytes of the sequence that starts at `at` with a byte of 0x80 or more: 2, 3 or 4, or one of
 * {@link INVALID_SEQUENCE} and {@link FORBIDDEN_CHARACTER}. Reads nothing at or after `end`.
 */
export function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] as number;
  if (lead < 0xc2 || lead > 0xf4) return INVALID_SEQUENCE;
  if (lead < 0xe0) return at + 1 < end && isContinuation(bytes[at + 1] as number) ? 2 : INVALID_SEQUENCE;
  if (lead < 0xf0) {
    if (at + 2 >= end) return INVALID_SEQUENCE;
    const second = bytes[at + 1] as number;
    const third = bytes[at + 2] as number;
    if (!isContinuation(second) || !isContinuation(third)) return INVALID_SEQUENCE;
    if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f)) return INVALID_SEQUENCE;
    return lead === 0xef && second === 0xbf && third >= 0xbe ? FORBIDDEN_CHARACTER : 3;
  }
  if (at + 3 >= end) return INVALID_SEQUENCE;
  const second = bytes[at + 1] as number;
  if (!isContinuation(second) || (lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) {
    return INVALID_SEQUENCE;
  }
  return isContinuation(bytes[at + 2] as number) && isContinuation(bytes[at + 3] as number) ? 4 : INVALID_SEQUENCE;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** The character of a sequence that {@link sequenceLength} has found to be `length` bytes long. */
export function codePointAt(bytes: Uint8Array, at: number, length: number): number {
  let codePoint = (bytes[at] as number) & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) codePoint = (codePoint << 6) | ((bytes[at + i] as number) & 0x3f);
  return codePoint;
}

/** Whether XML 1.0 allows a character at all [XML 1.0 §2.2]; control characters other than tab, LF and CR are out. */
export function isXmlCharacter(codePoint: number): boolean {
  if (codePoint < 0x20) return codePoint === 0x09 || codePoint === 0x0a || codePoint === 0x0d;
  if (codePoint < 0xd800) return true;
  return (codePoint >= 0xe000 && codePoint <= 0xfffd) || (codePoint >= 0x10000 && codePoint <= 0x10ffff);
}

/** Whether a character beyond ASCII may start a name [XML 1.0 §2.3, fifth edition]. */
export function isNameStartBeyondAscii(codePoint: number): boolean {
  if (codePoint < 0x300) return codePoint >= 0xc0 && codePoint !== 0xd7 && codePoint !== 0xf7;
  if (codePoint < 0x2000) return codePoint >= 0x370 && codePoint !== 0x37e;
  if (codePoint < 0x3001) {
    return (
      codePoint === 0x200c ||
      codePoint === 0x200d ||
      (codePoint >= 0x2070 && codePoint <= 0x218f) ||
      (codePoint >= 0x2c00 && codePoint <= 0x2fef)
    );
  }
  if (codePoint < 0xd800) return true;
  return (
    (codePoint >= 0xf900 && codePoint <= 0xfdcf) ||
    (codePoint >= 0xfdf0 && codePoint <= 0xfffd) ||
    (codePoint >= 0x10000 && codePoint <= 0xeffff)
  );
}

/** Whether a character beyond ASCII may stand in a name after its first character. */
export function isNameBeyondAscii(codePoint: number): boolean {
  return (
    isNameStartBeyondAscii(codePoint) ||
    codePoint === 0xb7 ||
    (codePoint >= 0x300 && codePoint <= 0x36f) ||
    codePoint === 0x203f ||
    codePoint === 0x2040
  );
}

/** What every Buffer has and its types do not say: `toString` without the detour over names of encodings. */
type Slices = Buffer & {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
};

/** The text of a range that is known to be UTF-8. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  const buffer = (
    bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  ) as Slices;
  for (let at = start; at < end; at++) {
    if ((bytes[at] as number) >= 0x80) return buffer.utf8Slice(start, end);
  }
  return buffer.latin1Slice(start, end);
}

/** True when the bytes at `at` spell the ASCII text, as far as the message goes. */
export function spells(bytes: Uint8Array, at: number, text: string): boolean {
  const length = text.length;
  if (at + length > bytes.length) return false;
  for (let i = 0; i < length; i++) {
    if (bytes[at + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}
