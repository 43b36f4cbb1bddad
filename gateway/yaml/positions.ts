/**
 * Where in the text of a YAML file a value stands. Aliases are followed to what they stand for; a path that does not
 * exist is placed at the key of its nearest ancestor that does, because that is what something is missing from.
 */
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type Node } from 'yaml';
import type { Path } from './problem.ts';

/** What of a value is meant. */
export interface Spot {
  /** The value (default), or its key. */
  readonly at?: 'value' | 'key';
  /** UTF-16 units into the value, for what is wrong inside a text. */
  readonly offset?: number;
}

/** Turns offsets into lines and columns, both from 1. Counted here because the parser's count skips lines inside some broken texts. */
export function lineCounter(text: string): (offset: number) => { readonly line: number; readonly column: number } {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (offset) => {
    const line = starts.findLastIndex((begin) => begin <= offset) + 1;
    return { line, column: offset - (starts[line - 1] ?? 0) + 1 };
  };
}

/** The offset in the text of what stands at a path. */
export function offsetAt(doc: Document, text: string, path: Path, spot: Spot): number {
  const found = stepsTo(doc, path);
  const key = found.map((step) => start(step.key)).findLast((offset) => offset !== undefined);
  const nearestKey = key ?? start(doc.contents) ?? 0;
  const value = found.at(-1)?.value ?? null;
  if (found.length < path.length || spot.at === 'key') return nearestKey;
  return (start(value) ?? nearestKey) + offsetInside(value, text, spot.offset ?? 0);
}

/** A scalar as it is written, such as `0.10` for the number 0.1; undefined where there is none. */
export function writtenAt(doc: Document, path: Path): string | undefined {
  const found = stepsTo(doc, path);
  const node = found.length < path.length ? undefined : resolved(doc, found.at(-1)?.value);
  return isScalar(node) && typeof node.source === 'string' ? node.source : undefined;
}

interface Step {
  readonly key: Node | null;
  readonly value: Node | null;
}

/** The steps of a path, as far as it exists. */
function stepsTo(doc: Document, path: Path): readonly Step[] {
  const found: Step[] = [];
  let node: Node | null = doc.contents;
  for (const part of path) {
    const step = child(resolved(doc, node), part);
    if (step === undefined) break;
    found.push(step);
    node = step.value;
  }
  return found;
}

const resolved = (doc: Document, node: Node | null | undefined) => (isAlias(node) ? node.resolve(doc) : node);

function child(node: Node | null | undefined, part: string | number): Step | undefined {
  if (isSeq(node) && typeof part === 'number') {
    const item = node.items[part];
    return isNode(item) ? { key: item, value: item } : undefined;
  }
  if (!isMap(node)) return undefined;
  // Of a key that stands twice the last is the one whose value counts.
  const pair = node.items.findLast(({ key }) => (isScalar(key) ? String(key.value) : String(key)) === String(part));
  if (pair === undefined) return undefined;
  return { key: isNode(pair.key) ? pair.key : null, value: isNode(pair.value) ? pair.value : null };
}

const start = (node: Node | null): number | undefined => node?.range?.[0];

/** An offset inside a text holds in the file only where the text stands in one piece, without escapes. */
function offsetInside(node: Node | null, text: string, offset: number): number {
  if (offset === 0 || !isScalar(node) || typeof node.value !== 'string' || node.range == null) return 0;
  const quote = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE' ? 1 : 0;
  return text.startsWith(node.value, node.range[0] + quote) ? quote + offset : 0;
}
