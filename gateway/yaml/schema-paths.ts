/**
 * What a zod schema says about a place in the data: the keys it knows there and the form that a value must have.
 * Everything is read off the schema, so that no list of keys is written twice; a schema names its form in words by
 * `.describe()`, on the value itself, inside `.optional()` and `.default()`.
 */
import * as z from 'zod';
import { isRecord, valueAt } from './data.ts';
import type { Path } from './problem.ts';
import { alternatives } from './wording.ts';

/**
 * The schema of the value at a path of `root`, as far as the path goes through objects, lists, records and unions of them;
 * where a key tells the kind of a mapping, the one of its kind.
 */
export function schemaAt(schema: z.ZodType, path: Path, root: unknown): z.ZodType | undefined {
  let at: unknown = schema;
  for (const [index, part] of path.entries()) at = step(meant(at, valueAt(root, path.slice(0, index))), part);
  const inner = meant(at, valueAt(root, path));
  return inner instanceof z.ZodType ? inner : undefined;
}

/** The keys that are known at a path; empty where any key may stand, or none. */
export function knownKeys(schema: z.ZodType, path: Path, root: unknown): readonly string[] {
  const at = schemaAt(schema, path, root);
  return at === undefined ? [] : keysOf(at);
}

/** What a value at the path must be, in words. */
export function formAt(schema: z.ZodType, path: Path, root: unknown): string {
  return formOf(schemaAt(schema, path, root));
}

/** The words of which the value at the path must be one, where it is so. */
export function wordsAt(schema: z.ZodType, path: Path, root: unknown): readonly string[] {
  const at = schemaAt(schema, path, root);
  return at instanceof z.ZodLiteral ? [...at.values].map(String) : [];
}

/** What a key of the mapping at the path must be, in words. */
export function keyFormAt(schema: z.ZodType, path: Path, root: unknown): string {
  const record = schemaAt(schema, path, root);
  return formOf(record instanceof z.ZodRecord ? record.keyType : undefined);
}

function formOf(schema: unknown): string {
  if (schema instanceof z.ZodEnum) return alternatives(schema.options.map(String));
  if (schema instanceof z.ZodLiteral) return alternatives([...schema.values].map(String));
  if (schema instanceof z.ZodType && schema.description !== undefined) return schema.description;
  if (schema instanceof z.ZodUnion) {
    return alternatives([...new Set(schema.options.map((option) => formOf(unwrapped(option))))]);
  }
  if (schema instanceof z.ZodString) return 'a text';
  if (schema instanceof z.ZodNumber) return schema.isInt ? 'a whole number' : 'a number';
  if (schema instanceof z.ZodBoolean) return 'true or false';
  if (schema instanceof z.ZodArray) return 'a list';
  return 'a mapping of keys to values';
}

function step(schema: unknown, part: string | number): unknown {
  if (schema instanceof z.ZodObject) return Object.hasOwn(schema.shape, part) ? schema.shape[part] : undefined;
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodDiscriminatedUnion && part === schema.def.discriminator) {
    const words = schema.options.map((option) => step(option, part)).filter((word) => word instanceof z.ZodLiteral);
    return z.literal(words.flatMap(({ values }) => [...values]));
  }
  if (schema instanceof z.ZodUnion) {
    return schema.options.map((option) => step(unwrapped(option), part)).find((found) => found !== undefined);
  }
  return undefined;
}

function keysOf(schema: unknown): readonly string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  return schema instanceof z.ZodUnion ? schema.options.flatMap((option) => keysOf(unwrapped(option))) : [];
}

/** Of the mappings that a key tells apart the one that the value is, or all. */
function meant(wrapped: unknown, value: unknown): unknown {
  const schema = unwrapped(wrapped);
  if (!(schema instanceof z.ZodDiscriminatedUnion) || !isRecord(value)) return schema;
  const { discriminator } = schema.def;
  const isOf = (option: unknown) => {
    const word = step(option, discriminator);
    return word instanceof z.ZodType && word.safeParse(value[discriminator]).success;
  };
  return schema.options.find(isOf) ?? schema;
}

function unwrapped(schema: unknown): unknown {
  const wraps = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return wraps ? unwrapped(schema.unwrap()) : schema;
}
