/** Text as it is spelled in XML: what would be markup, or would not come back as it was, becomes a reference. */

const NAMES: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' };

const REFERENCE_OF_BYTE: (Buffer | undefined)[] = [];
for (const character of '&<>"\t\n\r') {
  const number = character.charCodeAt(0);
  REFERENCE_OF_BYTE[number] = Buffer.from(`&${NAMES[character] ?? `#${number}`};`);
}

/** Bytes that are no plain text: NUL, which ends a string, and what is escaped. */
export const ODD_IN_TEXT = classOf('\0&<>\r');
export const ODD_IN_VALUE = classOf('\0&<>"\t\n\r');

function classOf(characters: string): Uint8Array {
  const odd = new Uint8Array(256);
  for (const character of characters) odd[character.charCodeAt(0)] = 1;
  return odd;
}

/** No byte is spelled in more. */
export const LONGEST_ESCAPE = 6;

/** Writes the reference for a byte; gives the place after it. */
export function writeEscape(out: Uint8Array, place: number, byte: number): number {
  const reference = REFERENCE_OF_BYTE[byte] as Buffer;
  for (let i = 0; i < reference.length; i++) out[place + i] = reference[i] as number;
  return place + reference.length;
}

/** Writes a range of text; gives the place after it. */
export function writeEscaped(
  out: Uint8Array,
  place: number,
  text: Uint8Array,
  start: number,
  end: number,
  odd: Uint8Array,
): number {
  let o = place;
  for (let i = start; i < end; i++) {
    const byte = text[i] as number;
    if (odd[byte] === 0) out[o++] = byte;
    else o = writeEscape(out, o, byte);
  }
  return o;
}

/** Whether text that was written is nothing but blanks. */
export function isBlankAsWritten(out: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = out[at];
    if (byte === 0x20 || byte === 0x09 || byte === 0x0a) continue;
    // CR is the one blank that is escaped, and the one escape whose number begins with 1: `&#13;`.
    if (byte !== 0x26 || out[at + 1] !== 0x23 || out[at + 2] !== 0x31) return false;
    at += 4;
  }
  return true;
}
