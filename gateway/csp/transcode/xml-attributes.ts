/**
 * The attributes of a start tag of XML, as WBXML has them: xmlns by a token and the rest of its value, anything else
 * spelled out. The namespaces that everybody writes are told by their bytes and written as bytes.
 */
import { skipBlanks } from '../envelope-xml-lexical.ts';
import { spells, textOf } from '../utf8.ts';
import { CSP_VERSIONS, type CspVersion, NAMESPACES } from '../versions.ts';
import { tokenTables } from '../wbxml/tokens.ts';
import { END, LITERAL, STR_I } from '../wbxml/tokens-global.ts';
import type { Literals } from './literals.ts';
import { gathered, gatherValue } from './xml-text.ts';

const GREATER = 0x3e;
const SLASH = 0x2f;
const EQUALS = 0x3d;

/** An attribute list that is one usual namespace: its bytes in XML, from the blank to the end of the tag, and in WBXML. */
interface UsualList {
  readonly xml: Buffer;
  readonly wbxml: Buffer;
}

/** The namespaces of each version in the order in which a message is likely to have them, the root's last. */
const USUAL_LISTS = new Map(CSP_VERSIONS.map((version) => [version, usualLists(version)]));

function usualLists(version: CspVersion): readonly UsualList[] {
  const { trc, pa, csp } = NAMESPACES[version];
  return [trc, pa, csp].map((namespace) => {
    const [token, prefix] = namespaceToken(version, namespace);
    const wbxml = Buffer.from([token, STR_I, ...Buffer.from(namespace.slice(prefix.length)), 0, END]);
    return { xml: Buffer.from(` xmlns="${namespace}">`), wbxml };
  });
}

/** The token that an xmlns of that value begins with, and what the token says of it; -1 when there is none. */
function namespaceToken(version: CspVersion, value: string): readonly [token: number, prefix: string] {
  const { namespacePrefixes } = tokenTables(version);
  for (let token = namespacePrefixes.length - 1; token >= 0; token--) {
    const prefix = namespacePrefixes[token];
    if (prefix !== undefined && value.startsWith(prefix)) return [token, prefix];
  }
  return [-1, ''];
}

/** Where the attributes at hand ended: the place of the `>` or `/` in XML, and whether there were any. */
export const read = { end: 0, any: false };

/**
 * Writes the attributes that stand from `from`, right after an element's name; gives the place after them in `out`, and
 * leaves in {@link read} what it read.
 */
export function writeAttributes(
  bytes: Uint8Array,
  from: number,
  out: Buffer,
  place: number,
  version: CspVersion,
  literals: Literals,
): number {
  const usual = usualListAt(bytes, from, USUAL_LISTS.get(version) as readonly UsualList[]);
  if (usual !== undefined) {
    read.end = from + usual.xml.length - 1;
    read.any = true;
    for (let i = 0; i < usual.wbxml.length; i++) out[place + i] = usual.wbxml[i] as number;
    return place + usual.wbxml.length;
  }
  let o = place;
  let at = skipBlanks(bytes, from);
  read.any = bytes[at] !== GREATER && bytes[at] !== SLASH;
  while (bytes[at] !== GREATER && bytes[at] !== SLASH) {
    const nameStart = at;
    at = nameEnd(bytes, at);
    const name = at;
    while (bytes[at] !== 0x22 && bytes[at] !== 0x27) at++;
    const start = at + 1;
    const end = bytes.indexOf(bytes[at] as number, start);
    gatherValue(bytes, start, end);
    o = writeAttribute(bytes, nameStart, name, out, o, version, literals);
    at = skipBlanks(bytes, end + 1);
  }
  read.end = at;
  if (read.any) out[o++] = END;
  return o;
}

function usualListAt(bytes: Uint8Array, at: number, lists: readonly UsualList[]): UsualList | undefined {
  for (let list = 0; list < lists.length; list++) {
    const { xml } = lists[list] as UsualList;
    // The namespaces of one version differ near their ends.
    let i = xml.length - 1;
    while (i >= 0 && bytes[at + i] === xml[i]) i--;
    if (i < 0) return lists[list];
  }
  return undefined;
}

function nameEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] !== EQUALS && (bytes[at] as number) > 0x20) at++;
  return at;
}

/** Writes the attribute with the name in a range and the value that was gathered. */
function writeAttribute(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Buffer,
  place: number,
  version: CspVersion,
  literals: Literals,
): number {
  let o = place;
  const isNamespace = end - start === 5 && spells(bytes, start, 'xmlns');
  const value = isNamespace ? textOf(gathered.bytes, 0, gathered.length) : '';
  const [token, prefix] = isNamespace ? namespaceToken(version, value) : [-1, ''];
  if (token === -1) {
    out[o++] = LITERAL;
    o = writeUint(out, o, literals.offsetOf(bytes, start, end));
  } else {
    out[o++] = token;
  }
  if (gathered.length === prefix.length) return o;
  out[o++] = STR_I;
  o += gathered.bytes.copy(out, o, prefix.length, gathered.length);
  out[o++] = 0;
  return o;
}

/** Writes a multi-byte integer from 0 to 4294967295; gives the place after it. */
export function writeUint(out: Buffer, place: number, value: number): number {
  let o = place;
  for (let shift = 28; value > 0x7f && shift > 0; shift -= 7) {
    if (value >= 2 ** shift) out[o++] = 0x80 | ((value / 2 ** shift) & 0x7f);
  }
  out[o++] = value & 0x7f;
  return o;
}
