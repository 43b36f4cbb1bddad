/**
 * Text of an XML message that is not spelled as it reads: references, CDATA sections, comments in between, line ends that
 * XML normalises. It is gathered, as it reads, in bytes of its own. The document has been accepted by the scan.
 */
import { isBlank } from '../envelope-xml-lexical.ts';

const LESS = 0x3c;
const CR = 0x0d;
const LF = 0x0a;

const KEPT = Buffer.allocUnsafeSlow(64 * 1024);

/** What was gathered last; valid until the next call. */
export const gathered: { bytes: Buffer; length: number } = { bytes: KEPT, length: 0 };

/** To be called after a document: the memory that a large one needed is not kept. */
export function endGathering(): void {
  gathered.bytes = KEPT;
}

/** No text reads longer than it is spelled. */
function reserve(bytes: number): void {
  gathered.length = 0;
  if (gathered.bytes.length < bytes) gathered.bytes = Buffer.allocUnsafeSlow(bytes);
}

/** Gathers the text from `from` to the next tag, and gives the place of that tag. */
export function gatherText(bytes: Uint8Array, from: number): number {
  reserve(bytes.length);
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte !== LESS) {
      at = gatherCharacter(bytes, at);
    } else if (bytes[at + 1] !== 0x21) {
      break;
    } else if (bytes[at + 2] === 0x2d) {
      at = endOf(bytes, at + 4, 0x2d);
    } else {
      const end = endOf(bytes, at + 9, 0x5d);
      gatherRaw(bytes, at + 9, end - 3);
      at = end;
    }
  }
  return at;
}

/** Gathers the value of an attribute, whose blanks read as spaces [XML 1.0 §3.3.3]; references to blanks keep them. */
export function gatherValue(bytes: Uint8Array, start: number, end: number): void {
  reserve(end - start);
  for (let at = start; at < end; ) {
    const byte = bytes[at] as number;
    if (byte === CR && bytes[at + 1] === LF) at++;
    else if (byte === 0x26) at = gatherReference(bytes, at);
    else {
      gathered.bytes[gathered.length++] = Math.max(byte, 0x20);
      at++;
    }
  }
}

/** Whether all of a range is blanks. */
export function isAllBlank(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && isBlank(bytes[at])) at++;
  return at === end;
}

/** The place after the two marks and the `>` that end a comment or a CDATA section. */
function endOf(bytes: Uint8Array, from: number, mark: number): number {
  let at = from;
  while (at < bytes.length && !(bytes[at] === mark && bytes[at + 1] === mark && bytes[at + 2] === 0x3e)) at++;
  return at + 3;
}

function gatherCharacter(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0x26) return gatherReference(bytes, at);
  gatherRaw(bytes, at, at + 1);
  return at + 1;
}

/** Line ends read as LF, however they are spelled [XML 1.0 §2.11]. */
function gatherRaw(bytes: Uint8Array, start: number, end: number): void {
  const { bytes: target } = gathered;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte !== CR) target[gathered.length++] = byte;
    else if (bytes[at + 1] !== LF) target[gathered.length++] = LF;
  }
}

/** Gathers the character that the reference at `at` stands for, and gives the place after it. */
function gatherReference(bytes: Uint8Array, at: number): number {
  const second = bytes[at + 1] as number;
  let end = at + 2;
  if (second === 0x23) {
    const isHex = bytes[end] === 0x78;
    if (isHex) end++;
    let codePoint = 0;
    for (; bytes[end] !== 0x3b && end < bytes.length; end++) {
      const byte = bytes[end] as number;
      codePoint = codePoint * (isHex ? 16 : 10) + (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
    }
    gathered.length = writeCodePoint(gathered.bytes, gathered.length, codePoint);
    return end + 1;
  }
  while (bytes[end] !== 0x3b && end < bytes.length) end++;
  gathered.bytes[gathered.length++] = namedCharacter(second, bytes[at + 2] as number);
  return end + 1;
}

/** The character of `&lt;`, `&gt;`, `&quot;`, `&amp;` or `&apos;`, told by its first letters. */
function namedCharacter(first: number, second: number): number {
  if (first === 0x6c) return LESS;
  if (first === 0x67) return 0x3e;
  if (first === 0x71) return 0x22;
  return second === 0x6d ? 0x26 : 0x27;
}

/** Writes one character in UTF-8; gives the place after it. */
export function writeCodePoint(target: Uint8Array, start: number, codePoint: number): number {
  let at = start;
  if (codePoint < 0x80) {
    target[at++] = codePoint;
    return at;
  }
  if (codePoint < 0x800) {
    target[at++] = 0xc0 | (codePoint >> 6);
  } else {
    if (codePoint < 0x10000) {
      target[at++] = 0xe0 | (codePoint >> 12);
    } else {
      target[at++] = 0xf0 | (codePoint >> 18);
      target[at++] = 0x80 | ((codePoint >> 12) & 0x3f);
    }
    target[at++] = 0x80 | ((codePoint >> 6) & 0x3f);
  }
  target[at++] = 0x80 | (codePoint & 0x3f);
  return at;
}
