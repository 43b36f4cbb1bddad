/**
 * WBXML to XML in one pass over a document that the scan has accepted: names and values are copied as bytes, the end of an
 * element from its own beginning. What is written is what would be written of the tree that the document holds, octet for
 * octet. Content in octets takes the way over the tree, since how it is spelled may be said behind it.
 */
import { CspError, type CspErrorCode } from '../errors.ts';
import { WBXML_EXPANSION } from '../limits.ts';
import type { CspVersion } from '../versions.ts';
import { dateTimeText, integerText } from '../wbxml/content.ts';
import {
  END,
  ENTITY,
  EXT_T_0,
  HAS_ATTRIBUTES,
  HAS_CONTENT,
  LITERAL,
  OPAQUE,
  STR_I,
  STR_T,
  SWITCH_PAGE,
} from '../wbxml/tokens-global.ts';
import { copyOf, Scratch } from './scratch.ts';
import { OpaqueKind, type TokenNames, tokenNames } from './token-names.ts';
import {
  isBlankAsWritten,
  LONGEST_ESCAPE,
  ODD_IN_TEXT,
  ODD_IN_VALUE,
  writeEscape,
  writeEscaped,
} from './xml-escapes.ts';
import { writeCodePoint } from './xml-text.ts';

const LESS = 0x3c;
const GREATER = 0x3e;
const SLASH = 0x2f;
const QUOTE = 0x22;
const TOKEN_BITS = 0x3f;

const DECLARATION = Buffer.from('<?xml version="1.0" encoding="UTF-8"?>');
const SCRATCH = new Scratch(DECLARATION);
/** More than a tag and a value token take. */
const SLACK_BYTES = 512;

/** The place that {@link Open.contents} has for an element with child elements: text beside those means nothing. */
const HAS_CHILDREN = -1;
/** The way over the tree is needed. */
const TREE_NEEDED = -1;
const NO_TAG = 0xffff;

/** The elements that are open, by depth. Kept between messages. */
interface Open {
  /** Where the name was written, and its length. */
  readonly names: Int32Array;
  readonly lengths: Int32Array;
  /** Where the content was begun to be written. */
  readonly contents: Int32Array;
  /** The tag index; {@link NO_TAG} for an element that is spelled out. */
  readonly tags: Uint16Array;
}

function openElements(depth: number): Open {
  const [names, lengths, contents] = [new Int32Array(depth), new Int32Array(depth), new Int32Array(depth)];
  return { names, lengths, contents, tags: new Uint16Array(depth) };
}

const OPEN = openElements(64);

/**
 * Undefined for a document that has to take the way over the tree.
 * @param depth how deep elements may lie, as the scan has seen to.
 * @throws {CspError}
 */
export function writeXml(bytes: Buffer, version: CspVersion, depth: number, tolerant: boolean): Buffer | undefined {
  const limit = bytes.length * WBXML_EXPANSION.factor + WBXML_EXPANSION.extraBytes;
  const out = SCRATCH.ofSize(limit + bytes.length * LONGEST_ESCAPE + SLACK_BYTES);
  const writer = new XmlFromWbxml(bytes, out, version, tokenNames(version, tolerant), limit);
  const length = writer.document(depth < OPEN.tags.length ? OPEN : openElements(depth + 1));
  return length === TREE_NEEDED ? undefined : copyOf(out, length);
}

class XmlFromWbxml {
  private readonly bytes: Buffer;
  private readonly out: Buffer;
  private readonly version: CspVersion;
  private readonly names: TokenNames;
  private readonly limit: number;
  private tableStart = 0;
  /** Where a method has read to. */
  private at = 1;

  constructor(bytes: Buffer, out: Buffer, version: CspVersion, names: TokenNames, limit: number) {
    this.bytes = bytes;
    this.out = out;
    this.version = version;
    this.names = names;
    this.limit = limit;
  }

