/**
 * WBXML to element tree. Iterative, and bounded by the limits of the codec; what the tables of the version do not know is
 * refused, never guessed. Elements without a token are accepted when they are spelled out in the string table.
 */
import type { Element } from '../element.ts';
import { type CodecLimits, DEFAULT_LIMITS, WBXML_EXPANSION } from '../limits.ts';
import type { CspVersion } from '../versions.ts';
import { isXmlName } from '../xml-name.ts';
import { dateTimeText, type ElementInProgress, integerText, spellContent } from './content.ts';
import { WbxmlReader } from './reader.ts';
import { kindOf, TAG_PAGES, type Tag, type TokenTables, tagIndex, tokenTables, tolerantTokenTables } from './tokens.ts';
import {
  END,
  ENTITY,
  EXT_T_0,
  HAS_ATTRIBUTES,
  HAS_CONTENT,
  LITERAL,
  OPAQUE,
  PI,
  STR_I,
  STR_T,
  SWITCH_PAGE,
} from './tokens-global.ts';

const TOKEN_BITS = 0x3f;
/** Below this, and with any of the upper bits, a token is global and no tag; LITERAL is the one that opens an element. */
const FIRST_TAG = 0x05;

const NO_CHILDREN: readonly never[] = Object.freeze([]);

export interface WbxmlReadOptions {
  readonly limits?: CodecLimits;
  /** For answers of VASPs [X5]: tokens that only other versions have are understood. */
  readonly tolerant?: boolean;
}

/**
 * The element tree of a WBXML document. The version decides which tokens there are; the caller has it from the scan.
 * @throws {CspError} for every input that is no complete and valid document, and for nothing else.
 */
export function decodeWbxmlDocument(bytes: Uint8Array, version: CspVersion, options: WbxmlReadOptions = {}): Element {
  const tables = options.tolerant ? tolerantTokenTables(version) : tokenTables(version);
  return new TreeReader(new WbxmlReader(bytes, version), tables, options.limits ?? DEFAULT_LIMITS).document();
}

/** A ContentData element in octets; it can be spelled when its parent is complete. */
interface UnspelledContent {
  readonly parent: ElementInProgress;
  readonly content: ElementInProgress;
  readonly octets: Buffer;
}

class TreeReader {
  readonly #reader: WbxmlReader;
  readonly #tables: TokenTables;
  readonly #limits: CodecLimits;
  /** The open elements and their tags, the root first. */
  readonly #open: ElementInProgress[] = [];
  readonly #openTags: Tag[] = [];
  readonly #unspelled: UnspelledContent[] = [];
  /** The octets of the binary element that is open innermost, once there are any. */
  #octets: Buffer[] | undefined;
  #page = 0;
  #tokens = 0;
  #elements = 0;
  #idlePageSwitches = 0;

  constructor(reader: WbxmlReader, tables: TokenTables, limits: CodecLimits) {
    this.#reader = reader;
    this.#tables = tables;
    this.#limits = limits;
  }

  document(): Element {
    const reader = this.#reader;
    reader.header();
    let token = this.#next();
    while (token === SWITCH_PAGE) token = this.#switchPage();
    const root = this.#startElement(token);
    while (this.#open.length > 0) this.#item(this.#next());
    if (!reader.isAtEnd) throw reader.fault('NOT_WELL_FORMED', 'octets follow the end of the document');
    return root;
  }

  #next(): number {
    this.#tokens++;
    return this.#reader.byte();
  }

