/** Where the root element of an XML document starts that the scan has accepted: after all that may stand before it. */

const LESS = 0x3c;
const GREATER = 0x3e;
const BANG = 0x21;
const QUESTION = 0x3f;
const HYPHEN = 0x2d;

/** The place of the root's `<`. */
export function rootStart(bytes: Uint8Array): number {
  let at = 0;
  for (;;) {
    while (bytes[at] !== LESS && at < bytes.length) at++;
    const next = bytes[at + 1];
    if (next === QUESTION) at = after(bytes, at + 2, QUESTION);
    else if (next !== BANG) return at;
    else if (bytes[at + 2] === HYPHEN) at = after(bytes, at + 4, HYPHEN);
    else at = doctypeEnd(bytes, at);
  }
}

/** The place after `?>` or `-->`. A comment holds no two hyphens but at its end. */
function after(bytes: Uint8Array, from: number, mark: number): number {
  let at = from;
  while (at < bytes.length && !(isEnd(bytes, at, mark) && bytes[at + 1] === GREATER)) at++;
  return at + 2;
}

function isEnd(bytes: Uint8Array, at: number, mark: number): boolean {
  return bytes[at] === mark && (mark === QUESTION || bytes[at - 1] === mark);
}

/** A `>` between quotes is part of an identifier. */
function doctypeEnd(bytes: Uint8Array, from: number): number {
  let quote = 0;
  let at = from;
  for (; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (quote !== 0) {
      if (byte === quote) quote = 0;
    } else if (byte === 0x22 || byte === 0x27) quote = byte;
    else if (byte === GREATER) break;
  }
  return at + 1;
}
