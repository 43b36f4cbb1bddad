/**
 * A YAML file read with the place of every value. Reading never stops at the first mistake, and never lets an alias grow
 * a small file into a large value. Whoever checks the file reports to its document, which places what it is told.
 */
import { type Document, parseDocument, visit } from 'yaml';
import { lineCounter, offsetAt, type Spot, writtenAt } from './positions.ts';
import { keyPathOf, type Path, type Problem } from './problem.ts';
import { withSuggestion } from './wording.ts';

/** Largest file that is read, in UTF-16 units. */
const LARGEST_FILE = 1_048_576;
/** How often aliases may be used in one file, nested uses multiplied. */
const MOST_ALIASES = 100;

/** How a problem is placed. */
export interface Placing extends Spot {
  readonly severity?: 'error' | 'warning';
  readonly suggestion?: string | undefined;
}

/** A file, and its problems as they are found while it is checked. */
export interface YamlDocument {
  /** As problems are to name it. */
  readonly path: string;
  /** Plain data, still unchecked; null or undefined for an empty file. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Adds a problem at a place; a suggestion is added to the message. */
  readonly report: (path: Path, message: string, placing?: Placing) => void;
  /** A scalar as it is written, such as `0.10` for the number 0.1; undefined where there is none. */
  readonly written: (path: Path) => string | undefined;
}

export interface ReadYaml {
  /** False: the syntax is broken, and only what is wrong with that can be told. */
  readonly readable: boolean;
  readonly document: YamlDocument;
}

/** Reads a file that is to hold one document of YAML 1.2. */
export function readYaml({ path: file, text }: { readonly path: string; readonly text: string }): ReadYaml {
  const problems: Problem[] = [];
  const positionOf = onDemand(() => lineCounter(text));
  const add = (offset: number, path: Path, message: string, placing: Placing = {}): void => {
    const { suggestion, severity = 'error' } = placing;
    problems.push({
      path: file,
      ...positionOf()(offset),
      keyPath: keyPathOf(path),
      message: withSuggestion(message, suggestion),
      severity,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  };
  const unreadable = unreadableText(text);
  if (unreadable !== undefined) {
    add(0, [], unreadable);
    const document = { path: file, problems, value: undefined, report: () => {}, written: () => undefined };
    return { readable: false, document };
  }
  const doc = parseTree(text);
  let readable = true;
  for (const { code, message, pos } of doc.errors) {
    add(pos[0], [], syntaxMessage(code, message, text.slice(pos[0])));
    if (code !== 'DUPLICATE_KEY' && code !== 'MULTIPLE_DOCS') readable = false;
  }
  for (const { message, pos } of doc.warnings) {
    add(pos[0], [], `not YAML 1.2: ${message}`);
    readable = false;
  }
  if (doc.directives?.yaml.version !== '1.2') {
    add(0, [], 'the file asks for another version of YAML; only YAML 1.2 is read');
    readable = false;
  }
  visit(doc, {
    Alias(_, alias) {
      if (alias.resolve(doc) !== undefined) return;
      add(alias.range?.[0] ?? 0, [], `the alias *${alias.source} has no anchor before it`);
      readable = false;
    },
  });
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
  // The tree takes ten times the room of the text and most files are right: where something has to be placed, it is made anew.
  const tree = onDemand(() => parseTree(text));
  const document: YamlDocument = {
    path: file,
    problems,
    value,
    report: (path, message, placing = {}) => add(offsetAt(tree(), text, path, placing), path, message, placing),
    written: (path) => writtenAt(tree(), path),
  };
  return { readable, document };
}

const parseTree = (text: string): Document.Parsed => parseDocument(text, { prettyErrors: false, version: '1.2' });

/** Makes a value when it is first asked for. */
function onDemand<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function unreadableText(text: string): string | undefined {
  if (text.length > LARGEST_FILE) return `the file is longer than ${LARGEST_FILE} characters`;
  return text.includes('\uFFFD') ? 'the file is not UTF-8 text' : undefined;
}

function syntaxMessage(code: string, message: string, near: string): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return `the key ${/^("[^"]*"|'[^']*'|[^\s:,{}[\]]+)/.exec(near)?.[0] ?? ''} stands twice in one mapping`;
    case 'MULTIPLE_DOCS':
      return 'a second document begins here; a file holds one';
    default:
      return `not YAML: ${message}`;
  }
}
