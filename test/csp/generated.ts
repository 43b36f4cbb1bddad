/**
 * Messages that a random number decides: of any version, with any element of its tables and some that no table has, with
 * text of every kind and in every script. What the envelope says is as the scan wants it; what a primitive holds need make
 * no sense.
 */
import { type Element, element } from '../../gateway/csp/element.ts';
import { type CspMessage, type Transaction, toDocument } from '../../gateway/csp/message.ts';
import { type CspVersion, NAMESPACES } from '../../gateway/csp/versions.ts';
import { kindOf, tokenTables } from '../../gateway/csp/wbxml/tokens.ts';

export type Random = (below: number) => number;

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random(list.length)] as T;
}

/** Elements that the scan looks into: they stand where they belong, and nowhere else. */
const ENVELOPE = new Set(['Result', 'Code', 'WV-CSP-Message']);
const UNKNOWN = ['Vendor-Thing', 'x:y', 'Größe', '_', 'MessageInfoList', 'SystemMessageList', 'ReactiveAuthState'];

/** A prefix would hide a primitive. */
const UNKNOWN_PRIMITIVES = UNKNOWN.filter((name) => !name.includes(':'));

interface Vocabulary {
  readonly names: readonly string[];
  readonly values: readonly string[];
}

const vocabularies = new Map<CspVersion, Vocabulary>();

function vocabularyOf(version: CspVersion): Vocabulary {
  const known = vocabularies.get(version);
  if (known !== undefined) return known;
  const { tags, values } = tokenTables(version);
  const names = tags.flatMap((tag) => (tag === undefined || ENVELOPE.has(tag.name) ? [] : [tag.name]));
  const made = { names, values: Object.values(values).flatMap((list) => list.filter((value) => value !== undefined)) };
  vocabularies.set(version, made);
  return made;
}

/** The document of a message; canonical: encoding and decoding gives it back. */
export function randomDocument(version: CspVersion, random: Random): Element {
  return toDocument(randomMessage(version, random));
}

function randomMessage(version: CspVersion, random: Random): CspMessage {
  const isInband = random(4) > 0;
  const transactions = Array.from({ length: 1 + (random(4) === 0 ? random(3) : 0) }, () =>
    transaction(version, random),
  );
  return {
    version,
    sessionType: isInband ? 'Inband' : 'Outband',
    ...(isInband ? { sessionId: idOf(random) } : {}),
    transactions,
    ...(random(3) === 0 ? { poll: random(2) === 0 } : {}),
  };
}

function transaction(version: CspVersion, random: Random): Transaction {
  const children = Array.from({ length: random(4) }, () => randomElement(version, random, 1));
  const result = random(3) > 0 ? undefined : element('Result', [element('Code', 200 + random(700))]);
  const name = pick(random, random(12) === 0 ? UNKNOWN_PRIMITIVES : vocabularyOf(version).names);
  const content = [...(result === undefined ? [] : [result]), ...children];
  const primitive =
    content.length > 0 ? element(name, content) : element(name, random(2) === 0 ? '' : textOf(random, 30));
  return { mode: random(2) === 0 ? 'Request' : 'Response', id: random(8) === 0 ? '' : idOf(random), primitive };
}

function idOf(random: Random): string {
  return (
    textOf(random, 20)
      .replace(/[\t\r\n]/g, ' ')
      .trim() || 's1'
  );
}

function randomElement(version: CspVersion, random: Random, depth: number): Element {
  const { names } = vocabularyOf(version);
  if (random(12) === 0) return contentOf(random);
  const name = random(12) === 0 ? pick(random, UNKNOWN) : pick(random, names);
  const attributes = random(10) === 0 ? { attributes: attributesOf(version, random) } : {};
  if (depth < 5 && random(3) === 0) {
    const children = Array.from({ length: 1 + random(3) }, () => randomElement(version, random, depth + 1));
    return { name, ...attributes, children, text: '' };
  }
  return { name, ...attributes, children: [], text: leafText(version, name, random) };
}

/** A message's content, in octets where it says so; the encoding stands before or behind it, or nowhere. */
function contentOf(random: Random): Element {
  const isBase64 = random(2) === 0;
  const text = textOf(random, 30);
  const content = element('ContentData', isBase64 ? Buffer.from(text).toString('base64') : text);
  const encoding = isBase64
    ? element('ContentEncoding', 'BASE64')
    : random(2) === 0
      ? element('ContentEncoding', 'None')
      : undefined;
  const info = element('MessageInfo', [
    element('ContentType', 'text/plain'),
    encoding,
    element('ContentSize', text.length),
  ]);
  const parts = pick(random, [
    [info, content],
    [content, info],
    [encoding, content],
    [content, encoding],
  ]);
  return element(pick(random, ['NewMessage', 'ContactInfo', 'x:y']), isBase64 || encoding ? parts : [content]);
}

function attributesOf(version: CspVersion, random: Random): Readonly<Record<string, string>> {
  const { csp, trc, pa } = NAMESPACES[version];
  const xmlns = pick(random, [pa, pa, trc, csp, `${pa}.x`, 'urn:other', '']);
  if (random(2) === 0) return { xmlns };
  return { ...(random(2) === 0 ? { xmlns } : {}), mode: textOf(random, 12), 'xmlns:xsi': textOf(random, 12) };
}

/** What an element of that name may hold. Blanks around a number or a boolean would not come back. */
function leafText(version: CspVersion, name: string, random: Random): string {
  const kind = kindOf(name);
  const isTrimmed = kind === 'integer' || kind === 'boolean';
  switch (random(6)) {
    case 0:
      return '';
    case 1:
      return pick(random, vocabularyOf(version).values);
    case 2:
      return String(
        pick(random, [0, 1, 127, 128, 255, 256, 65535, 65536, 16777216, 4294967295, 4294967296, '007', '-1']),
      );
    case 3:
      return pick(random, ['T', 'F', '20261122T152623Z', '20261122T152623', '20261122T1526', 'Inband']);
    default: {
      const text = textOf(random, random(40) === 0 ? 200 : 16);
      return isTrimmed ? text.trim() : text;
    }
  }
}

const SPECIAL = [
  '\t',
  '\n',
  '\r',
  '&',
  '<',
  '>',
  '"',
  "'",
  ']',
  ']]>',
  '&amp;',
  ' ',
  '\u007f',
  '\u0085',
  '\u00a0',
  '\ufeff',
];

export function textOf(random: Random, length: number): string {
  let text = '';
  for (let left = random(length + 1); left > 0; left--) {
    const number = random(0x10000);
    const kind = number >> 12;
    if (kind > 2) text += String.fromCharCode(0x20 + (number % 0x5f));
    else if (kind === 0) text += pick(random, SPECIAL);
    else if (kind === 1) text += String.fromCodePoint(0x80 + random(0xd700));
    else text += String.fromCodePoint(0x10000 + random(0x100000));
  }
  return text;
}