  /** Handles one token of the content of the innermost element. */
  #item(token: number): void {
    if (token === END) this.#endElement();
    else if (token === STR_I || token === STR_T || token === ENTITY) this.#addText(this.#string(token));
    else if (token === EXT_T_0) this.#addText(this.#valueToken());
    else if (token === OPAQUE) this.#addOctets();
    else if (token === SWITCH_PAGE) this.#item(this.#switchPage());
    else this.#startElement(token);
  }

  /** Reads page switches up to the token that follows them, and gives that. */
  #switchPage(): number {
    const reader = this.#reader;
    for (;;) {
      const page = reader.byte();
      if (page >= TAG_PAGES) throw reader.fault('UNKNOWN_TOKEN', `there is no tag page ${page}`, reader.position - 1);
      const token = this.#next();
      // A switch that is undone at once, or goes nowhere, is the kind that only an attacker needs many of.
      if (page === this.#page || token === SWITCH_PAGE) {
        const allowed = WBXML_EXPANSION.pageSwitchesPerThousandTokens * Math.ceil(this.#tokens / 1000);
        if (++this.#idlePageSwitches > allowed) throw reader.fault('OVER_LIMIT', 'too many idle page switches');
      }
      this.#page = page;
      if (token !== SWITCH_PAGE) return token;
    }
  }

  #startElement(token: number): ElementInProgress {
    const reader = this.#reader;
    const at = reader.position - 1;
    const tag = this.#tag(token, at);
    const parent = this.#open.at(-1);
    const element: ElementInProgress = { name: tag.name, children: NO_CHILDREN, text: '' };
    if (++this.#elements > this.#limits.elements) {
      throw reader.fault('OVER_LIMIT', `more than ${this.#limits.elements} elements`, at);
    }
    if (this.#open.length >= this.#limits.depth) {
      throw reader.fault('OVER_LIMIT', `elements lie more than ${this.#limits.depth} deep`, at);
    }
    if (parent !== undefined) this.#addChild(parent, element, at);
    if ((token & HAS_ATTRIBUTES) !== 0) this.#attributes(element);
    if ((token & HAS_CONTENT) !== 0) {
      this.#open.push(element);
      this.#openTags.push(tag);
    }
    return element;
  }

  #addChild(parent: ElementInProgress, element: ElementInProgress, at: number): void {
    if (this.#octets !== undefined || !isBlank(parent.text)) {
      throw this.#reader.fault('NOT_CSP', 'an element has text beside its child elements', at);
    }
    parent.text = '';
    if (parent.children.length === 0) parent.children = [element];
    else (parent.children as ElementInProgress[]).push(element);
  }

  #tag(token: number, at: number): Tag {
    const bits = token & TOKEN_BITS;
    if (bits >= FIRST_TAG) {
      const tag = this.#tables.tags[tagIndex(this.#page, bits)];
      if (tag !== undefined) return tag;
      throw this.#reader.fault('UNKNOWN_TOKEN', `page ${this.#page} has no tag 0x${bits.toString(16)}`, at);
    }
    if (bits === LITERAL) {
      const name = this.#literalName(at);
      return { name, page: this.#page, token: LITERAL, kind: kindOf(name), context: 'any' };
    }
    if (token === PI) throw this.#reader.fault('NOT_ALLOWED', 'processing instructions are not accepted', at);
    throw this.#reader.fault('UNKNOWN_TOKEN', `the token 0x${token.toString(16)} has no meaning here`, at);
  }

  #literalName(at: number): string {
    const name = this.#reader.tableString();
    if (name.length > this.#limits.nameBytes) {
      throw this.#reader.fault('OVER_LIMIT', `a name has more than ${this.#limits.nameBytes} bytes`, at);
    }
    if (!isXmlName(name)) throw this.#reader.fault('NOT_WELL_FORMED', 'a literal name is no XML name', at);
    return name;
  }

  #attributes(element: ElementInProgress): void {
    const reader = this.#reader;
    const attributes: Record<string, string> = {};
    let count = 0;
    let name: string | undefined;
    for (;;) {
      const token = this.#next();
      const at = reader.position - 1;
      if (token === END) {
        if (count > 0) element.attributes = attributes;
        return;
      }
      if (token === SWITCH_PAGE) {
        if (reader.byte() !== 0) throw reader.fault('UNKNOWN_TOKEN', 'there is one attribute page only', at);
      } else if (token === STR_I || token === STR_T || token === ENTITY) {
        if (name === undefined) throw reader.fault('NOT_WELL_FORMED', 'a value stands before its attribute', at);
        attributes[name] += this.#string(token);
      } else {
        const prefix = token === LITERAL ? '' : this.#tables.namespacePrefixes[token];
        if (prefix === undefined) {
          throw reader.fault('UNKNOWN_TOKEN', `there is no attribute token 0x${token.toString(16)}`, at);
        }
        name = token === LITERAL ? this.#literalName(at) : 'xmlns';
        if (++count > this.#limits.attributes) {
          throw reader.fault('OVER_LIMIT', `an element has more than ${this.#limits.attributes} attributes`, at);
        }
        if (name === '__proto__') throw reader.fault('NOT_ALLOWED', 'an attribute of that name is not accepted', at);
        if (Object.hasOwn(attributes, name)) throw reader.fault('NOT_WELL_FORMED', 'an attribute stands twice', at);
        attributes[name] = prefix;
      }
    }
  }

  #string(token: typeof STR_I | typeof STR_T | typeof ENTITY): string {
    if (token === STR_I) return this.#reader.inlineString();
    return token === STR_T ? this.#reader.tableString() : this.#reader.entity();
  }

  #valueToken(): string {
    const at = this.#reader.position;
    const token = this.#reader.uint();
    const value = this.#tables.values[(this.#openTags.at(-1) as Tag).context][token];
    if (value === undefined) throw this.#reader.fault('UNKNOWN_TOKEN', `there is no value 0x${token.toString(16)}`, at);
    return value;
  }

  #addText(text: string): void {
    if (this.#octets !== undefined) {
      this.#octets.push(Buffer.from(text));
      return;
    }
    const element = this.#open.at(-1) as ElementInProgress;
    element.text += text;
    if (element.text.length > this.#limits.textBytes) {
      throw this.#reader.fault('OVER_LIMIT', `an element has more than ${this.#limits.textBytes} bytes of text`);
    }
  }

  #addOctets(): void {
    const reader = this.#reader;
    const at = reader.position - 1;
    const octets = reader.opaque();
    const { kind } = this.#openTags.at(-1) as Tag;
    if (kind === 'binary') {
      const { text, children } = this.#open.at(-1) as ElementInProgress;
      if (children.length > 0) throw reader.fault('NOT_CSP', 'an element has text beside its child elements', at);
      this.#octets ??= text === '' ? [] : [Buffer.from(text)];
      this.#octets.push(octets);
    } else if (kind === 'integer' || kind === 'integer-when-opaque') {
      const integer = integerText(octets);
      if (integer === undefined) throw reader.fault('NOT_WELL_FORMED', 'an integer has more than four octets', at);
      this.#addText(integer);
    } else if (kind === 'date-time' && octets.length === 6) {
      const date = dateTimeText(octets);
      if (date === undefined) throw reader.fault('NOT_WELL_FORMED', 'the time zone of a date is no letter', at);
      this.#addText(date);
    } else {
      this.#addText(reader.opaqueText(octets));
    }
  }

  #endElement(): void {
    const element = this.#open.pop() as ElementInProgress;
    this.#openTags.pop();
    if (element.children.length > 0) this.#endParent(element);
    const octets = this.#octets;
    if (octets === undefined) return;
    this.#octets = undefined;
    const joined = octets.length === 1 ? (octets[0] as Buffer) : Buffer.concat(octets);
    if (joined.length > this.#limits.textBytes) {
      throw this.#reader.fault('OVER_LIMIT', `an element has more than ${this.#limits.textBytes} bytes of text`);
    }
    // A document that is nothing but ContentData has no parent to wait for.
    const parent = this.#open.at(-1) ?? { name: '', children: [element], text: '' };
    this.#unspelled.push({ parent, content: element, octets: joined });
    if (this.#open.length === 0) this.#spell(parent);
  }

  #endParent(element: ElementInProgress): void {
    if (!isBlank(element.text)) {
      throw this.#reader.fault('NOT_CSP', 'an element has text beside its child elements', this.#reader.position - 1);
    }
    element.text = '';
    this.#spell(element);
  }

  #spell(parent: ElementInProgress): void {
    while (this.#unspelled.at(-1)?.parent === parent) {
      const { content, octets } = this.#unspelled.pop() as UnspelledContent;
      spellContent(parent, content, octets);
    }
  }
}

function isBlank(text: string): boolean {
  return text === '' || /^[ \t\r\n]*$/.test(text);
}
