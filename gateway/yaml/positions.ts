/**
 * Where in a YAML file something stands. Configuration and policy files are read through here, so that every problem in
 * them is told as `file:line:column: key.path: what is wrong`. The text is parsed once into a tree that keeps its
 * positions; a path that does not exist is placed at its nearest ancestor that does.
 */
import { type Document, isMap, isPair, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument } from 'yaml';

/** A path into a document: keys of maps, indexes of lists. */
export type Path = readonly (string | number)[];

/** A place in a text, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Something wrong in a file. `path` is empty when the file as a whole, or its YAML, is meant. */
export interface FileProblem extends Position {
  readonly file: string;
  readonly path: string;
  readonly message: string;
}

/** A parsed file. `value` is plain data, undefined for an empty file. */
export interface YamlFile {
  readonly file: string;
  readonly document: Document.Parsed<ParsedNode>;
  readonly lines: LineCounter;
  readonly value: unknown;
}

export type YamlResult =
  | { readonly kind: 'parsed'; readonly yaml: YamlFile }
  | { readonly kind: 'broken'; readonly problems: readonly FileProblem[] };

/** Anchors and aliases stay possible; a bomb of them does not. */
const MAX_ALIASES = 100;

/** Parses one YAML document. Keys that stand twice, tabs, several documents in a file and the like are problems, all listed. */
export function parseYaml(file: string, text: string): YamlResult {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, merge: false });
  const broken = [...document.errors, ...document.warnings].map(
    (error): FileProblem => ({ file, ...positionAt(lines, error.pos[0]), path: '', message: error.message }),
  );
  if (broken.length > 0) return { kind: 'broken', problems: broken };
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES }) ?? undefined;
    return { kind: 'parsed', yaml: { file, document, lines, value } };
  } catch (error) {
    // Aliases are resolved only here: an unknown one, or too many of them.
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'broken', problems: [{ file, line: 1, column: 1, path: '', message }] };
  }
}

/** The position of a key or of its value; of a path that does not exist, the nearest ancestor's key. */
export function locate(yaml: YamlFile, path: Path, what: 'key' | 'value' = 'value'): Position {
  let node: unknown = yaml.document.contents;
  let offset = startOf(node) ?? 0;
  for (const [index, step] of path.entries()) {
    const found = childOf(node, step);
    if (found === undefined) break;
    const last = index === path.length - 1;
    // The key of an ancestor stands in for something missing below it.
    offset = (last && what === 'value' ? startOf(found.value) : undefined) ?? found.keyOffset ?? offset;
    node = found.value;
  }
  return positionAt(yaml.lines, offset);
}

/** The position of a place inside the text of a scalar, `column` characters in; for expressions written in one line. */
export function locateInside(yaml: YamlFile, path: Path, column: number): Position {
  const start = locate(yaml, path);
  const node = yaml.document.getIn([...path], true);
  const quoted = isScalar(node) && (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE');
  const plain = isScalar(node) && node.type === 'PLAIN';
  // In a block the text's own lines are folded or indented: its beginning is as near as can be told.
  return quoted || plain ? { line: start.line, column: start.column + column + (quoted ? 1 : 0) } : start;
}

/** `vasps.friendly-im.paths[0]`; a key that holds a dot or a bracket is quoted. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const key = /[.[\]\s"]/.test(step) || step === '' ? JSON.stringify(step) : step;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

/** `file:line:column: key.path: what is wrong`. */
export function formatProblem(problem: FileProblem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  return problem.path === '' ? `${place}: ${problem.message}` : `${place}: ${problem.path}: ${problem.message}`;
}

/** For sorting: by file, then from top to bottom. */
export function compareProblems(a: FileProblem, b: FileProblem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

/** A problem at a path of a file, placed. */
export function problemAt(yaml: YamlFile, path: Path, what: 'key' | 'value', message: string): FileProblem {
  return { file: yaml.file, ...locate(yaml, path, what), path: formatPath(path), message };
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return line === 0 ? { line: 1, column: 1 } : { line, column: col };
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined;
  const range = node.range;
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : undefined;
}

function childOf(node: unknown, step: string | number): { value: unknown; keyOffset: number | undefined } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isPair(item) && keyText(item.key) === String(step));
    return pair === undefined ? undefined : { value: pair.value, keyOffset: startOf(pair.key) };
  }
  if (isSeq(node)) {
    const item: unknown = typeof step === 'number' ? node.items[step] : undefined;
    return item === undefined ? undefined : { value: item, keyOffset: startOf(item) };
  }
  return undefined;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}
