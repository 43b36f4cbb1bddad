/**
 * One document in many spellings: everything that XML and WBXML allow and that says the same. The gateway itself writes
 * none of them; it has to read them all.
 */
import type { Element } from '../../gateway/csp/element.ts';
import type { CspVersion } from '../../gateway/csp/versions.ts';
import { kindOf, type Tag, tokenTables } from '../../gateway/csp/wbxml/tokens.ts';
import { PUBLIC_ID_TOKENS } from '../../gateway/csp/wbxml/tokens-values.ts';
import { pick, type Random } from './generated.ts';

/** Elements whose text is read by the scan: XML allows no comments and sections there, WBXML no octets and no literals. */
const ENVELOPE = new Set([
  ...['WV-CSP-Message', 'Session', 'SessionDescriptor', 'SessionType', 'SessionID', 'Transaction', 'Poll'],
  ...['TransactionDescriptor', 'TransactionMode', 'TransactionID', 'TransactionContent', 'Result', 'Code'],
]);

const PROLOGUES = [
  '',
  '<?xml version="1.0" encoding="UTF-8"?>',
  "\ufeff<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\r\n",
  '<?xml version="1.0"?>\n<!-- a > b & <c> --><?say > ? ?>\n',
  '<!DOCTYPE WV-CSP-Message PUBLIC "-//OMA//DTD WV-CSP 1.2//EN" "http://x/\'>.dtd">\n',
  '<?xml version="1.0"?><!DOCTYPE WV-CSP-Message SYSTEM \'a"b>\'><!---->',
];

export function spellXml(document: Element, random: Random): Buffer {
  const epilogue = pick(random, ['', '\n', '<!-- over -->\r\n']);
  return Buffer.from(pick(random, PROLOGUES) + xmlOf(document, random) + epilogue);
}

function xmlOf({ name, attributes = {}, children, text }: Element, random: Random): string {
  const list = Object.entries(attributes).map(([key, value]) => attribute(key, value, random));
  const start = `<${name}${list.join('')}${pick(random, ['', '', ' ', '\n'])}`;
  const end = `</${name}${pick(random, ['', '', ' ', '\r\n'])}>`;
  const isEnvelope = ENVELOPE.has(name);
  if (children.length === 0) {
    if (text === '' && random(2) === 0) return `${start}/>`;
    return `${start}>${isEnvelope ? characters(text, random) : leaf(text, random)}${end}`;
  }
  const between = () => pick(random, ['', '', '\n  ', ' ', '\t', '\r\n', ...(random(8) > 0 ? [] : ['<!-- <x> & -->'])]);
  const odd = () => (isEnvelope ? between() : pick(random, [between(), between(), '&#32;', '<![CDATA[ ]]>']));
  return `${start}>${odd()}${children.map((child) => xmlOf(child, random) + odd()).join('')}${end}`;
}

function attribute(name: string, value: string, random: Random): string {
  const quote = pick(random, ['"', "'"]);
  const text = [...value].map((character) => {
    if ('\t\n\r<&'.includes(character) || character === quote) return reference(character, random);
    return character === ' ' ? pick(random, [' ', ' ', '\n', '\r\n', '\t']) : character;
  });
  const equals = pick(random, ['=', '=', ' = ', '\n=']);
  return `${pick(random, [' ', ' ', '\n  '])}${name}${equals}${quote}${text.join('')}${quote}`;
}

function leaf(text: string, random: Random): string {
  if (random(6) > 0) return characters(text, random);
  const at = random(text.length + 1);
  const [head, tail] = /[\udc00-\udfff]/.test(text.charAt(at)) ? [text, ''] : [text.slice(0, at), text.slice(at)];
  const isSection = !tail.includes(']]>') && !tail.includes('\r');
  return `${characters(head, random)}<!-- &amp; -->${isSection ? `<![CDATA[${tail}]]>` : characters(tail, random)}`;
}

