/**
 * XML to WBXML in one pass over a document that the scan has accepted: no tree and, but for what has no token, no strings.
 * What is written is what the tree encoder would write of the tree that the document holds, octet for octet.
 */
import { isBlank } from '../envelope-xml-lexical.ts';
import { CspError } from '../errors.ts';
import { textOf } from '../utf8.ts';
import type { CspVersion } from '../versions.ts';
import { integerOfText } from '../wbxml/content.ts';
import {
  END,
  EXT_T_0,
  HAS_ATTRIBUTES,
  HAS_CONTENT,
  LITERAL,
  OPAQUE,
  STR_I,
  SWITCH_PAGE,
} from '../wbxml/tokens-global.ts';
import { PUBLIC_ID_TOKENS } from '../wbxml/tokens-values.ts';
import { Literals } from './literals.ts';
import {
  contextOf,
  KIND_BITS,
  Kind,
  type NameTable,
  nameTable,
  PAGE_BITS,
  PAGE_SHIFT,
  type PackedTag,
  TOKEN_BITS,
  tagOfName,
} from './name-table.ts';
import { copyOf, Scratch } from './scratch.ts';
import { tokenOfValue, type ValueTable, valueTables } from './value-table.ts';
import { read, writeAttributes, writeUint } from './xml-attributes.ts';
import { rootStart } from './xml-prolog.ts';
import { endGathering, gathered, gatherText, isAllBlank } from './xml-text.ts';

const LESS = 0x3c;
const GREATER = 0x3e;
const SLASH = 0x2f;
const BANG = 0x21;
const LF = 0x0a;

/** Bytes that end a name in a start tag: blanks, `/` and `>`. */
const ENDS_NAME = new Uint8Array(256);
for (const byte of [0x09, 0x0a, 0x0d, 0x20, SLASH, GREATER]) ENDS_NAME[byte] = 1;

/** Bytes that end text, or that do not stand for themselves in it: `<`, `&` and CR. */
const ENDS_PLAIN_TEXT = new Uint8Array(256);
for (const byte of [LESS, 0x26, 0x0d]) ENDS_PLAIN_TEXT[byte] = 1;

const WBXML_VERSION_1_3 = 0x03;
const CHARSET_UTF8 = 106;
/** Version, public identifier, charset, and the length of a string table that is empty. */
const HEADER_BYTES = 4;

const SCRATCH = new Scratch(Uint8Array.of(WBXML_VERSION_1_3, 0, CHARSET_UTF8, 0));

/** The names of open elements, by their lengths. Kept between messages. */
const LENGTHS = new Int32Array(64);

/**
 * @param depth how deep elements may lie, as the scan has seen to.
 * @param unpads whether text that a document puts between line feeds is taken out from between them.
 * @throws {CspError} `NOT_CSP` for text beside elements.
 */
export function writeWbxml(bytes: Buffer, version: CspVersion, depth: number, unpads: boolean): Buffer {
  // An attribute of one byte takes more octets than it has bytes, nothing else does.
  const out = SCRATCH.ofSize(bytes.length * 2 + 256);
  const writer = new WbxmlFromXml(bytes, out, version, unpads);
  const length = writer.document(rootStart(bytes), depth < LENGTHS.length ? LENGTHS : new Int32Array(depth + 1));
  out[1] = PUBLIC_ID_TOKENS[version];
  endGathering();
  return writer.literals.length === 0 ? copyOf(out, length) : withTable(out, length, writer.literals);
}

function withTable(out: Buffer, length: number, literals: Literals): Buffer {
  const whole = Buffer.allocUnsafe(length + 5 + literals.length);
  out.copy(whole, 0, 0, HEADER_BYTES - 1);
  const table = literals.write(whole, writeUint(whole, HEADER_BYTES - 1, literals.length));
  return whole.subarray(0, table + out.copy(whole, table, HEADER_BYTES, length));
}

class WbxmlFromXml {
  readonly literals = new Literals();
  private readonly bytes: Buffer;
  private readonly out: Buffer;
  private readonly version: CspVersion;
  private readonly names: NameTable;
  private readonly values: readonly ValueTable[];
  private unpads: boolean;
  private isFirstText = true;

  constructor(bytes: Buffer, out: Buffer, version: CspVersion, unpads: boolean) {
    this.bytes = bytes;
    this.out = out;
    this.version = version;
    this.names = nameTable(version);
    this.values = valueTables(version);
    this.unpads = unpads;
  }

