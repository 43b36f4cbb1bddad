/**
 * Something wrong in a YAML file, and how it is told: `file:line:column: key.path: what is wrong`, one line for people
 * and editors. Configuration, policies and policy tests all tell their problems through here.
 */

/** A place in a file's data: keys of mappings and positions in lists, from the root. */
export type Path = readonly (string | number)[];

/** Something wrong, or worth a warning, in a file. */
export interface Problem {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** Such as `options[1].grant`; empty for the file as a whole, or its syntax. */
  readonly keyPath: string;
  /** What is wrong and what would be right. */
  readonly message: string;
  readonly severity: 'error' | 'warning';
  /** The nearest name that would be right; the message holds it too. */
  readonly suggestion?: string;
}

/** Such as `vasps.friendly-im.paths[0]`; a key that is more than a word is quoted: `vasps["a b"]`. */
export function keyPathOf(path: Path): string {
  return path.reduce<string>((before, part) => {
    if (typeof part === 'number') return `${before}[${part}]`;
    if (!/^[\w-]+$/.test(part)) return `${before}[${JSON.stringify(part)}]`;
    return before === '' ? part : `${before}.${part}`;
  }, '');
}

/** `file:line:column: key.path: what is wrong`. */
export function formatProblem({ path, line, column, keyPath, message, severity }: Problem): string {
  const place = keyPath === '' ? '' : `${keyPath}: `;
  return `${path}:${line}:${column}: ${place}${severity === 'warning' ? 'warning: ' : ''}${message}`;
}

/** For sorting: by file, then from top to bottom. */
export function compareProblems(a: Problem, b: Problem): number {
  return compareText(a.path, b.path) || a.line - b.line || a.column - b.column || compareText(a.keyPath, b.keyPath);
}

/** For sorting by UTF-16 units, the same on every machine. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