function characters(text: string, random: Random): string {
  const isPlain = random(3) > 0;
  return [...text]
    .map((character) => {
      if (character === '\n') return pick(random, ['\n', '\r\n', '&#10;']);
      if ('\r<&>'.includes(character) || (!isPlain && random(6) === 0)) return reference(character, random);
      return character;
    })
    .join('');
}

const NAMED: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
};

function reference(character: string, random: Random): string {
  const number = character.codePointAt(0) ?? 0;
  const numbers = [`&#${number};`, `&#x${number.toString(16)};`, `&#x00${number.toString(16).toUpperCase()};`];
  return pick(random, [NAMED[character] ?? `&#0${number};`, ...numbers]);
}

const [END, ENTITY, STR_I, LITERAL, EXT_T_0, STR_T, OPAQUE] = [1, 2, 3, 4, 0x80, 0x83, 0xc3];

export function spellWbxml(document: Element, version: CspVersion, random: Random): Buffer {
  return new WbxmlSpelling(version, random).document(document);
}

class WbxmlSpelling {
  readonly #version: CspVersion;
  readonly #random: Random;
  readonly #table: number[] = [];
  readonly #body: number[] = [];
  #page = 0;
  #idleSwitches = 0;

  constructor(version: CspVersion, random: Random) {
    this.#version = version;
    this.#random = random;
  }

