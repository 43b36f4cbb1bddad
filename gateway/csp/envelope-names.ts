/**
 * Names out of bytes without decoding them: the envelope's own elements are told by length and spelling, the names of
 * primitives come out of a table of strings that exist once.
 */
import { Place } from './envelope-draft.ts';
import { PRIMITIVES } from './primitives.ts';
import { spells, textOf } from './utf8.ts';

/** The place that the name at `start` stands for under the right parent; 0 for a name that the envelope does not know. */
export function placeOfName(bytes: Uint8Array, start: number, length: number): number {
  switch (length) {
    case 4:
      if (bytes[start] === 0x50) return spells(bytes, start, 'Poll') ? Place.Poll : 0;
      return spells(bytes, start, 'Code') ? Place.Code : 0;
    case 6:
      return spells(bytes, start, 'Result') ? Place.Result : 0;
    case 7:
      return spells(bytes, start, 'Session') ? Place.Session : 0;
    case 9:
      return spells(bytes, start, 'SessionID') ? Place.SessionId : 0;
    case 11:
      if (bytes[start] === 0x54) return spells(bytes, start, 'Transaction') ? Place.Transaction : 0;
      return spells(bytes, start, 'SessionType') ? Place.SessionType : 0;
    case 13:
      return spells(bytes, start, 'TransactionID') ? Place.Id : 0;
    case 14:
      return spells(bytes, start, 'WV-CSP-Message') ? Place.Message : 0;
    case 15:
      return spells(bytes, start, 'TransactionMode') ? Place.Mode : 0;
    case 17:
      return spells(bytes, start, 'SessionDescriptor') ? Place.SessionDescriptor : 0;
    case 18:
      return spells(bytes, start, 'TransactionContent') ? Place.Content : 0;
    case 21:
      return spells(bytes, start, 'TransactionDescriptor') ? Place.Descriptor : 0;
    case 31:
      return spells(bytes, start, 'WV-CSP-VersionDiscovery-Request') ? Place.Discovery : 0;
    case 32:
      return spells(bytes, start, 'WV-CSP-VersionDiscovery-Response') ? Place.Discovery : 0;
    default:
      return 0;
  }
}

const SLOTS = 1024;
const INTERNED: (string | undefined)[] = new Array(SLOTS).fill(undefined);
for (const name of PRIMITIVES.keys()) {
  let slot = slotOf(name.length, name.charCodeAt(0), name.charCodeAt(3), name.charCodeAt(name.length >> 1));
  while (INTERNED[slot] !== undefined) slot = (slot + 1) % SLOTS;
  INTERNED[slot] = name;
}

function slotOf(length: number, first: number, fourth: number, middle: number): number {
  return (length * 37 + first * 5 + fourth * 131 + middle * 257) % SLOTS;
}

/** The name in a range of bytes that is known to be a well-formed name. */
export function internedName(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > 3) {
    const middle = bytes[start + (length >> 1)] as number;
    let slot = slotOf(length, bytes[start] as number, bytes[start + 3] as number, middle);
    for (let name = INTERNED[slot]; name !== undefined; name = INTERNED[slot]) {
      if (name.length === length && spells(bytes, start, name)) return name;
      slot = (slot + 1) % SLOTS;
    }
  }
  return textOf(bytes, start, end);
}
