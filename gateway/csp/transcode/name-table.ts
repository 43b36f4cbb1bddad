/**
 * Tags by the bytes of their names: one open-addressed table for each version, made at load from the tables that the
 * tree is encoded with, so that a start tag of XML becomes its token without a string. What is not found here has no token
 * in the version and is spelled out.
 */
import { CSP_VERSIONS, type CspVersion } from '../versions.ts';
import { type ContentKind, type Tag, tokenTables } from '../wbxml/tokens.ts';
import type { ValueContext } from '../wbxml/tokens-values.ts';

/**
 * A tag as one number, 0 for none: the token in bits 0 to 5, the page in 6 to 9, the kind in 10 and 11, the context in 12
 * and 13, the length of the name from 16 on.
 */
export type PackedTag = number;

export const TOKEN_BITS = 0x3f;
export const PAGE_SHIFT = 6;
export const PAGE_BITS = 0x0f;
const KIND_SHIFT = 10;
export const KIND_BITS = 0x0c00;
const CONTEXT_SHIFT = 12;
const CONTEXT_BITS = 0x03;
const LENGTH_SHIFT = 16;

/** How the text of an element is put into octets, in the bits of {@link KIND_BITS}. `Verbatim` is always a string. */
export const Kind = {
  Text: 0,
  Boolean: 1 << KIND_SHIFT,
  Integer: 2 << KIND_SHIFT,
  Verbatim: 3 << KIND_SHIFT,
} as const;

const KIND_OF_CONTENT: Readonly<Record<ContentKind, number>> = {
  text: Kind.Text,
  boolean: Kind.Boolean,
  integer: Kind.Integer,
  'integer-when-opaque': Kind.Verbatim,
  'date-time': Kind.Verbatim,
  binary: Kind.Verbatim,
};

/** The contexts in the order of their numbers; an element without a token, packed as 0, is in the first. */
export const CONTEXTS: readonly ValueContext[] = ['any', 'access', 'presence'];

/** The number of the context in which an element's value tokens are looked up. */
export function contextOf(tag: PackedTag): number {
  return (tag >>> CONTEXT_SHIFT) & CONTEXT_BITS;
}

const SLOTS = 2048;

export interface NameTable {
  /** By slot; 0 where nothing stands. */
  readonly tags: Int32Array;
  /** By slot: where the name starts in `names`. */
  readonly starts: Uint16Array;
  readonly names: Uint8Array;
}

function slotOf(length: number, first: number, quarter: number, middle: number, last: number): number {
  return (length * 131 + first * 59 + quarter * 283 + middle * 37 + last * 409) & (SLOTS - 1);
}

/** The tag whose name stands in a range of bytes; 0 when the version has no token for it. */
export function tagOfName(table: NameTable, bytes: Uint8Array, start: number, length: number): PackedTag {
  const { tags, names } = table;
  let slot = slotOf(
    length,
    bytes[start] as number,
    bytes[start + (length >> 2)] as number,
    bytes[start + (length >> 1)] as number,
    bytes[start + length - 1] as number,
  );
  for (;;) {
    const tag = tags[slot] as number;
    if (tag === 0) return 0;
    if (tag >>> LENGTH_SHIFT === length) {
      const name = table.starts[slot] as number;
      let same = 0;
      while (same < length && bytes[start + same] === names[name + same]) same++;
      if (same === length) return tag;
    }
    slot = (slot + 1) & (SLOTS - 1);
  }
}

function packed(name: string, { page, token, kind, context }: Tag): PackedTag {
  return (
    token |
    (page << PAGE_SHIFT) |
    KIND_OF_CONTENT[kind] |
    (CONTEXTS.indexOf(context) << CONTEXT_SHIFT) |
    (name.length << LENGTH_SHIFT)
  );
}

function build(version: CspVersion): NameTable {
  const { tagOfName: tagsByName } = tokenTables(version);
  const names = Buffer.from([...tagsByName.keys()].join(''), 'latin1');
  const tags = new Int32Array(SLOTS);
  const starts = new Uint16Array(SLOTS);
  let start = 0;
  for (const [name, tag] of tagsByName) {
    const length = name.length;
    const [first = 0, quarter = 0, middle = 0, last = 0] = [0, length >> 2, length >> 1, length - 1].map((at) =>
      name.charCodeAt(at),
    );
    let slot = slotOf(length, first, quarter, middle, last);
    while (tags[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
    tags[slot] = packed(name, tag);
    starts[slot] = start;
    start += length;
  }
  return { tags, starts, names };
}

const TABLES = new Map(CSP_VERSIONS.map((version) => [version, build(version)]));

/** The table of a version; the same object every time. */
export function nameTable(version: CspVersion): NameTable {
  return TABLES.get(version) as NameTable;
}
