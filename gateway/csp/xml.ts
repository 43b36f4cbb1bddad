/**
 * XML in both directions. Reading leaves the parsing to fast-xml-parser, which takes things that are no XML: it runs only
 * behind the strict scan, and decodes no references; that is done here, in one place. Writing is our own: the library's
 * builder puts out characters that XML does not allow and CR unescaped, so that not every tree would come back as it was.
 */
import { XMLParser } from 'fast-xml-parser';
import type { Element } from './element.ts';
import { CspError } from './errors.ts';
import { isXmlCharacter } from './utf8.ts';
import { isXmlName } from './xml-name.ts';

const TEXT = '#text';
const CDATA = '#cdata';
const ATTRIBUTES = ':@';

const parser = new XMLParser({
  preserveOrder: true,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  textNodeName: TEXT,
  cdataPropName: CDATA,
  // The scan has its own, stricter limit; this one only has to lie above it.
  maxNestedTags: 10_000,
  // Names become keys of objects that have nothing else; the truly dangerous ones are refused by the library.
  onDangerousProperty: (name) => name,
});

/** What the parser makes of a document: one object a node, its name the key of its content. */
type ParsedNode = Readonly<Record<string, readonly ParsedNode[] | string | Readonly<Record<string, string>>>>;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The element tree of a document that the scan has accepted. Blanks between elements are dropped, the text of leaves is
 * kept as it is.
 * @throws {CspError} for a document that the scan would not have accepted, or that mixes text and elements.
 */
export function decodeXmlDocument(bytes: Uint8Array): Element {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new CspError('NOT_UTF8', 'the document is not UTF-8', 0);
  }
  let nodes: readonly ParsedNode[];
  try {
    nodes = parser.parse(text) as readonly ParsedNode[];
  } catch {
    throw new CspError('NOT_WELL_FORMED', 'the document is not well-formed', 0);
  }
  const roots = nodes.filter((node) => node[TEXT] === undefined);
  const [root] = roots;
  if (root === undefined || roots.length > 1) {
    throw new CspError('NOT_WELL_FORMED', 'the document has no root element, or more than one', 0);
  }
  return elementOf(root);
}

function elementOf(node: ParsedNode): Element {
  const name = nameOf(node);
  let text = '';
  const children: Element[] = [];
  for (const part of node[name] as readonly ParsedNode[]) {
    if (part[TEXT] !== undefined) text += withReferences(part[TEXT] as string);
    else if (part[CDATA] !== undefined) text += cdataText(part[CDATA] as readonly ParsedNode[]);
    else children.push(elementOf(part));
  }
  if (children.length > 0) {
    if (!/^[ \t\r\n]*$/.test(text)) throw new CspError('NOT_CSP', 'an element has text beside its child elements', 0);
    text = '';
  }
  const parsed = node[ATTRIBUTES] as Readonly<Record<string, string>> | undefined;
  if (parsed === undefined) return { name, children, text };
  const attributes: Record<string, string> = {};
  for (const [attribute, value] of Object.entries(parsed)) {
    // Blanks that stand as themselves read as spaces [XML 1.0 §3.3.3]; references to them keep them.
    attributes[attribute] = withReferences(value.replace(/[\t\r\n]/g, ' '));
  }
  return { name, attributes, children, text };
}

function nameOf(node: ParsedNode): string {
  for (const key in node) if (key !== ATTRIBUTES) return key;
  throw new CspError('NOT_WELL_FORMED', 'an element has no name', 0);
}

function cdataText(parts: readonly ParsedNode[]): string {
  return parts.map((part) => part[TEXT] as string).join('');
}

const NAMED_REFERENCES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function withReferences(text: string): string {
  return text.includes('&') ? text.replace(/&([^;&]*);?/g, (_reference, name: string) => character(name)) : text;
}

/** The character that a reference stands for: one of the five names, or a number. */
function character(name: string): string {
  const named = Object.hasOwn(NAMED_REFERENCES, name) ? NAMED_REFERENCES[name] : undefined;
  if (named !== undefined) return named;
  const number = /^#(?:0*(\d{1,7})|x0*([0-9a-fA-F]{1,6}))$/.exec(name);
  const codePoint = number === null ? -1 : Number.parseInt(number[1] ?? number[2] ?? '', number[1] ? 10 : 16);
  if (codePoint < 0 || !isXmlCharacter(codePoint)) {
    throw new CspError('NOT_ALLOWED', 'a reference is neither one of the five nor a character of XML', 0);
  }
  return String.fromCodePoint(codePoint);
}

/** How a document is laid out; without it nothing stands between the elements. */
export interface Layout {
  /** The blanks of one level; every element stands on a line of its own. */
  readonly indent: string;
}

/**
 * A document in UTF-8 with its declaration, without a DOCTYPE [X5].
 * @throws {CspError} `NOT_ALLOWED` for a character that XML does not allow, or a name that is none.
 */
export function encodeXmlDocument(root: Element, layout?: Layout): Buffer {
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>';
  if (layout === undefined) return Buffer.from(declaration + encodeXmlFragment(root));
  return Buffer.from(`${declaration}${written(root, '\n', layout.indent)}\n`);
}

/**
 * One element, to be spliced into a document.
 * @throws {CspError} as {@link encodeXmlDocument}.
 */
export function encodeXmlFragment(element: Element): string {
  return written(element, '', '');
}

/** @param lineStart what goes before the element: nothing, or a line feed and its indentation. */
function written({ name, attributes, children, text }: Element, lineStart: string, indent: string): string {
  if (!isXmlName(name)) throw new CspError('NOT_ALLOWED', 'an element name is no XML name', 0);
  let out = `${lineStart}<${name}`;
  if (attributes !== undefined) {
    for (const [attribute, value] of Object.entries(attributes)) {
      if (!isXmlName(attribute)) throw new CspError('NOT_ALLOWED', 'an attribute name is no XML name', 0);
      out += ` ${attribute}="${escaped(value, ATTRIBUTE_SPECIALS)}"`;
    }
  }
  if (children.length === 0) return text === '' ? `${out}/>` : `${out}>${escaped(text, TEXT_SPECIALS)}</${name}>`;
  out += '>';
  const childStart = lineStart + indent;
  for (const child of children) out += written(child, childStart, indent);
  return `${out}${lineStart}</${name}>`;
}

const TEXT_SPECIALS = /[&<>\r]/g;
const ATTRIBUTE_SPECIALS = /[&<>"\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string, specials: RegExp): string {
  let isPlain = true;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x20 && unit < 0xd800) {
      if (unit < 0x3f && (unit === 0x26 || unit === 0x3c || unit === 0x3e || unit === 0x22)) isPlain = false;
      continue;
    }
    const codePoint = text.codePointAt(i) as number;
    if (!isXmlCharacter(codePoint)) throw new CspError('NOT_ALLOWED', 'text with a character XML does not allow', 0);
    if (codePoint > 0xffff) i++;
    else if (unit < 0x20) isPlain = false;
  }
  return isPlain ? text : text.replace(specials, (special) => ESCAPES[special] ?? `&#${special.charCodeAt(0)};`);
}
