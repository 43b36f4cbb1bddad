/**
 * Value tokens by the bytes of their values, for each version and context, made at load from the tables that the tree is
 * encoded with. Most texts are no values: first byte and length tell that in one look.
 */
import { CSP_VERSIONS, type CspVersion } from '../versions.ts';
import { tokenTables } from '../wbxml/tokens.ts';
import { CONTEXTS } from './name-table.ts';

/** Values have fewer bytes than a number has bits. */
const MAX_LENGTH = 31;
const SLOTS = 1024;

export interface ValueTable {
  /** By first byte: a bit for each length that a value with that byte has. */
  readonly lengths: Int32Array;
  /** By slot: the token plus 1, 0 where nothing stands. */
  readonly tokens: Int16Array;
  readonly values: readonly string[];
}

function slotOf(length: number, first: number, middle: number, last: number): number {
  return (length * 37 + first * 5 + middle * 131 + last * 257) & (SLOTS - 1);
}

/** The token for the text in a range of bytes that is not empty; -1 when it is no value. */
export function tokenOfValue(table: ValueTable, bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const first = bytes[start] as number;
  if (length > MAX_LENGTH || ((table.lengths[first] as number) & (1 << length)) === 0) return -1;
  let slot = slotOf(length, first, bytes[start + (length >> 1)] as number, bytes[end - 1] as number);
  for (;;) {
    const token = (table.tokens[slot] as number) - 1;
    if (token < 0) return -1;
    const value = table.values[slot] as string;
    if (value.length === length) {
      let same = 0;
      while (same < length && bytes[start + same] === value.charCodeAt(same)) same++;
      if (same === length) return token;
    }
    slot = (slot + 1) & (SLOTS - 1);
  }
}

function build(tokens: ReadonlyMap<string, number>): ValueTable {
  const table = { lengths: new Int32Array(256), tokens: new Int16Array(SLOTS), values: new Array(SLOTS).fill('') };
  for (const [value, token] of tokens) {
    const { length } = value;
    if (length > MAX_LENGTH) throw new RangeError(`the value ${value} is too long for this table`);
    const first = value.charCodeAt(0);
    table.lengths[first] = (table.lengths[first] as number) | (1 << length);
    let slot = slotOf(length, first, value.charCodeAt(length >> 1), value.charCodeAt(length - 1));
    while (table.tokens[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
    table.tokens[slot] = token + 1;
    table.values[slot] = value;
  }
  return table;
}

const TABLES = new Map(
  CSP_VERSIONS.map((version) => [
    version,
    CONTEXTS.map((context) => build(tokenTables(version).tokenOfValue[context])),
  ]),
);

/** The tables of a version by the number of their context; the same objects every time. */
export function valueTables(version: CspVersion): readonly ValueTable[] {
  return TABLES.get(version) as readonly ValueTable[];
}
