/**
 * A text as SMS carries it: in the default alphabet of GSM 03.38 where every character is in it, else as UCS-2, and in parts
 * where it is longer than one message holds, each with the header that lets the phone put them together (3GPP 23.040).
 */

export type SmsAlphabet = 'gsm' | 'ucs2';

/** What one message holds. */
export interface SmsPart {
  /** The header that says which part it is; undefined where the text is in one message. */
  readonly header: Uint8Array | undefined;
  /** One octet a septet, or UTF-16BE. */
  readonly octets: Uint8Array;
}

/** In the order of their codes. */
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
/** Each with its code behind the escape. */
const EXTENDED: readonly (readonly [character: string, code: number])[] = [
  ['\f', 0x0a],
  ['^', 0x14],
  ['{', 0x28],
  ['}', 0x29],
  ['\\', 0x2f],
  ['[', 0x3c],
  ['~', 0x3d],
  [']', 0x3e],
  ['|', 0x40],
  ['€', 0x65],
];
const ESCAPE = 0x1b;

const CODES = codesOf();

/** Septets or UTF-16 units times two: of one message, and of one part behind its header. */
const ONE = { gsm: 160, ucs2: 140 };
const PART = { gsm: 153, ucs2: 134 };
/** What a header can count. A text that is longer loses its end. */
const MOST_PARTS = 255;

/** The alphabet that the text needs. */
export function alphabetOf(text: string): SmsAlphabet {
  return [...text].every((character) => CODES.has(character)) ? 'gsm' : 'ucs2';
}

/** @param reference tells the parts of one text from those of another; 0 to 255 */
export function smsParts(text: string, alphabet: SmsAlphabet, reference: number): readonly SmsPart[] {
  const units = [...text].map((character) => octetsOf(character, alphabet));
  const whole = units.flat();
  if (whole.length <= ONE[alphabet]) return [{ header: undefined, octets: Uint8Array.from(whole) }];
  const parts = cut(units, PART[alphabet]).slice(0, MOST_PARTS);
  return parts.map((octets, index) => ({
    // The header's length, concatenation with a reference of one octet, its length, and its three octets.
    header: Uint8Array.of(5, 0, 3, reference & 0xff, parts.length, index + 1),
    octets: Uint8Array.from(octets),
  }));
}

function codesOf(): ReadonlyMap<string, readonly number[]> {
  const codes = new Map<string, readonly number[]>();
  for (const [code, character] of [...BASIC].entries()) if (code !== ESCAPE) codes.set(character, [code]);
  for (const [character, code] of EXTENDED) codes.set(character, [ESCAPE, code]);
  return codes;
}

/** What belongs to one character, which no part may divide. */
function octetsOf(character: string, alphabet: SmsAlphabet): readonly number[] {
  if (alphabet === 'gsm') return CODES.get(character) ?? [0x3f];
  return [...Buffer.from(character, 'utf16le').swap16()];
}

function cut(units: readonly (readonly number[])[], most: number): number[][] {
  const parts: number[][] = [[]];
  for (const unit of units) {
    const last = parts.at(-1);
    if (last === undefined || last.length + unit.length > most) parts.push([...unit]);
    else last.push(...unit);
  }
  return parts;
}
