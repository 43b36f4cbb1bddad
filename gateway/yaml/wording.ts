/**
 * The words that problems are told in: lists of what would be right, values as they stand there, and the nearest name to
 * a misspelt one. A problem says the same thing in the same words whichever file it is about.
 */
import { nearest } from './nearest.ts';

const LONGEST_SHOWN = 60;

/** Such as `a, b or c`. */
export const alternatives = (values: readonly string[]): string =>
  values.length === 1 ? String(values[0]) : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;

/** A value as a problem names it, short; undefined for a text with an `@`: it may hold credentials or name a user. */
export function shown(value: unknown): string | undefined {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string' && value.includes('@')) return undefined;
  const text = JSON.stringify(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN - 3)}…"` : text;
}

/** `must be a time, not "2 minutes"`. `written`: how a number stands in the file, `0.10` for 0.1. */
export function mustBe(form: string, value: unknown, written?: string): string {
  const found = typeof value === 'number' && written !== undefined ? written : shown(value);
  return found === undefined ? `must be ${form}` : `must be ${form}, not ${found}`;
}

/** The suggestion for a name that is not among the known ones, ready to be reported with a problem. */
export function didYouMean(name: string, candidates: Iterable<string>): { readonly suggestion: string | undefined } {
  return { suggestion: nearest(name, candidates) };
}

/** The message with its suggestion behind it. */
export const withSuggestion = (message: string, suggestion: string | undefined): string =>
  suggestion === undefined ? message : `${message}; did you mean ${JSON.stringify(suggestion)}?`;
