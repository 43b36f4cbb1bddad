/**
 * Element tree to WBXML. Booleans and whole values become value tokens, integers octets, dates and all other text strings
 * in place; never fragments of values, which not every client joins [P12]. An element or attribute without a token in the
 * version is spelled out in the string table, which is empty otherwise. Depth is that of the tree: decoders bound it.
 */
import type { Element } from '../element.ts';
import { CspError } from '../errors.ts';
import type { CspVersion } from '../versions.ts';
import { isXmlName } from '../xml-name.ts';
import { integerOfText } from './content.ts';
import { type Tag, type TokenTables, tokenTables } from './tokens.ts';
import { END, EXT_T_0, HAS_ATTRIBUTES, HAS_CONTENT, LITERAL, OPAQUE, STR_I, SWITCH_PAGE } from './tokens-global.ts';
import { PUBLIC_ID_TOKENS } from './tokens-values.ts';
import { WbxmlWriter } from './writer.ts';

const WBXML_VERSION_1_3 = 0x03;
const CHARSET_UTF8 = 106;
const NO_TABLE_HEADER_BYTES = 4;

/**
 * A document with the header of the version, UTF-8.
 * @throws {CspError} `NOT_ALLOWED` for text that a message must not hold, or for a name that is none.
 */
export function encodeWbxmlDocument(root: Element, version: CspVersion): Buffer {
  const table = new StringTable();
  const writer = new WbxmlWriter();
  header(writer, version);
  new TreeWriter(writer, tokenTables(version), table).element(root);
  if (table.isEmpty) return writer.written();
  const withTable = new WbxmlWriter();
  header(withTable, version, table.octets());
  withTable.octets(writer.written().subarray(NO_TABLE_HEADER_BYTES));
  return withTable.written();
}

/**
 * One element to be spliced into a document of the same version: no header, no string table.
 * @param pageAtStart the tag page in force where it is put.
 * @param pageAtEnd the tag page that what follows is written for.
 * @throws {CspError} `UNKNOWN_TOKEN` when it would need the string table; `NOT_ALLOWED` as for a document.
 */
export function encodeWbxmlFragment(
  element: Element,
  version: CspVersion,
  pageAtStart: number,
  pageAtEnd: number,
): Buffer {
  const writer = new WbxmlWriter();
  const tree = new TreeWriter(writer, tokenTables(version), undefined, pageAtStart);
  tree.element(element);
  tree.switchTo(pageAtEnd);
  return writer.written();
}

const NO_TABLE = new Uint8Array(0);

function header(writer: WbxmlWriter, version: CspVersion, table: Uint8Array = NO_TABLE): void {
  writer.byte(WBXML_VERSION_1_3);
  writer.uint(PUBLIC_ID_TOKENS[version]);
  writer.uint(CHARSET_UTF8);
  writer.uint(table.length);
  writer.octets(table);
}

/** The names that a document spells out, each once. */
class StringTable {
  readonly #offsets = new Map<string, number>();
  /** Made for the first name: most documents have none. */
  #strings: WbxmlWriter | undefined;

  get isEmpty(): boolean {
    return this.#strings === undefined;
  }

  offsetOf(name: string): number {
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    if (!isXmlName(name)) throw new CspError('NOT_ALLOWED', 'an element or attribute name is no XML name', 0);
    this.#strings ??= new WbxmlWriter();
    const offset = this.#strings.written().length;
    this.#strings.string(name);
    this.#offsets.set(name, offset);
    return offset;
  }

  octets(): Uint8Array {
    return this.#strings?.written() ?? NO_TABLE;
  }
}

class TreeWriter {
  readonly #writer: WbxmlWriter;
  readonly #tables: TokenTables;
  readonly #table: StringTable | undefined;
  #page: number;

  constructor(writer: WbxmlWriter, tables: TokenTables, table: StringTable | undefined, page = 0) {
    this.#writer = writer;
    this.#tables = tables;
    this.#table = table;
    this.#page = page;
  }

  switchTo(page: number): void {
    if (page === this.#page) return;
    this.#writer.byte(SWITCH_PAGE);
    this.#writer.byte(page);
    this.#page = page;
  }

  element({ name, attributes, children, text }: Element): void {
    const tag = this.#tables.tagOfName.get(name);
    const hasContent = children.length > 0 || text !== '';
    const hasAttributes = attributes !== undefined && Object.keys(attributes).length > 0;
    const bits = (hasContent ? HAS_CONTENT : 0) | (hasAttributes ? HAS_ATTRIBUTES : 0);
    if (tag !== undefined) {
      this.switchTo(tag.page);
      this.#writer.byte(tag.token | bits);
    } else {
      this.#literal(LITERAL | bits, name);
    }
    if (hasAttributes) this.#attributes(attributes);
    if (!hasContent) return;
    if (children.length === 0) this.#content(text, tag);
    for (const child of children) this.element(child);
    this.#writer.byte(END);
  }

  #literal(token: number, name: string): void {
    if (this.#table === undefined) {
      throw new CspError('UNKNOWN_TOKEN', 'an element or attribute has no token in this version', 0);
    }
    this.#writer.byte(token);
    this.#writer.uint(this.#table.offsetOf(name));
  }

  #attributes(attributes: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(attributes)) {
      const token = name === 'xmlns' ? this.#namespaceToken(value) : -1;
      const prefix = this.#tables.namespacePrefixes[token] ?? '';
      if (token === -1) this.#literal(LITERAL, name);
      else this.#writer.byte(token);
      if (value.length === prefix.length) continue;
      this.#writer.byte(STR_I);
      this.#writer.string(value.slice(prefix.length));
    }
    this.#writer.byte(END);
  }

  #namespaceToken(value: string): number {
    const prefixes = this.#tables.namespacePrefixes;
    for (let token = prefixes.length - 1; token >= 0; token--) {
      const prefix = prefixes[token];
      if (prefix !== undefined && value.startsWith(prefix)) return token;
    }
    return -1;
  }

  /** Without a token nobody who reads it knows an element's kind: its content is plain text. */
  #content(text: string, tag: Tag | undefined): void {
    const writer = this.#writer;
    const kind = tag?.kind ?? 'text';
    if (kind === 'integer') {
      const integer = integerOfText(text);
      if (integer !== undefined) {
        writer.byte(OPAQUE);
        writer.opaqueInteger(integer);
        return;
      }
    } else if (kind === 'boolean' || kind === 'text') {
      const value = kind === 'boolean' ? text.trim() : text;
      const token = this.#tables.tokenOfValue[tag?.context ?? 'any'].get(value);
      if (token !== undefined) {
        writer.byte(EXT_T_0);
        writer.uint(token);
        return;
      }
    }
    writer.byte(STR_I);
    writer.string(text);
  }
}
