/** Looking into data that is still unchecked: what a file or a note holds, before its shape is known to be right. */
import type { Path } from './problem.ts';

/** A plain mapping. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at a path; undefined where there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, part) => {
    if (typeof at !== 'object' || at === null) return undefined;
    return Object.hasOwn(at, part) ? Reflect.get(at, part) : undefined;
  }, value);
}

/** What a text of JSON holds; undefined when it is none. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