  /** Writes the document; gives the place after it in `out`, or {@link TREE_NEEDED}. */
  document(open: Open): number {
    const { bytes, out, limit } = this;
    const { bytes: nameBytes, starts, lengths } = this.names;
    const { contents } = open;
    let at = this.header();
    let o = DECLARATION.length;
    let depth = 0;
    let page = 0;
    for (;;) {
      if (o > limit) this.fail('OVER_LIMIT', `the message is more than ${WBXML_EXPANSION.factor} times as long in XML`);
      const token = bytes[at++] as number;
      const bits = token & TOKEN_BITS;
      if (bits >= LITERAL) {
        if (contents[depth] !== HAS_CHILDREN && depth > 0) {
          o = this.blankFrom(contents[depth] as number, o);
          contents[depth] = HAS_CHILDREN;
        }
        out[o++] = LESS;
        const nameAt = o;
        let index = NO_TAG;
        if (bits === LITERAL) {
          o = this.literal(at, o);
          at = this.at;
        } else {
          index = page * 64 + bits;
          const name = starts[index] as number;
          const end = name + (lengths[index] as number);
          for (let i = name; i < end; i++) out[o++] = nameBytes[i] as number;
        }
        const nameLength = o - nameAt;
        if ((token & HAS_ATTRIBUTES) !== 0) {
          o = this.attributes(at, o);
          at = this.at;
        }
        if ((token & HAS_CONTENT) !== 0) {
          out[o++] = GREATER;
          depth++;
          open.names[depth] = nameAt;
          open.lengths[depth] = nameLength;
          open.tags[depth] = index;
          contents[depth] = o;
        } else {
          out[o++] = SLASH;
          out[o++] = GREATER;
          if (depth === 0) return o;
        }
      } else if (token === END) {
        if (contents[depth] === o) {
          out[o - 1] = SLASH;
        } else {
          out[o++] = LESS;
          out[o++] = SLASH;
          const name = open.names[depth] as number;
          const end = name + (open.lengths[depth] as number);
          for (let i = name; i < end; i++) out[o++] = out[i] as number;
        }
        out[o++] = GREATER;
        if (--depth === 0) return o;
      } else if (token === SWITCH_PAGE) {
        page = bytes[at++] as number;
      } else {
        const start = o;
        o = token === STR_I ? this.string(at, o) : this.item(token, at, o, open.tags[depth] as number);
        if (o === TREE_NEEDED) return TREE_NEEDED;
        at = this.at;
        if (contents[depth] === HAS_CHILDREN) o = this.blankFrom(start, o);
      }
    }
  }

  /** Reads the header, of which only the string table matters; gives the place of the body. */
  private header(): number {
    this.at = 1;
    if (this.uint(this.at) === 0) this.uint(this.at);
    this.uint(this.at);
    const length = this.uint(this.at);
    this.tableStart = this.at;
    return this.at + length;
  }

