/**
 * The lexical level of the strict XML scan: what a byte may be, names, references, comments, CDATA sections. Each
 * function reads one construct at a place and gives the place after it; a fault leaves through the draft.
 */
import type { EnvelopeDraft } from './envelope-draft.ts';
import type { CodecLimits } from './limits.ts';
import {
  codePointAt,
  INVALID_SEQUENCE,
  isNameBeyondAscii,
  isNameStartBeyondAscii,
  isXmlCharacter,
  sequenceLength,
  spells,
  textOf,
} from './utf8.ts';

/** What a byte means in text. `Plain` is 0, so that the hot loop tests one thing. */
export const Text = { Plain: 0, Less: 1, Ampersand: 2, Bracket: 3, High: 4, Control: 5 } as const;
export const TEXT_CLASS = new Uint8Array(256);
TEXT_CLASS.fill(Text.Control, 0, 0x20);
TEXT_CLASS.fill(Text.High, 0x80);
for (const blank of [0x09, 0x0a, 0x0d]) TEXT_CLASS[blank] = Text.Plain;
TEXT_CLASS[0x3c] = Text.Less;
TEXT_CLASS[0x26] = Text.Ampersand;
TEXT_CLASS[0x5d] = Text.Bracket;

/** What a byte may be in a name: bit 1 inside, bit 2 at the start too. */
export const NAME_CLASS = new Uint8Array(256);
for (const char of '-.0123456789') NAME_CLASS[char.charCodeAt(0)] = 1;
for (const char of ':_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz') NAME_CLASS[char.charCodeAt(0)] = 3;

export function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

export function skipBlanks(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && isBlank(bytes[at])) at++;
  return at;
}

/** The place after a name that starts at `from`. */
export function scanName(bytes: Uint8Array, from: number, draft: EnvelopeDraft, limits: CodecLimits): number {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte >= 0x80) {
      const length = highLength(bytes, at, draft);
      const codePoint = codePointAt(bytes, at, length);
      if (!(at === from ? isNameStartBeyondAscii(codePoint) : isNameBeyondAscii(codePoint))) break;
      at += length;
    } else {
      const nameClass = NAME_CLASS[byte] as number;
      if (nameClass === 0 || (at === from && nameClass === 1)) break;
      at++;
    }
  }
  if (at === from) draft.fail('NOT_WELL_FORMED', 'a name was expected', from);
  if (at - from > limits.nameBytes) draft.fail('OVER_LIMIT', `a name has more than ${limits.nameBytes} bytes`, from);
  return at;
}

/** The length of the sequence at a byte of 0x80 or more. */
export function highLength(bytes: Uint8Array, at: number, draft: EnvelopeDraft): number {
  const length = sequenceLength(bytes, at, bytes.length);
  if (length > 0) return length;
  if (length === INVALID_SEQUENCE) draft.fail('NOT_UTF8', 'the text is not UTF-8', at);
  draft.fail('NOT_ALLOWED', 'the text holds U+FFFE or U+FFFF', at);
}

const NAMED: readonly (readonly [string, string])[] = [
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&amp;', '&'],
  ['&quot;', '"'],
  ['&apos;', "'"],
];

/** The place after the reference at `at`: one of the five, or a number of a character that XML allows. */
export function scanReference(bytes: Uint8Array, at: number, draft: EnvelopeDraft): number {
  if (bytes[at + 1] === 0x23) {
    const end = digitsEnd(bytes, at + 2);
    if (end === at + 2 || bytes[end] !== 0x3b) draft.fail('NOT_WELL_FORMED', 'a character reference is malformed', at);
    if (!isXmlCharacter(referredCharacter(bytes, at, end))) {
      draft.fail('NOT_ALLOWED', 'a reference stands for a character that XML does not allow', at);
    }
    return end + 1;
  }
  for (const [spelling] of NAMED) if (spells(bytes, at, spelling)) return at + spelling.length;
  let end = at + 1;
  while (end < bytes.length && ((NAME_CLASS[bytes[end] as number] as number) !== 0 || (bytes[end] as number) >= 0x80)) {
    end++;
  }
  if (end === at + 1 || bytes[end] !== 0x3b) draft.fail('NOT_WELL_FORMED', 'an ampersand starts no reference', at);
  draft.fail('NOT_ALLOWED', 'only the five named entities and numeric references are allowed', at);
}

function digitsEnd(bytes: Uint8Array, from: number): number {
  const hex = bytes[from] === 0x78;
  const first = hex ? from + 1 : from;
  let at = first;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    const lower = byte | 0x20;
    if (!((byte >= 0x30 && byte <= 0x39) || (hex && lower >= 0x61 && lower <= 0x66))) break;
    at++;
  }
  return at === first ? from : at;
}

/** The character of the numeric reference from `at` to its semicolon; -1 when it is beyond every character. */
function referredCharacter(bytes: Uint8Array, at: number, semicolon: number): number {
  const hex = bytes[at + 2] === 0x78;
  let value = 0;
  for (let i = at + (hex ? 3 : 2); i < semicolon; i++) {
    const byte = bytes[i] as number;
    const digit = byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57;
    value = value * (hex ? 16 : 10) + digit;
    if (value > 0x10ffff) return -1;
  }
  return value;
}

/** The text of a scanned range with its references resolved. */
export function resolvedText(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  let from = start;
  for (let at = start; at < end; at++) {
    if (bytes[at] !== 0x26) continue;
    text += textOf(bytes, from, at);
    if (bytes[at + 1] === 0x23) {
      const semicolon = digitsEnd(bytes, at + 2);
      text += String.fromCodePoint(referredCharacter(bytes, at, semicolon));
      at = semicolon;
    } else {
      for (const [spelling, character] of NAMED) {
        if (!spells(bytes, at, spelling)) continue;
        text += character;
        at += spelling.length - 1;
        break;
      }
    }
    from = at + 1;
  }
  return text + textOf(bytes, from, end);
}

/** The place after the comment that starts at `at` with `<!--`. */
export function scanComment(bytes: Uint8Array, at: number, draft: EnvelopeDraft): number {
  for (let i = at + 4; i < bytes.length; ) {
    if (bytes[i] === 0x2d && bytes[i + 1] === 0x2d) {
      if (bytes[i + 2] !== 0x3e) draft.fail('NOT_WELL_FORMED', 'a comment holds two hyphens', i);
      return i + 3;
    }
    i = scanCharacter(bytes, i, draft);
  }
  draft.fail('NOT_WELL_FORMED', 'a comment has no end', at);
}

/** The place after the CDATA section that starts at `at` with `<![CDATA[`. */
export function scanCdata(bytes: Uint8Array, at: number, draft: EnvelopeDraft): number {
  for (let i = at + 9; i < bytes.length; ) {
    if (bytes[i] === 0x5d && bytes[i + 1] === 0x5d && bytes[i + 2] === 0x3e) return i + 3;
    i = scanCharacter(bytes, i, draft);
  }
  draft.fail('NOT_WELL_FORMED', 'a CDATA section has no end', at);
}

/** The place after one character, whatever it is, as long as XML allows it. */
export function scanCharacter(bytes: Uint8Array, at: number, draft: EnvelopeDraft): number {
  const textClass = TEXT_CLASS[bytes[at] as number];
  if (textClass === Text.High) return at + highLength(bytes, at, draft);
  if (textClass === Text.Control) draft.fail('NOT_ALLOWED', 'the document holds a control character', at);
  return at + 1;
}
