/**
 * The strict scan of a WBXML message: one pass over all tokens, no tree, no text but the ids. Tokens that the version
 * does not have are refused, and so is everything of WBXML that CSP does not use: processing instructions, extensions
 * other than EXT_T_0, the envelope's own elements spelled out as literals.
 */
import type { Envelope, ScanOptions } from './envelope.ts';
import { asciiEnd, asciiText, copyForScan, type ScanBytes, wipe } from './envelope-bytes.ts';
import { CHILD_PLACE, EnvelopeDraft, KIND_OF_PLACE, Kind, Place } from './envelope-draft.ts';
import { internedName, placeOfName } from './envelope-names.ts';
import { checkEntity, scanWbxmlAttributes } from './envelope-wbxml-attributes.ts';
import {
  checkOpaqueText,
  failEnd,
  failExpansion,
  literalNameEnd,
  scanHeader,
  stringEnd,
  tableStringStart,
  uintEnd,
  uintValue,
  type WbxmlScan,
} from './envelope-wbxml-items.ts';
import { OPAQUE_KIND_BITS, OpaqueKind, PLACE_BITS, type ScanTables, scanTables } from './envelope-wbxml-tables.ts';
import { type CodecLimits, WBXML_EXPANSION } from './limits.ts';
import { textOf } from './utf8.ts';
import { TAG_PAGES } from './wbxml/tokens.ts';

const SWITCH_PAGE = 0x00;
const END = 0x01;
const ENTITY = 0x02;
const STR_I = 0x03;
const LITERAL = 0x04;
const EXT_T_0 = 0x80;
const STR_T = 0x83;
const OPAQUE = 0xc3;
const PI = 0x43;
const HAS_CONTENT = 0x40;
const HAS_ATTRIBUTES = 0x80;
const TOKEN_BITS = 0x3f;

/** @throws {CspError} for every input that is not accepted. */
export function scanWbxmlEnvelope(bytes: Uint8Array, limits: CodecLimits, options: ScanOptions): Envelope {
  const draft = new EnvelopeDraft('wbxml', options);
  const copy = copyForScan(bytes);
  let end = 0;
  try {
    const scan = new BodyScan(bytes, copy, draft, limits);
    end = scan.document(scanHeader(scan));
  } finally {
    wipe(copy, bytes.length);
  }
  if (end !== bytes.length) draft.fail('NOT_WELL_FORMED', 'bytes follow the end of the document', end);
  return draft.finish(end);
}

const ALL_TABLES = scanTables('1.3', true);

/** Kept between scans: a scan is synchronous and never inside another. One byte per open element: its place and opaque kind. */
const openElements = new Uint8Array(64 + 1);

class BodyScan implements WbxmlScan {
  readonly bytes: Uint8Array;
  readonly copy: ScanBytes;
  readonly draft: EnvelopeDraft;
  readonly limits: CodecLimits;
  tableStart = 0;
  tableEnd = 0;
  textLeft: number;
  tokens = 0;
  idlePageSwitches = 0;
  private tables: ScanTables = ALL_TABLES;
  private elements = 0;
  /** The text of the innermost open element, when it is a value of the envelope, and whether it is plain ASCII. */
  private text = '';
  private isPlain = true;
  private textBytes = 0;

  constructor(bytes: Uint8Array, copy: ScanBytes, draft: EnvelopeDraft, limits: CodecLimits) {
    this.bytes = bytes;
    this.copy = copy;
    this.draft = draft;
    this.limits = limits;
    this.textLeft = bytes.length * WBXML_EXPANSION.factor + WBXML_EXPANSION.extraBytes;
  }