  private uint(from: number): number {
    let value = 0;
    let at = from;
    for (;;) {
      const byte = this.bytes[at++] as number;
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) break;
    }
    this.at = at;
    return value;
  }

  /** Takes back text beside child elements, which has to be blank. */
  private blankFrom(start: number, end: number): number {
    if (isBlankAsWritten(this.out, start, end)) return start;
    return this.fail('NOT_CSP', 'an element has text beside its child elements');
  }

  private fail(code: CspErrorCode, message: string): never {
    throw new CspError(code, message, this.at, { version: this.version });
  }

  /** Writes the name whose offset in the string table stands at `at`. */
  private literal(at: number, place: number): number {
    let o = place;
    let byte: number;
    for (let i = this.tableStart + this.uint(at); ; i++) {
      byte = this.bytes[i] as number;
      if (byte === 0) return o;
      this.out[o++] = byte;
    }
  }

  /** Writes the text from `from` to the next NUL. */
  private string(from: number, place: number, odd = ODD_IN_TEXT): number {
    const { bytes, out } = this;
    let at = from;
    let o = place;
    for (;;) {
      const byte = bytes[at++] as number;
      if (odd[byte] === 0) out[o++] = byte;
      else if (byte === 0) break;
      else o = writeEscape(out, o, byte);
    }
    this.at = at;
    return o;
  }

  /** Writes an item of text that is no inline string. */
  private item(token: number, at: number, place: number, tag: number): number {
    if (token === EXT_T_0) return this.value(this.uint(at), place, tag);
    if (token === OPAQUE) return this.opaque(at, place, tag);
    return this.rareString(token, at, place, ODD_IN_TEXT);
  }

  private rareString(token: number, from: number, place: number, odd: Uint8Array): number {
    const number = this.uint(from);
    const { at } = this;
    let o = place;
    if (token === STR_T) {
      o = this.string(this.tableStart + number, place, odd);
      this.at = at;
    } else if (number < 0x80 && odd[number] === 1) {
      o = writeEscape(this.out, place, number);
    } else {
      o = writeCodePoint(this.out, place, number);
    }
    return o;
  }

  private value(value: number, place: number, tag: number): number {
    const { bytes, contexts, valueStarts, valueLengths } = this.names;
    const index = (tag === NO_TAG ? 0 : (contexts[tag] as number) * 256) + value;
    const start = valueStarts[index] as number;
    const length = valueLengths[index] as number;
    if (length === 0) this.fail('UNKNOWN_TOKEN', `there is no value 0x${value.toString(16)}`);
    for (let i = 0; i < length; i++) this.out[place + i] = bytes[start + i] as number;
    return place + length;
  }

  private opaque(from: number, place: number, tag: number): number {
    const kind = tag === NO_TAG ? OpaqueKind.Octets : (this.names.kinds[tag] as number);
    if (kind === OpaqueKind.Octets) return TREE_NEEDED;
    const length = this.uint(from);
    const start = this.at;
    this.at = start + length;
    if (kind === OpaqueKind.Text || (kind === OpaqueKind.DateTime && length !== 6)) {
      return writeEscaped(this.out, place, this.bytes, start, this.at, ODD_IN_TEXT);
    }
    const octets = this.bytes.subarray(start, this.at);
    const text = kind === OpaqueKind.Integer ? integerText(octets) : dateTimeText(octets);
    if (text === undefined) this.fail('NOT_WELL_FORMED', 'the time zone of a date is no letter');
    for (let i = 0; i < text.length; i++) this.out[place + i] = text.charCodeAt(i);
    return place + text.length;
  }

  /** Writes the attributes that start at `from`, up to their END. */
  private attributes(from: number, place: number): number {
    const { bytes, out, limit } = this;
    let o = place;
    let isValueOpen = false;
    this.at = from;
    for (;;) {
      const token = bytes[this.at++] as number;
      if (o > limit) this.fail('OVER_LIMIT', `the message is more than ${WBXML_EXPANSION.factor} times as long in XML`);
      if (token === SWITCH_PAGE) {
        this.at++;
      } else if (token === STR_I) {
        o = this.string(this.at, o, ODD_IN_VALUE);
      } else if (token === STR_T || token === ENTITY) {
        o = this.rareString(token, this.at, o, ODD_IN_VALUE);
      } else {
        if (isValueOpen) out[o++] = QUOTE;
        if (token === END) return o;
        o = token === LITERAL ? this.attributeName(this.at, o) : this.namespace(token, o);
        isValueOpen = true;
      }
    }
  }

  private attributeName(at: number, place: number): number {
    this.out[place] = 0x20;
    let o = this.literal(at, place + 1);
    if (this.out.toString('latin1', place + 1, o) === '__proto__') {
      this.fail('NOT_ALLOWED', 'an attribute of that name is not accepted');
    }
    this.out[o++] = 0x3d;
    this.out[o++] = QUOTE;
    return o;
  }

  private namespace(token: number, place: number): number {
    const { bytes, attributeStarts, attributeLengths } = this.names;
    const start = attributeStarts[token] as number;
    const length = attributeLengths[token] as number;
    for (let i = 0; i < length; i++) this.out[place + i] = bytes[start + i] as number;
    return place + length;
  }
}
