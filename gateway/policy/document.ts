/**
 * A policy file read as YAML, every value with its place. Reading never stops at the first mistake, and never lets an
 * alias grow a small file into a large value.
 */
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type Node, parseDocument, visit } from 'yaml';
import { nearest } from '../yaml/nearest.ts';
import type { PolicyFile, Problem } from './model.ts';

/** A place in a file: keys and list positions from the root. */
export type Path = readonly (string | number)[];

/** Largest file that is read, in UTF-16 units. */
const LARGEST_FILE = 1_048_576;
/** How often aliases may be used in one file, nested uses multiplied. */
const MOST_ALIASES = 100;

/** How a problem is placed. */
export interface Placing {
  /** At the value (default), or at its key. */
  readonly at?: 'value' | 'key';
  /** UTF-16 units into the value, for what is wrong inside a text. */
  readonly offset?: number;
  readonly severity?: 'error' | 'warning';
  readonly suggestion?: string | undefined;
}

/** A file's problems, collected while it is checked. */
export interface Reporter {
  readonly path: string;
  readonly problems: readonly Problem[];
  /** Adds a problem at a place; a suggestion is added to the message. */
  report(path: Path, message: string, placing?: Placing): void;
}

/** A file that could be read at all; `value` is plain data, still unchecked. */
export interface PolicyDocument extends Reporter {
  readonly value: unknown;
  /** A scalar as it is written, such as `0.10` for the number 0.1; undefined where there is none. */
  written(path: Path): string | undefined;
}

