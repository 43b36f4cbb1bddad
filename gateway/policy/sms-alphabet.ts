/**
 * What a short message holds (3GPP TS 23.038, 23.040): characters of the default alphabet of GSM, some of them in two places,
 * or where the text has any other character, UTF-16 units. One table for those who count and those who send.
 */

export type SmsAlphabet = 'gsm' | 'ucs2';

const ESCAPE = 0x1b;

/** In the order of their codes, the escape among them. */
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

/** The codes of a character, one a place; characters that are not in the alphabet are not in here. */
export const GSM_CODES: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ...[...BASIC].flatMap((character, code) => (code === ESCAPE ? [] : [[character, [code]] as [string, number[]]])),
  ...EXTENDED.map(([character, code]) => [character, [ESCAPE, code]] as [string, number[]]),
]);

/** Places of one message, and of one of several, in which a header takes room. */
export const PLACES: Readonly<Record<SmsAlphabet, { readonly one: number; readonly part: number }>> = {
  gsm: { one: 160, part: 153 },
  ucs2: { one: 70, part: 67 },
};

/** The alphabet that a text needs. */
export function alphabetOf(text: string): SmsAlphabet {
  return [...text].every((character) => GSM_CODES.has(character)) ? 'gsm' : 'ucs2';
}

/** How many places a character takes. */
export function placesOf(character: string, alphabet: SmsAlphabet): number {
  return alphabet === 'gsm' ? (GSM_CODES.get(character)?.length ?? 1) : character.length;
}
