/**
 * Globs over user ids and client ids. A pattern is cut at its stars once; matching finds the pieces from left to right
 * and never goes back, so that no pattern and no id can make it slow.
 */
import type { Glob } from './model.ts';

/** Longest pattern that is compiled, in characters. */
export const LONGEST_GLOB = 256;

/** Why a pattern cannot be used; undefined for a good one. */
export function globProblem(source: string): string | undefined {
  if (source.length === 0) return 'must not be empty; "*" matches everything';
  if (source.length > LONGEST_GLOB) return `must not be longer than ${LONGEST_GLOB} characters`;
  if (/\s/u.test(source)) return 'must not hold blanks; write one pattern an entry';
  return undefined;
}

/** Compiles a pattern: `*` stands for any run of characters, `?` for one, everything else for itself in either case. */
export function compileGlob(source: string): Glob {
  const pieces = source.toLowerCase().split('*');
  const at = source.lastIndexOf('@');
  return {
    source,
    matches: (value) => matchesPieces(pieces, value.toLowerCase()),
    ...(at === -1 ? {} : { withoutDomain: compileGlob(source.slice(0, at)) }),
  };
}

function matchesPieces(pieces: readonly string[], value: string): boolean {
  const first = pieces[0] ?? '';
  if (pieces.length === 1) return value.length === first.length && isAt(first, value, 0);
  const last = pieces[pieces.length - 1] ?? '';
  const end = value.length - last.length;
  if (end < first.length || !isAt(first, value, 0) || !isAt(last, value, end)) return false;
  let from = first.length;
  for (let i = 1; i < pieces.length - 1; i++) {
    const piece = pieces[i] ?? '';
    const found = find(piece, value, from, end);
    if (found === -1) return false;
    from = found + piece.length;
  }
  return true;
}

function find(piece: string, value: string, from: number, end: number): number {
  for (let index = from; index + piece.length <= end; index++) {
    if (isAt(piece, value, index)) return index;
  }
  return -1;
}

function isAt(piece: string, value: string, index: number): boolean {
  for (let i = 0; i < piece.length; i++) {
    if (piece[i] !== '?' && piece[i] !== value[index + i]) return false;
  }
  return true;
}
