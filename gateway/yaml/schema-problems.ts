/**
 * Turns what a zod schema finds wrong into problems with places: a sentence that says what is wrong and what would be
 * right, and the nearest known key for one that is not known. Schemas name values in words by `.describe()` on what they
 * refine; everything else follows from the schema, so that no list of keys is written twice.
 */
import type { z } from 'zod';
import { suggestion } from './nearest.ts';
import type { Path } from './positions.ts';

/** Something wrong at a path, not yet placed. `what` tells whether to point at the key or at its value. */
export interface SchemaProblem {
  readonly path: Path;
  readonly what: 'key' | 'value';
  readonly message: string;
}

/** The problems of a failed parse, in the order found. `value` is what was parsed. */
export function problemsOf(
  schema: z.core.$ZodType,
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
): SchemaProblem[] {
  return issues.flatMap((issue) => problemsOfIssue(schema, value, issue));
}

/** The keys that the schema knows at a path; empty where it takes any key, or none. */
export function knownKeys(schema: z.core.$ZodType, path: Path): readonly string[] {
  const [step, ...rest] = path;
  return shapesOf(schema).flatMap((shape) => {
    if (step === undefined) return shape.kind === 'object' ? Object.keys(shape.fields) : [];
    const below = shape.kind === 'object' ? shape.fields[step] : shape.every;
    return below === undefined ? [] : knownKeys(below, rest);
  });
}

function problemsOfIssue(schema: z.core.$ZodType, value: unknown, issue: z.core.$ZodIssue): SchemaProblem[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(schema, path);
      return issue.keys.map((key) => ({ path: [...path, key], what: 'key', message: unknownKey(key, known) }));
    }
    case 'invalid_union':
      return unionProblems(schema, value, path, issue);
    case 'invalid_key':
      return [{ path, what: 'key', message: issue.issues[0]?.message ?? 'is not a possible key' }];
    default:
      return [{ path, what: isMissing(value, path) ? 'key' : 'value', message: sentence(value, path, issue) }];
  }
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = suggestion(key, known);
  if (near !== '' || known.length === 0) return `unknown key${near}`;
  return `unknown key; known here: ${[...known].sort().join(', ')}`;
}

/** Of the alternatives the one that was probably meant speaks: of those that take a value of this kind, the least wrong. */
function unionProblems(
  schema: z.core.$ZodType,
  value: unknown,
  path: Path,
  issue: z.core.$ZodIssueInvalidUnion,
): SchemaProblem[] {
  const isOfOtherKind = (one: z.core.$ZodIssue) =>
    one.path.length === 0 && (one.code === 'invalid_type' || one.code === 'custom');
  const [meant] = issue.errors.filter((issues) => !issues.some(isOfOtherKind)).sort((a, b) => a.length - b.length);
  if (meant !== undefined) {
    return meant.flatMap((one) => problemsOfIssue(schema, value, { ...one, path: [...issue.path, ...one.path] }));
  }
  const all = issue.errors.flat();
  const custom = all.find((one) => one.code === 'custom' && one.path.length === 0);
  const wanted = all.flatMap((one) => (one.code === 'invalid_type' ? [nameOfType(one.expected)] : []));
  const message = custom?.message ?? `must be ${[...new Set(wanted)].join(' or ')}`;
  return [{ path, what: 'value', message: isMissing(value, path) ? 'is missing' : message }];
}

function sentence(value: unknown, path: Path, issue: z.core.$ZodIssue): string {
  if (isMissing(value, path)) return 'is missing';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${nameOfType(issue.expected)}, not ${nameOfValue(valueAt(value, path))}`;
    case 'invalid_value': {
      const values = issue.values.map(String);
      const written = valueAt(value, path);
      const near = typeof written === 'string' ? suggestion(written, values) : '';
      return `must be ${values.length === 1 ? '' : 'one of '}${values.join(', ')}${near}`;
    }
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `must be at least ${issue.minimum}`
        : `must have at least ${issue.minimum} ${issue.origin === 'string' ? 'characters' : 'entries'}`;
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `must be at most ${issue.maximum}`
        : `must have at most ${issue.maximum} ${issue.origin === 'string' ? 'characters' : 'entries'}`;
    default:
      return issue.message;
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of keys',
  record: 'a map of names',
  array: 'a list',
};

function nameOfType(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

function nameOfValue(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return TYPE_NAMES[typeof value] ?? typeof value;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => {
    if (typeof at !== 'object' || at === null) return undefined;
    return Object.hasOwn(at, step) ? Reflect.get(at, step) : undefined;
  }, value);
}

function isMissing(value: unknown, path: Path): boolean {
  return valueAt(value, path) === undefined;
}

type Shape =
  | { readonly kind: 'object'; readonly fields: Readonly<Record<string | number, z.core.$ZodType>> }
  | { readonly kind: 'many'; readonly every: z.core.$ZodType };

/** The maps and lists that a schema stands for, wrappers taken off; a union stands for several. */
function shapesOf(schema: z.core.$ZodType): Shape[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'object':
      return [{ kind: 'object', fields: def.shape }];
    case 'record':
      return [{ kind: 'many', every: def.valueType }];
    case 'array':
      return [{ kind: 'many', every: def.element }];
    case 'union':
      return def.options.flatMap(shapesOf);
    case 'pipe':
      return [...shapesOf(def.in), ...shapesOf(def.out)];
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return shapesOf(def.innerType);
    case 'lazy':
      return shapesOf(def.getter());
    default:
      return [];
  }
}