  document(root: Element): Buffer {
    const random = this.#random;
    const id = pick(random, [
      () => uint(PUBLIC_ID_TOKENS[this.#version]),
      () => [1],
      () => [0, ...uint(this.#inTable('-//OMA//DTD WV-CSP 1.2//EN'))],
    ])();
    this.#element(root, undefined);
    return Buffer.from([3, ...id, 106, ...uint(this.#table.length), ...this.#table, ...this.#body]);
  }

  #inTable(text: string): number {
    this.#table.push(...Buffer.from(text), 0);
    return this.#table.length - Buffer.byteLength(text) - 1;
  }

  #element(element: Element, parent: Element | undefined): void {
    const { name, attributes, children, text } = element;
    const random = this.#random;
    const tag = this.#tagOf(name);
    const hasContent = children.length > 0 || text !== '' || random(3) === 0;
    const bits = (hasContent ? 0x40 : 0) | (attributes === undefined ? 0 : 0x80);
    // A literal root or envelope would be refused, and so would a primitive that goes by a name of the tables.
    const isSpelledOut =
      tag === undefined || (!ENVELOPE.has(name) && parent?.name !== 'TransactionContent' && random(12) === 0);
    if (isSpelledOut) this.#body.push(LITERAL | bits, ...uint(this.#inTable(name)));
    else {
      this.#switchTo(tag.page);
      this.#body.push(tag.token | bits);
    }
    if (attributes !== undefined) this.#attributes(attributes);
    if (!hasContent) return;
    if (children.length === 0) this.#text(element, isSpelledOut ? undefined : tag, parent);
    for (const child of children) {
      this.#blank();
      this.#element(child, element);
      this.#blank();
    }
    this.#body.push(END);
  }

  #tagOf(name: string): Tag | undefined {
    return tokenTables(this.#version).tagOfName.get(name);
  }

  #switchTo(page: number): void {
    if (page === this.#page) {
      if (this.#random(20) > 0 || ++this.#idleSwitches > 30) return;
    }
    this.#body.push(0, page);
    this.#page = page;
  }

  /** Text between elements, which means nothing. */
  #blank(): void {
    if (this.#random(12) === 0) this.#body.push(STR_I, ...Buffer.from(pick(this.#random, [' ', '\r\n', '\n\t'])), 0);
  }

  #text({ name, text }: Element, tag: Tag | undefined, parent: Element | undefined): void {
    const random = this.#random;
    const octets = random(3) > 0 ? undefined : this.#octetsOf(name, text, tag, parent);
    if (octets !== undefined) {
      this.#body.push(OPAQUE, ...uint(octets.length), ...octets);
      return;
    }
    const value = tokenTables(this.#version).values[tag?.context ?? 'any'].indexOf(text);
    if (value >= 0 && random(2) === 0) this.#body.push(EXT_T_0, ...uint(value));
    else this.#string(text, random(4) === 0 && !ENVELOPE.has(name) && tag?.kind === 'text');
  }

  /** The text in octets; undefined where that would be read as something else. */
  #octetsOf(name: string, text: string, tag: Tag | undefined, parent: Element | undefined): Uint8Array | undefined {
    const kind = kindOf(name);
    if (name === 'Code') return integerOctets(text, this.#random);
    if (ENVELOPE.has(name)) return undefined;
    if (kind === 'integer' || kind === 'integer-when-opaque') {
      return tag === undefined ? undefined : integerOctets(text, this.#random);
    }
    if (kind === 'date-time') return tag === undefined ? undefined : dateOctets(text);
    if (kind !== 'binary') return Buffer.from(text);
    const info = parent?.children.find((child) => child.name === 'MessageInfo');
    const encoding = [...(parent?.children ?? []), ...(info?.children ?? [])].find(
      (child) => child.name === 'ContentEncoding',
    );
    if (tag === undefined || parent === undefined || parent.children.filter((child) => child.name === name).length > 1)
      return undefined;
    return encoding?.text === 'BASE64' ? Buffer.from(text, 'base64') : Buffer.from(text);
  }

  #string(text: string, mayBeOctets: boolean): void {
    const random = this.#random;
    const at = random(3) > 0 ? text.length : random(text.length + 1);
    const isPair = /[\udc00-\udfff]/.test(text.charAt(at));
    const [head, tail] = isPair ? [text, ''] : [text.slice(0, at), text.slice(at)];
    if (head.length > 0 && [...head].length === 1 && random(2) === 0) {
      this.#body.push(ENTITY, ...uint(head.codePointAt(0) ?? 0));
    } else if (random(4) === 0) this.#body.push(STR_T, ...uint(this.#inTable(head)));
    else if (mayBeOctets) this.#body.push(OPAQUE, ...uint(Buffer.byteLength(head)), ...Buffer.from(head));
    else this.#body.push(STR_I, ...Buffer.from(head), 0);
    if (tail !== '') this.#string(tail, mayBeOctets);
  }

  #attributes(attributes: Readonly<Record<string, string>>): void {
    const { namespacePrefixes } = tokenTables(this.#version);
    for (const [name, value] of Object.entries(attributes)) {
      const fitting = namespacePrefixes.flatMap((prefix, token) =>
        name === 'xmlns' && prefix !== undefined && value.startsWith(prefix) ? [{ prefix, token }] : [],
      );
      const known = this.#random(4) === 0 ? undefined : fitting[0];
      if (known === undefined) this.#body.push(LITERAL, ...uint(this.#inTable(name)));
      else this.#body.push(known.token);
      const rest = value.slice(known?.prefix.length ?? 0);
      if (rest !== '' || this.#random(4) === 0) this.#string(rest, false);
    }
    this.#body.push(END);
  }
}

function uint(value: number): readonly number[] {
  return value < 128 ? [value] : [...uint(Math.floor(value / 128)).map((byte) => byte | 0x80), value & 0x7f];
}

function integerOctets(text: string, random: Random): Uint8Array | undefined {
  if (!/^(0|[1-9]\d{0,9})$/.test(text) || Number(text) > 0xffffffff) return undefined;
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(Number(text));
  const first = octets.findIndex((octet) => octet !== 0);
  return octets.subarray(random(2) === 0 ? 0 : first === -1 ? 4 : first);
}

function dateOctets(text: string): Uint8Array | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)([A-Z]?)$/.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  return Uint8Array.of(
    year >> 6,
    ((year & 0x3f) << 2) | (month >> 2),
    ((month & 3) << 6) | (day << 1) | (hour >> 4),
    ((hour & 0x0f) << 4) | (minute >> 2),
    ((minute & 3) << 6) | second,
    match[7] === '' ? 0 : (match[7] ?? '').charCodeAt(0),
  );
}
