/**
 * What the tokens of a version stand for, as bytes that can be copied into XML: names of tags, value tokens, beginnings of
 * namespaces. Made at load from the tables that trees are decoded with; no name or value holds a character to be escaped.
 */
import { CSP_VERSIONS, type CspVersion } from '../versions.ts';
import { type ContentKind, TAG_PAGES, type TokenTables, tokenTables, tolerantTokenTables } from '../wbxml/tokens.ts';
import { CONTEXTS } from './name-table.ts';

/** What OPAQUE data of an element is. */
export const OpaqueKind = { Text: 0, Integer: 1, DateTime: 2, Octets: 3 } as const;

const OPAQUE_KIND_OF: Readonly<Record<ContentKind, number>> = {
  text: OpaqueKind.Text,
  boolean: OpaqueKind.Text,
  integer: OpaqueKind.Integer,
  'integer-when-opaque': OpaqueKind.Integer,
  'date-time': OpaqueKind.DateTime,
  binary: OpaqueKind.Octets,
};

const TOKENS = TAG_PAGES * 64;

export interface TokenNames {
  /** Everything that the numbers below point into. */
  readonly bytes: Uint8Array;
  /** By tag index: where the name stands, and its length. */
  readonly starts: Uint16Array;
  readonly lengths: Uint8Array;
  /** By tag index: the opaque kind, and the number of the context. */
  readonly kinds: Uint8Array;
  readonly contexts: Uint8Array;
  /** By context times 256 plus value token. */
  readonly valueStarts: Uint16Array;
  readonly valueLengths: Uint8Array;
  /** By attribute start token: a blank, the name, and the value up to where its own bytes follow; length 0 for no token. */
  readonly attributeStarts: Uint16Array;
  readonly attributeLengths: Uint8Array;
}

function build(source: TokenTables): TokenNames {
  const texts: string[] = [];
  let length = 0;
  const kept = (text: string): number => {
    texts.push(text);
    length += text.length;
    return length - text.length;
  };
  const names: Omit<TokenNames, 'bytes'> = {
    starts: new Uint16Array(TOKENS),
    lengths: new Uint8Array(TOKENS),
    kinds: new Uint8Array(TOKENS),
    contexts: new Uint8Array(TOKENS),
    valueStarts: new Uint16Array(CONTEXTS.length * 256),
    valueLengths: new Uint8Array(CONTEXTS.length * 256),
    attributeStarts: new Uint16Array(256),
    attributeLengths: new Uint8Array(256),
  };
  source.tags.forEach((tag, index) => {
    if (tag === undefined) return;
    names.starts[index] = kept(tag.name);
    names.lengths[index] = tag.name.length;
    names.kinds[index] = OPAQUE_KIND_OF[tag.kind];
    names.contexts[index] = CONTEXTS.indexOf(tag.context);
  });
  CONTEXTS.forEach((context, number) => {
    source.values[context].forEach((value, token) => {
      if (value === undefined) return;
      names.valueStarts[number * 256 + token] = kept(value);
      names.valueLengths[number * 256 + token] = value.length;
    });
  });
  source.namespacePrefixes.forEach((prefix, token) => {
    if (prefix === undefined) return;
    const text = ` xmlns="${prefix}`;
    names.attributeStarts[token] = kept(text);
    names.attributeLengths[token] = text.length;
  });
  return { ...names, bytes: Buffer.from(texts.join(''), 'latin1') };
}

const STRICT = new Map(CSP_VERSIONS.map((version) => [version, build(tokenTables(version))]));
const TOLERANT = new Map(CSP_VERSIONS.map((version) => [version, build(tolerantTokenTables(version))]));

/** The names of a version; tolerant ones know the tokens of other versions too, where the version's own have none. */
export function tokenNames(version: CspVersion, tolerant: boolean): TokenNames {
  return (tolerant ? TOLERANT : STRICT).get(version) as TokenNames;
}