  /** The place after the document that starts at `from`. The loop keeps to itself what it needs for every token. */
  document(from: number): number {
    const { bytes, draft } = this;
    const length = bytes.length;
    const maxDepth = this.limits.depth;
    const open = maxDepth < openElements.length ? openElements : new Uint8Array(maxDepth + 1);
    let { tables } = this;
    let page = 0;
    let depth = 0;
    let info = 0;
    let at = from;
    while (at < length) {
      const token = bytes[at] as number;
      const bits = token & TOKEN_BITS;
      this.tokens++;
      if (bits > LITERAL || (bits === LITERAL && depth > 0)) {
        const parent = info & PLACE_BITS;
        if (depth >= maxDepth) failDepth(this, at);
        const tag = bits === LITERAL ? OpaqueKind.Text : (tables.tags[page * 64 + bits] as number);
        let next = bits === LITERAL ? uintEnd(this, at + 1) : at + 1;
        let place: number = Place.Elsewhere;
        if (bits === LITERAL) place = this.literalPlace(at, next, parent, page);
        else if (tag === 0) draft.fail('UNKNOWN_TOKEN', `page ${page} has no such tag in this version`, at);
        else if (depth === 0) place = this.rootPlace(tag & PLACE_BITS, at, page);
        else if (parent !== Place.Elsewhere) place = this.tagPlace(tag, page * 64 + bits, at, parent, page);
        this.countElement(at);
        if ((token & HAS_ATTRIBUTES) !== 0) next = scanWbxmlAttributes(this, next, place);
        if (depth === 0) tables = this.settleVersion(page * 64 + bits, at);
        if ((token & HAS_CONTENT) !== 0) {
          info = (tag & OPAQUE_KIND_BITS) | place;
          open[++depth] = info;
          this.text = '';
          this.isPlain = true;
        } else {
          if (place !== Place.Elsewhere) draft.leave(place, next, next, page, '', true);
          if (depth === 0) return next;
        }
        this.textBytes = 0;
        at = next;
      } else if (token === END && depth > 0) {
        if ((info & PLACE_BITS) !== Place.Elsewhere)
          draft.leave(info & PLACE_BITS, at, at + 1, page, this.text, this.isPlain);
        at++;
        if (--depth === 0) return at;
        info = open[depth] as number;
        this.textBytes = 0;
      } else if (token === STR_I && depth > 0) {
        const end = stringEnd(this, at + 1, length);
        this.addText(info & PLACE_BITS, at + 1, end);
        at = end + 1;
      } else if (token === SWITCH_PAGE) {
        page = this.switchedPage(at, page);
        at += 2;
      } else {
        if (depth === 0) this.refuseToken(token, at);
        at = this.content(token, at, info);
      }
    }
    failEnd(this, at);
  }

  /** The page that the SWITCH_PAGE at `at` brings into force. */
  private switchedPage(at: number, inForce: number): number {
    const { bytes } = this;
    if (at + 2 >= bytes.length) failEnd(this, bytes.length);
    const page = bytes[at + 1] as number;
    if (page >= TAG_PAGES) this.draft.fail('UNKNOWN_TOKEN', `there is no tag page ${page}`, at);
    // Switches to the page in force or away at once mean nothing; only those are bounded, real ones are as many as needed.
    if (page === inForce || bytes[at + 2] === SWITCH_PAGE) {
      const allowed = WBXML_EXPANSION.pageSwitchesPerThousandTokens * Math.ceil(this.tokens / 1000);
      if (++this.idlePageSwitches > allowed) this.draft.fail('OVER_LIMIT', 'too many idle page switches', at);
    }
    return page;
  }

  private rootPlace(named: number, at: number, page: number): number {
    if (named !== Place.Message && named !== Place.Discovery) {
      this.draft.fail('NOT_CSP', 'the root element is not WV-CSP-Message', at);
    }
    this.draft.enter(named, at, page, 0, '');
    return named;
  }

  /** To be called when the root's start tag has been read: its namespace decides which tokens there are. */
  private settleVersion(index: number, at: number): ScanTables {
    this.draft.rootIsRead();
    if (!this.draft.versionIsUnknown) this.tables = scanTables(this.draft.version, this.draft.tolerant);
    if (this.tables.tags[index] === 0) this.draft.fail('UNKNOWN_TOKEN', 'the version has no such root element', at);
    return this.tables;
  }

  private tagPlace(tag: number, index: number, at: number, parent: number, page: number): number {
    const place = this.childPlace(parent, tag & PLACE_BITS, at);
    if (place === Place.Primitive) this.draft.enter(place, at, page, parent, this.tables.names[index] ?? '');
    else if (place !== Place.Elsewhere) this.draft.enter(place, at, page, parent, '');
    return place;
  }

  /** The place of an element whose name stands in the string table, its offset between `at` and `end`. */
  private literalPlace(at: number, end: number, parent: number, page: number): number {
    const { bytes, draft } = this;
    const start = tableStringStart(this, at + 1, end);
    const nameEnd = literalNameEnd(this, start);
    if (parent === Place.Elsewhere) return Place.Elsewhere;
    const place = this.childPlace(parent, placeOfName(bytes, start, nameEnd - start), at);
    // A reader that goes by tokens would not find the element that one that goes by names finds.
    if (place !== Place.Elsewhere && place !== Place.Primitive) {
      draft.fail('NOT_ALLOWED', 'an element of the envelope is spelled out as a literal', at);
    }
    if (KIND_OF_PLACE[parent] === Kind.Elements && bytes.subarray(start, nameEnd).includes(0x3a)) {
      draft.fail('NOT_CSP', 'an element of the envelope has a prefix', at);
    }
    if (place === Place.Primitive) draft.enter(place, at, page, parent, internedName(bytes, start, nameEnd));
    return place;
  }

  private childPlace(parent: number, named: number, at: number): number {
    if (KIND_OF_PLACE[parent] === Kind.Text) {
      this.draft.fail('NOT_CSP', 'an element stands in a value of the envelope', at);
    }
    // COMPAT InterVillage: its Status has Code without Result around it [P17].
    if (parent === Place.Primitive && named === Place.Code && this.draft.tolerant) return Place.Code;
    return CHILD_PLACE[parent * 16 + named] as number;
  }