/** Reads a file. With `readable` false its syntax is broken, and only what is wrong with that can be told. */
export function readDocument(file: PolicyFile): { readonly readable: boolean; readonly document: PolicyDocument } {
  const lineStarts = lineStartsOf(file.text);
  const problems: Problem[] = [];
  const add = (offset: number, path: Path, message: string, placing: Placing = {}): void => {
    const line = lineStarts.findLastIndex((begin) => begin <= offset) + 1;
    const { suggestion, severity = 'error' } = placing;
    problems.push({
      path: file.path,
      line,
      column: offset - (lineStarts[line - 1] ?? 0) + 1,
      keyPath: keyPathOf(path),
      message: suggestion === undefined ? message : `${message}; did you mean ${JSON.stringify(suggestion)}?`,
      severity,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  };
  const unreadable = unreadableText(file.text);
  if (unreadable !== undefined) {
    add(0, [], unreadable);
    const document = { path: file.path, problems, value: undefined, report: () => {}, written: () => undefined };
    return { readable: false, document };
  }
  const doc = parseDocument(file.text, { prettyErrors: false, version: '1.2' });
  let readable = true;
  for (const { code, message, pos } of doc.errors) {
    add(pos[0], [], syntaxMessage(code, message, file.text.slice(pos[0])));
    if (code !== 'DUPLICATE_KEY' && code !== 'MULTIPLE_DOCS') readable = false;
  }
  for (const { message, pos } of doc.warnings) {
    add(pos[0], [], `not YAML 1.2: ${message}`);
    readable = false;
  }
  if (doc.directives?.yaml.version !== '1.2') {
    add(0, [], 'the file asks for another version of YAML; policy files are YAML 1.2');
    readable = false;
  }
  visit(doc, {
    Alias(_, alias) {
      if (alias.resolve(doc) !== undefined) return;
      add(alias.range?.[0] ?? 0, [], `the alias *${alias.source} has no anchor before it`);
      readable = false;
    },
  });
  const report = (path: Path, message: string, placing: Placing = {}): void =>
    add(offsetOf(doc, file.text, path, placing), path, message, placing);
  let value: unknown;
  if (readable) {
    try {
      value = doc.toJS({ maxAliasCount: MOST_ALIASES });
    } catch (error) {
      // Aliases are all resolvable here, so that only their number can be what is wrong.
      if (!(error instanceof ReferenceError)) throw error;
      add(0, [], `aliases are used more than ${MOST_ALIASES} times`);
      readable = false;
    }
  }
  return { readable, document: { path: file.path, problems, value, report, written: (path) => writtenAt(doc, path) } };
}

/** Counted here because the parser's own count skips lines inside some broken texts. */
function lineStartsOf(text: string): readonly number[] {
  return [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
}

function unreadableText(text: string): string | undefined {
  if (text.length > LARGEST_FILE) return `the file is longer than ${LARGEST_FILE} characters`;
  return text.includes('\uFFFD') ? 'the file is not UTF-8 text' : undefined;
}

/** Such as `options[1].text.en`. */
export function keyPathOf(path: Path): string {
  return path.reduce<string>((before, part) => {
    if (typeof part === 'number') return `${before}[${part}]`;
    if (!/^[\w-]+$/.test(part)) return `${before}[${JSON.stringify(part)}]`;
    return before === '' ? part : `${before}.${part}`;
  }, '');
}

/** One line for people and editors: `file:line:column: key.path: what is wrong`. */
export function formatProblem({ path, line, column, keyPath, message, severity }: Problem): string {
  const place = keyPath === '' ? '' : `${keyPath}: `;
  return `${path}:${line}:${column}: ${place}${severity === 'warning' ? 'warning: ' : ''}${message}`;
}

/** The suggestion for a name that is not among the known ones, ready for `report`. */
export function didYouMean(name: string, candidates: Iterable<string>): Placing {
  return { suggestion: nearest(name, candidates) };
}

function syntaxMessage(code: string, message: string, near: string): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return `the key ${/^("[^"]*"|'[^']*'|[^\s:,{}[\]]+)/.exec(near)?.[0] ?? ''} stands twice in one mapping`;
    case 'MULTIPLE_DOCS':
      return 'a second document begins here; a policy file holds one';
    default:
      return `not YAML: ${message}`;
  }
}

/** Where the deepest part of the path that exists begins. */
function offsetOf(doc: Document, text: string, path: Path, placing: Placing): number {
  let node: Node | null = doc.contents;
  let offset = start(node) ?? 0;
  for (const [index, part] of path.entries()) {
    const inside: Node | undefined = isAlias(node) ? node.resolve(doc) : (node ?? undefined);
    const found = child(inside, part);
    if (found === undefined) return offset;
    const wantsKey = placing.at === 'key' && index === path.length - 1;
    const next = start(found.value);
    offset = (wantsKey || next === undefined ? start(found.key) : next) ?? offset;
    if (found.value === null) return offset;
    node = found.value;
  }
  return offset + innerOffset(node, text, placing.offset ?? 0);
}

function writtenAt(doc: Document, path: Path): string | undefined {
  const node = doc.getIn([...path], true);
  return isScalar(node) && typeof node.source === 'string' ? node.source : undefined;
}

function child(
  node: Node | undefined,
  part: string | number,
): { readonly key: Node | null; readonly value: Node | null } | undefined {
  if (isSeq(node) && typeof part === 'number') {
    const item = node.items[part];
    return isNode(item) ? { key: item, value: item } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.findLast(({ key }) => (isScalar(key) ? String(key.value) : String(key)) === String(part));
  if (pair === undefined) return undefined;
  return { key: isNode(pair.key) ? pair.key : null, value: isNode(pair.value) ? pair.value : null };
}

const start = (node: Node | null): number | undefined => node?.range?.[0];

/** An offset inside a text holds in the file only where the text stands in one piece, without escapes. */
function innerOffset(node: Node | null, text: string, offset: number): number {
  if (offset === 0 && !isScalar(node)) return 0;
  if (!isScalar(node) || typeof node.value !== 'string' || node.range == null) return 0;
  const quote = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE' ? 1 : 0;
  if (offset === 0) return 0;
  const begin = node.range[0] + quote;
  return text.startsWith(node.value, begin) ? quote + offset : 0;
}
