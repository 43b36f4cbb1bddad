/**
 * A text as SMS carries it: in the default alphabet of GSM 03.38 where every character is in it, else as UCS-2, and in parts
 * where it is longer than one message holds, each with the header that lets the phone put them together (3GPP 23.040).
 */

import { GSM_CODES, PLACES, type SmsAlphabet } from '../policy/sms-alphabet.ts';

/** What one message holds. */
export interface SmsPart {
  /** The header that says which part it is; undefined where the text is in one message. */
  readonly header: Uint8Array | undefined;
  /** One octet a septet, or UTF-16BE. */
  readonly octets: Uint8Array;
}

/** Of a place: one octet a septet, two a UTF-16 unit. */
const OCTETS: Readonly<Record<SmsAlphabet, number>> = { gsm: 1, ucs2: 2 };
/** What a header can count. A text that is longer loses its end. */
const MOST_PARTS = 255;

/** @param reference tells the parts of one text from those of another; 0 to 255 */
export function smsParts(text: string, alphabet: SmsAlphabet, reference: number): readonly SmsPart[] {
  const units = [...text].map((character) => octetsOf(character, alphabet));
  const whole = units.flat();
  const { one, part } = PLACES[alphabet];
  const octetsEach = OCTETS[alphabet];
  if (whole.length <= one * octetsEach) return [{ header: undefined, octets: Uint8Array.from(whole) }];
  const parts = cut(units, part * octetsEach).slice(0, MOST_PARTS);
  return parts.map((octets, index) => ({
    // The header's length, concatenation with a reference of one octet, its length, and its three octets.
    header: Uint8Array.of(5, 0, 3, reference & 0xff, parts.length, index + 1),
    octets: Uint8Array.from(octets),
  }));
}

/** What belongs to one character, which no part may divide. */
function octetsOf(character: string, alphabet: SmsAlphabet): readonly number[] {
  if (alphabet === 'gsm') return GSM_CODES.get(character) ?? [0x3f];
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
