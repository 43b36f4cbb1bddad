/**
 * Puts the messages of transcripts into bytes, in a spelling that the gateway itself never uses: XML over several lines
 * with foreign attributes and references, WBXML with all text in place instead of value tokens. A message that the gateway
 * took apart and put together again would come out differently, so byte equality means something.
 */
import type { Element } from '../../gateway/csp/element.ts';
import type { CspVersion, Encoding } from '../../gateway/csp/versions.ts';
import { tokenTables } from '../../gateway/csp/wbxml/tokens.ts';
import { PUBLIC_ID_TOKENS } from '../../gateway/csp/wbxml/tokens-values.ts';

export function spell(document: Element, version: CspVersion, encoding: Encoding): Buffer {
  return encoding === 'xml' ? spellXml(document) : spellWbxml(document, version);
}

/**
 * How a message has to come out when an element of that name is cut out of it and nothing else is touched. In WBXML the
 * page switches that only the element needed go with it, the string table stays.
 */
export function spellWithout(document: Element, name: string, version: CspVersion, encoding: Encoding): Buffer {
  return encoding === 'xml' ? cutXml(spellXml(document), name) : spellWbxml(document, version, name);
}

function spellXml(document: Element): Buffer {
  const root = { ...document, attributes: { 'xmlns:xsd': 'http://www.w3.org/2001/XMLSchema', ...document.attributes } };
  return Buffer.from(`<?xml version='1.0' encoding='utf-8'?>\n<!-- spelled by hand -->\n${xmlOf(root, '')}\n`);
}

function xmlOf({ name, attributes = {}, children, text }: Element, indent: string): string {
  const tag = Object.entries(attributes).reduce((tags, [key, value]) => `${tags}\n${indent}  ${key}='${value}'`, name);
  if (children.length === 0) return `${indent}<${tag}>${escaped(text)}</${name} >`;
  const inner = children.map((child) => xmlOf(child, `${indent}  `)).join('\n');
  return `${indent}<${tag}>\n${inner}\n${indent}</${name}>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

const END = 0x01;
const STR_I = 0x03;
const LITERAL = 0x04;
const CONTENT = 0x40;
const ATTRIBUTES = 0x80;

/** @param cut the name of an element of which only the page switch and the names in the string table are written. */
function spellWbxml(document: Element, version: CspVersion, cut?: string): Buffer {
  const { tagOfName, namespacePrefixes } = tokenTables(version);
  const bytes: number[] = [];
  const table: number[] = [];
  const literals = new Map<string, number>();
  let page = 0;

  function literal(name: string): readonly number[] {
    const offset = literals.get(name) ?? table.length;
    if (!literals.has(name)) table.push(...Buffer.from(name), 0);
    literals.set(name, offset);
    return [offset];
  }

  /** The string table of a message stays as it was, whatever is cut out of its body. */
  function keepNames(elements: readonly Element[]): void {
    for (const { name, children } of elements) {
      if (!tagOfName.has(name)) literal(name);
      keepNames(children);
    }
  }

  function text(value: string): void {
    bytes.push(STR_I, ...Buffer.from(value), 0);
  }

  function write({ name, attributes, children, text: value }: Element): void {
    if (name === cut) {
      keepNames([{ name, children, text: value }]);
      return;
    }
    const tag = tagOfName.get(name);
    const bits = (children.length > 0 || value !== '' ? CONTENT : 0) | (attributes === undefined ? 0 : ATTRIBUTES);
    if (tag !== undefined && tag.page !== page) {
      bytes.push(0, tag.page);
      page = tag.page;
    }
    if (tag === undefined) bytes.push(LITERAL | bits, ...literal(name));
    else bytes.push(tag.token | bits);
    if (attributes !== undefined) {
      const namespace = attributes.xmlns ?? '';
      const token = namespacePrefixes.findIndex((prefix) => prefix !== undefined && namespace.startsWith(prefix));
      bytes.push(token);
      text(namespace.slice(namespacePrefixes[token]?.length));
      bytes.push(END);
    }
    if ((bits & CONTENT) === 0) return;
    if (children.length === 0) text(value);
    for (const child of children) write(child);
    bytes.push(END);
  }

  write(document);
  return Buffer.from([3, PUBLIC_ID_TOKENS[version], 106, ...uint(table.length), ...table, ...bytes]);
}

function uint(value: number): readonly number[] {
  return value < 128 ? [value] : [...uint(value >> 7).map((byte) => byte | 0x80), value & 0x7f];
}

/** What is left of an XML message when an element is cut out of its text. */
function cutXml(message: Buffer, name: string): Buffer {
  return Buffer.from(message.toString().replace(new RegExp(`<${name}>[\\s\\S]*</${name}\\s*>`), ''));
}
