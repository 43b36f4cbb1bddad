/**
 * Where the children of an element stand in a message's bytes: how a feature finds the one element that it changes in
 * a message that is otherwise passed on as it came. Walks without judging, so only messages that the scan has accepted
 * may be given.
 */
import type { ByteRange } from './envelope.ts';
import { textOf } from './utf8.ts';
import type { CspVersion, Encoding } from './versions.ts';
import { tagIndex, tolerantTokenTables } from './wbxml/tokens.ts';

export interface LocatedElement {
  readonly name: string;
  /** The whole element, tags included. */
  readonly range: ByteRange;
}

/**
 * The direct children of the element at `range`, in order. `bytes` is the whole message; ranges come from its envelope
 * or from this function.
 */
export function locateChildren(
  bytes: Uint8Array,
  encoding: Encoding,
  version: CspVersion,
  range: ByteRange,
): LocatedElement[] {
  return encoding === 'xml' ? locateInXml(bytes, range) : locateInWbxml(bytes, version, range);
}

/** The first child of that name, if there is one. */
export function locateChild(
  bytes: Uint8Array,
  encoding: Encoding,
  version: CspVersion,
  range: ByteRange,
  name: string,
): ByteRange | undefined {
  return locateChildren(bytes, encoding, version, range).find((candidate) => candidate.name === name)?.range;
}

function locateInXml(bytes: Uint8Array, range: ByteRange): LocatedElement[] {
  const found: LocatedElement[] = [];
  const content = startTagEnd(bytes, range.start);
  if (bytes[content - 2] === 0x2f) return found;
  let depth = 0;
  let start = 0;
  for (let at = content; at < range.end; ) {
    if (bytes[at] !== 0x3c) {
      at++;
    } else if (bytes[at + 1] === 0x21) {
      const isComment = bytes[at + 2] === 0x2d;
      at = isComment ? after(bytes, at + 4, 0x2d, 0x2d) : after(bytes, at + 9, 0x5d, 0x5d);
    } else if (bytes[at + 1] === 0x2f) {
      if (depth === 0) break;
      at = startTagEnd(bytes, at);
      if (--depth === 0) found.push(locatedInXml(bytes, start, at));
    } else {
      if (depth === 0) start = at;
      at = startTagEnd(bytes, at);
      if (bytes[at - 2] !== 0x2f) depth++;
      else if (depth === 0) found.push(locatedInXml(bytes, start, at));
    }
  }
  return found;
}

/** The place after the `>` of the tag at `at`; one inside a quoted value does not count. */
function startTagEnd(bytes: Uint8Array, at: number): number {
  let quote = 0;
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (quote !== 0) {
      if (byte === quote) quote = 0;
    } else if (byte === 0x3e) return i + 1;
    else if (byte === 0x22 || byte === 0x27) quote = byte;
  }
  return bytes.length;
}

/** The place after the first `first second >` from `from` on. */
function after(bytes: Uint8Array, from: number, first: number, second: number): number {
  for (let i = from; i < bytes.length; i++) {
    if (bytes[i] === first && bytes[i + 1] === second && bytes[i + 2] === 0x3e) return i + 3;
  }
  return bytes.length;
}

function locatedInXml(bytes: Uint8Array, start: number, end: number): LocatedElement {
  let nameEnd = start + 1;
  while (nameEnd < end && !isNameEnd(bytes[nameEnd] as number)) nameEnd++;
  return { name: textOf(bytes, start + 1, nameEnd), range: { start, end, pageAtStart: 0, pageAtEnd: 0 } };
}

function isNameEnd(byte: number): boolean {
  return byte <= 0x20 || byte === 0x2f || byte === 0x3e;
}

function locateInWbxml(bytes: Uint8Array, version: CspVersion, range: ByteRange): LocatedElement[] {
  const found: LocatedElement[] = [];
  walkWbxml(bytes, range.start, range.pageAtStart, (token, start, end, pageAtStart, pageAtEnd) => {
    const name = wbxmlName(bytes, version, token, start, pageAtStart);
    found.push({ name, range: { start, end, pageAtStart, pageAtEnd } });
  });
  return found;
}

export interface WalkEnd {
  readonly end: number;
  readonly page: number;
}