  /** Writes the element that starts at `root`; gives the place after it in `out`. */
  document(root: number, lengths: Int32Array): number {
    const { bytes, out, names } = this;
    let at = root;
    let o = HEADER_BYTES;
    let depth = 0;
    let page = 0;
    for (;;) {
      const nameStart = at + 1;
      let i = nameStart;
      while (ENDS_NAME[bytes[i] as number] === 0) i++;
      const nameLength = i - nameStart;
      const tag = tagOfName(names, bytes, nameStart, nameLength);
      const tagPage = (tag >>> PAGE_SHIFT) & PAGE_BITS;
      if (tagPage !== page && tag !== 0) {
        out[o++] = SWITCH_PAGE;
        out[o++] = tagPage;
        page = tagPage;
      }
      const tagAt = o;
      if (tag === 0) o = this.literal(nameStart, i, o);
      else out[o++] = tag & TOKEN_BITS;
      if (bytes[i] !== GREATER) {
        o = this.attributes(i, tagAt, o);
        i = read.end;
      }
      if (bytes[i] === SLASH) {
        at = i + 2;
      } else {
        const content = i + 1;
        i = content;
        while (ENDS_PLAIN_TEXT[bytes[i] as number] === 0) i++;
        const isPlain = bytes[i] === LESS && bytes[i + 1] !== BANG;
        if (!isPlain) i = gatherText(bytes, content);
        if (bytes[i + 1] !== SLASH) {
          if (i !== content) this.refuseText(isPlain, content, i);
          out[tagAt] = (out[tagAt] as number) | HAS_CONTENT;
          lengths[++depth] = nameLength;
          at = i;
          continue;
        }
        if (i !== content) o = isPlain ? this.text(tag, bytes, content, i, tagAt, o) : this.gatheredText(tag, tagAt, o);
        at = endTagEnd(bytes, i + 2 + nameLength);
      }
      for (;;) {
        if (depth === 0) return o;
        while (isBlank(bytes[at])) at++;
        if (bytes[at] !== LESS || bytes[at + 1] === BANG) {
          at = gatherText(bytes, at);
          this.refuseText(false, at, at);
        }
        if (bytes[at + 1] !== SLASH) break;
        out[o++] = END;
        at = endTagEnd(bytes, at + 2 + (lengths[depth--] as number));
      }
    }
  }

  private literal(start: number, end: number, place: number): number {
    this.out[place] = LITERAL;
    return writeUint(this.out, place + 1, this.literals.offsetOf(this.bytes, start, end));
  }

  private attributes(from: number, tagAt: number, place: number): number {
    const { bytes, out } = this;
    const o = writeAttributes(bytes, from, out, place, this.version, this.literals);
    if (read.any) out[tagAt] = (out[tagAt] as number) | HAS_ATTRIBUTES;
    return o;
  }

  /** Text beside elements has to be blank, and means nothing then. */
  private refuseText(isPlain: boolean, start: number, end: number): void {
    const isBlankText = isPlain ? isAllBlank(this.bytes, start, end) : isAllBlank(gathered.bytes, 0, gathered.length);
    if (isBlankText) return;
    throw new CspError('NOT_CSP', 'an element has text beside its child elements', start, { version: this.version });
  }

  private gatheredText(tag: PackedTag, tagAt: number, place: number): number {
    return gathered.length === 0 ? place : this.text(tag, gathered.bytes, 0, gathered.length, tagAt, place);
  }

  /** Writes the content of a leaf and its end. */
  private text(tag: PackedTag, text: Buffer, start: number, end: number, tagAt: number, place: number): number {
    const { out } = this;
    let from = start;
    let to = end;
    if (this.unpads && this.isPadded(text, start, end)) {
      from++;
      to--;
      if (from === to) return place;
    }
    out[tagAt] = (out[tagAt] as number) | HAS_CONTENT;
    let o = this.value(tag & KIND_BITS, contextOf(tag), text, from, to, place);
    if (o === place) {
      out[o++] = STR_I;
      if (to - from > 48) o += text.copy(out, o, from, to);
      else for (let i = from; i < to; i++) out[o++] = text[i] as number;
      out[o++] = 0;
    }
    out[o++] = END;
    return o;
  }

  /** Writes what is no string; nothing when the text has to be one. */
  private value(kind: number, context: number, text: Buffer, start: number, end: number, place: number): number {
    const { out } = this;
    if (kind === Kind.Verbatim) return place;
    if (kind === Kind.Integer) {
      const integer = integerIn(text, start, end);
      return integer < 0 ? place : writeInteger(out, place, integer);
    }
    const table = this.values[context] as ValueTable;
    let token = tokenOfValue(table, text, start, end);
    if (token < 0 && kind === Kind.Boolean) token = trimmedToken(table, text, start, end);
    if (token < 0) return place;
    out[place] = EXT_T_0;
    return writeUint(out, place + 1, token);
  }

  /** COMPAT Baraza: every leaf of its XML stands between line feeds [P17]; the first one, SessionType, tells. */
  private isPadded(text: Buffer, start: number, end: number): boolean {
    const isPadded = end - start > 1 && text[start] === LF && text[end - 1] === LF;
    if (this.isFirstText) this.unpads = isPadded;
    this.isFirstText = false;
    return isPadded;
  }
}

function endTagEnd(bytes: Buffer, nameEnd: number): number {
  let at = nameEnd;
  while (bytes[at] !== GREATER) at++;
  return at + 1;
}

/** The integer that a text spells, as {@link integerOfText} understands it; -1 for another text. */
function integerIn(text: Buffer, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = (text[i] as number) - 0x30;
    if (digit < 0 || digit > 9 || end - start > 9 || (digit === 0 && i === start && end - start > 1)) {
      return integerOfText(textOf(text, start, end)) ?? -1;
    }
    value = value * 10 + digit;
  }
  return value;
}

/** An integer in as few octets as it takes, one for zero, after their number. */
function writeInteger(out: Buffer, place: number, value: number): number {
  const count = value > 0xffffff ? 4 : value > 0xffff ? 3 : value > 0xff ? 2 : 1;
  out[place] = OPAQUE;
  out[place + 1] = count;
  let rest = value;
  for (let i = place + 1 + count; i > place + 1; i--) {
    out[i] = rest & 0xff;
    rest = Math.floor(rest / 256);
  }
  return place + 2 + count;
}

/** Booleans are understood between blanks. */
function trimmedToken(table: ValueTable, text: Buffer, start: number, end: number): number {
  const trimmed = Buffer.from(textOf(text, start, end).trim());
  return trimmed.length === 0 ? -1 : tokenOfValue(table, trimmed, 0, trimmed.length);
}
