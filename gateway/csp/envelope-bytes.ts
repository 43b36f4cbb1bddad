/**
 * A message while it is being scanned, in memory that is read four bytes at a time: a copy with zeros behind its end, so
 * that no reading goes beyond it. The copy lies in memory that is kept between scans (a scan is synchronous and never
 * inside another) and is wiped after each: no scan leaves bytes of a message behind.
 */

export interface ScanBytes {
  readonly bytes: AsciiSource;
  readonly view: DataView;
}

/** What every Buffer has and its types do not say: `toString` without the detour over names of encodings. */
type AsciiSource = Buffer & { latin1Slice(start: number, end: number): string };

/** Messages up to this size are copied into memory that is kept, larger ones into their own. */
const KEPT_BYTES = 16 * 1024;
/** Enough for a word that begins with the last byte. */
const ZEROS_BEHIND = 8;

const kept = scanBytes(KEPT_BYTES);

function scanBytes(length: number): ScanBytes {
  const buffer = new ArrayBuffer(length + ZEROS_BEHIND);
  return { bytes: Buffer.from(buffer) as AsciiSource, view: new DataView(buffer) };
}

/** The copy of a message, to be given back with {@link wipe}. */
export function copyForScan(message: Uint8Array): ScanBytes {
  const copy = message.length <= KEPT_BYTES ? kept : scanBytes(message.length);
  copy.bytes.set(message);
  return copy;
}

export function wipe({ bytes }: ScanBytes, length: number): void {
  bytes.fill(0, 0, length);
}

/** The text of a range that is known to be ASCII. */
export function asciiText({ bytes }: ScanBytes, start: number, end: number): string {
  return bytes.latin1Slice(start, end);
}

/** A text of ASCII, at least four characters, to be compared in words: each four bytes, the last word the last four bytes. */
export interface Spelling {
  readonly length: number;
  readonly words: Int32Array;
}

export function spelling(text: string): Spelling {
  const { view, bytes } = scanBytes(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const words = Int32Array.from({ length: Math.ceil(text.length / 4) }, (_, i) =>
    view.getInt32(Math.min(i * 4, text.length - 4), true),
  );
  return { length: text.length, words };
}

/** Whether the text stands at that place, which lies in the message. */
export function standsAt(view: DataView, at: number, { length, words }: Spelling): boolean {
  const last = words.length - 1;
  for (let i = 0; i < last; i++) if (view.getInt32(at + i * 4, true) !== words[i]) return false;
  return view.getInt32(at + length - 4, true) === words[last];
}

/** Whether the same bytes stand at both places, as many as given, the second being as far as known behind them in the message. */
export function sameBytes({ bytes, view }: ScanBytes, first: number, second: number, length: number): boolean {
  if (length < 4) {
    for (let i = 0; i < length; i++) if (bytes[first + i] !== bytes[second + i]) return false;
    return true;
  }
  const last = length - 4;
  for (let i = 0; i < last; i += 4)
    if (view.getInt32(first + i, true) !== view.getInt32(second + i, true)) return false;
  return view.getInt32(first + last, true) === view.getInt32(second + last, true);
}

/** In every byte of a word: its highest bit, its lowest bit, and the bytes that are looked for. */
const HIGHEST = 0x80808080;
const LOWEST = 0x01010101;
const BLANKS = 0x20202020;
const LESS = 0x3c3c3c3c;
const AMPERSANDS = 0x26262626;
const BRACKETS = 0x5d5d5d5d;

/** The first place from `at` on, in the copy, with a byte that is not one of ASCII from the blank on other than `<`, `&`, `]`. */
export function plainTextEnd(view: DataView, at: number): number {
  for (let i = at; ; i += 4) {
    const word = view.getInt32(i, true);
    const less = (word ^ LESS) - LOWEST;
    const ampersand = (word ^ AMPERSANDS) - LOWEST;
    const bracket = (word ^ BRACKETS) - LOWEST;
    // A byte beyond ASCII keeps its highest bit in at least two of the three.
    const odd = ((word - BLANKS) | less | ampersand | bracket) & HIGHEST;
    if (odd !== 0) return i + firstByte(odd);
  }
}

/** The first place from `at` on, in the copy, with a byte below the blank or beyond ASCII. */
export function asciiEnd(view: DataView, at: number): number {
  for (let i = at; ; i += 4) {
    const word = view.getInt32(i, true);
    const odd = (word | (word - BLANKS)) & HIGHEST;
    if (odd !== 0) return i + firstByte(odd);
  }
}

/** Which byte of a word the lowest bit that is set belongs to. What a subtraction borrows only disturbs the bytes behind it. */
function firstByte(bits: number): number {
  return (31 - Math.clz32(bits & -bits)) >> 3;
}