/** Walks over the WBXML element at `start` and calls for each of its direct children. Gives the end and the page in force there. */
export function walkWbxml(
  bytes: Uint8Array,
  start: number,
  pageAtStart: number,
  onChild: (token: number, start: number, end: number, pageAtStart: number, pageAtEnd: number) => void,
): WalkEnd {
  let page = pageAtStart;
  let depth = 0;
  let childStart = start;
  let childPage = page;
  let at = start;
  do {
    const token = bytes[at] as number;
    if (token === SWITCH_PAGE) {
      page = bytes[at + 1] as number;
      at += 2;
    } else if (token === END) {
      at++;
      if (--depth === 1) onChild(bytes[childStart] as number, childStart, at, childPage, page);
    } else if (isTag(token)) {
      if (depth === 1) {
        childStart = at;
        childPage = page;
      }
      at = startTagEndWbxml(bytes, at);
      if ((token & 0x40) !== 0) depth++;
      else if (depth === 1) onChild(token, childStart, at, childPage, page);
    } else {
      at = itemEnd(bytes, at);
    }
  } while (depth > 0 && at < bytes.length);
  return { end: at, page };
}

/**
 * The range with the page switches directly before it: they were written for what stands there, and have to go with it,
 * because a switch may not stand before an END. `bytes` is a whole WBXML message.
 */
export function withSwitches(bytes: Uint8Array, range: ByteRange): ByteRange {
  let page = 0;
  let switches: { readonly start: number; readonly pageAtStart: number } | undefined;
  for (let at = stringTable(bytes).end; at < range.start; ) {
    const token = bytes[at] as number;
    if (token === SWITCH_PAGE) {
      switches ??= { start: at, pageAtStart: page };
      page = bytes[at + 1] as number;
      at += 2;
    } else {
      switches = undefined;
      if (token === END) at++;
      else at = isTag(token) ? startTagEndWbxml(bytes, at) : itemEnd(bytes, at);
    }
  }
  return { ...range, ...switches };
}

const SWITCH_PAGE = 0x00;
const END = 0x01;
const LITERAL = 0x04;

/** In content: everything but the global tokens, which are END, strings, entities, extensions and opaque data. */
function isTag(token: number): boolean {
  return (token & 0x3f) >= LITERAL;
}

function startTagEndWbxml(bytes: Uint8Array, at: number): number {
  const token = bytes[at] as number;
  const nameEnd = (token & 0x3f) === LITERAL ? uintEnd(bytes, at + 1) : at + 1;
  return (token & 0x80) !== 0 ? attributesEnd(bytes, nameEnd) : nameEnd;
}

function uintEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && (bytes[at] as number) >= 0x80) at++;
  return at + 1;
}

function uint(bytes: Uint8Array, from: number): number {
  let value = 0;
  for (let at = from; at < bytes.length; at++) {
    value = value * 128 + ((bytes[at] as number) & 0x7f);
    if ((bytes[at] as number) < 0x80) break;
  }
  return value;
}

/** The place after a string, an entity, a value token or opaque data. */
function itemEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0x03) return stringEnd(bytes, at + 1) + 1;
  const end = uintEnd(bytes, at + 1);
  return bytes[at] === 0xc3 ? end + uint(bytes, at + 1) : end;
}

function stringEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== 0) at++;
  return at;
}

function attributesEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== 0x01) {
    const token = bytes[at] as number;
    if (token === 0x00) at += 2;
    else if (token === 0x04 || token === 0x02 || token === 0x03 || token === 0x83) at = itemEnd(bytes, at);
    else at++;
  }
  return at + 1;
}

function wbxmlName(bytes: Uint8Array, version: CspVersion, token: number, at: number, page: number): string {
  const bits = token & 0x3f;
  if (bits !== 0x04) return tolerantTokenTables(version).tags[tagIndex(page, bits)]?.name ?? '';
  const start = stringTable(bytes).start + uint(bytes, at + 1);
  return textOf(bytes, start, stringEnd(bytes, start));
}

/** Where the string table lies: behind WBXML version, public id (a number, or 0 and an offset), charset and its length. */
function stringTable(bytes: Uint8Array): { readonly start: number; readonly end: number } {
  const publicIdEnd = uintEnd(bytes, 1);
  const charset = uint(bytes, 1) === 0 ? uintEnd(bytes, publicIdEnd) : publicIdEnd;
  const lengthAt = uintEnd(bytes, charset);
  const start = uintEnd(bytes, lengthAt);
  return { start, end: start + uint(bytes, lengthAt) };
}