  private countElement(at: number): void {
    if (++this.elements > this.limits.elements)
      this.draft.fail('OVER_LIMIT', `the message has more than ${this.limits.elements} elements`, at);
  }

  /** The place after the item at `at`: text of the innermost element in any spelling but the usual one. */
  private content(token: number, at: number, info: number): number {
    const { bytes } = this;
    if (token !== STR_T && token !== EXT_T_0 && token !== OPAQUE && token !== ENTITY) this.refuseToken(token, at);
    const end = uintEnd(this, at + 1);
    const place = info & PLACE_BITS;
    if (token === EXT_T_0) {
      this.addValue(uintValue(bytes, at + 1, end), place, at);
    } else if (token === OPAQUE) {
      return this.opaque(at, end, info);
    } else if (token === STR_T) {
      const start = tableStringStart(this, at + 1, end);
      this.addText(place, start, stringEnd(this, start, this.tableEnd));
    } else {
      checkEntity(this, at + 1, end);
      this.countText(4, at);
      this.isPlain = false;
      if (KIND_OF_PLACE[place] === Kind.Text) this.text += String.fromCodePoint(uintValue(bytes, at + 1, end));
      else if (KIND_OF_PLACE[place] === Kind.Elements) this.refuseText(at);
    }
    return end;
  }

  private addText(place: number, start: number, end: number): void {
    this.countText(end - start, start);
    const kind = KIND_OF_PLACE[place];
    if (kind === Kind.Any) return;
    const { copy } = this;
    const isPlain = asciiEnd(copy.view, start) === end;
    const text = isPlain ? asciiText(copy, start, end) : textOf(this.bytes, start, end);
    if (!isPlain) this.isPlain = false;
    if (kind === Kind.Text) this.text = this.text === '' ? text : this.text + text;
    else if (text.trim() !== '') this.refuseText(start);
  }

  private addValue(value: number, place: number, at: number): void {
    const length = value < 256 ? (this.tables.valueLengths[value] as number) : 0;
    if (length === 0) this.draft.fail('UNKNOWN_TOKEN', 'the version has no such value token', at);
    this.textLeft -= length - 1;
    if (this.textLeft < 0) failExpansion(this, at);
    this.countText(length - 1, at);
    const kind = KIND_OF_PLACE[place];
    if (kind === Kind.Any) return;
    if (kind === Kind.Elements) this.refuseText(at);
    const text = this.tables.values[value] ?? '';
    this.text = this.text === '' ? text : this.text + text;
  }

  private opaque(at: number, start: number, info: number): number {
    const { bytes, draft } = this;
    const length = uintValue(bytes, at + 1, start);
    if (length > bytes.length - start) draft.fail('NOT_WELL_FORMED', 'opaque data is longer than the message', at);
    const end = start + length;
    this.textLeft -= length;
    if (this.textLeft < 0) failExpansion(this, at);
    this.countText(length, at);
    const kind = info & OPAQUE_KIND_BITS;
    const place = info & PLACE_BITS;
    if (kind === OpaqueKind.Integer) {
      if (length > 4) draft.fail('NOT_WELL_FORMED', 'an integer has more than four bytes', at);
    } else if (kind === OpaqueKind.Text || (kind === OpaqueKind.DateTime && length !== 6)) {
      checkOpaqueText(this, start, end);
    }
    if (place === Place.Code) this.text += integerOf(bytes, start, end);
    else if (KIND_OF_PLACE[place] !== Kind.Any) draft.fail('NOT_ALLOWED', 'opaque data stands in the envelope', at);
    return end;
  }

  private countText(length: number, at: number): void {
    this.textBytes += length;
    if (this.textBytes > this.limits.textBytes) {
      this.draft.fail('OVER_LIMIT', `the text of an element has more than ${this.limits.textBytes} bytes`, at);
    }
  }

  private refuseText(at: number): never {
    this.draft.fail('NOT_CSP', 'there is text between the elements of the envelope', at);
  }

  private refuseToken(token: number, at: number): never {
    if (token === PI) this.draft.fail('NOT_ALLOWED', 'processing instructions are refused', at);
    if (token === END) this.draft.fail('NOT_WELL_FORMED', 'there is no root element', at);
    if ((token & TOKEN_BITS) === LITERAL) this.draft.fail('NOT_CSP', 'the root element is not WV-CSP-Message', at);
    this.draft.fail('UNKNOWN_TOKEN', 'the token has no meaning here', at);
  }
}

function failDepth(scan: WbxmlScan, at: number): never {
  scan.draft.fail('OVER_LIMIT', `elements are nested deeper than ${scan.limits.depth}`, at);
}

function integerOf(bytes: Uint8Array, start: number, end: number): string {
  let value = 0;
  for (let i = start; i < end; i++) value = value * 256 + (bytes[i] as number);
  return String(value);
}
