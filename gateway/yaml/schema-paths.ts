/**
 * What a zod schema says about a place in the data: the keys it knows there and the form that a value must have.
 * Everything is read off the schema, so that no list of keys is written twice; a schema names its form in words by
 * `.describe()`, on the value itself, inside `.optional()` and `.default()`.
 */
import * as z from 'zod';
import type { Path } from './problem.ts';
import { alternatives } from './wording.ts';

/** The schema of the value at a path, as far as the path goes through objects, lists, records and unions of them. */
export function schemaAt(schema: z.ZodType, path: Path): z.ZodType | undefined {
  let at: unknown = schema;
  for (const part of path) at = step(unwrapped(at), part);
  const inner = unwrapped(at);
  return inner instanceof z.ZodType ? inner : undefined;
}

/** The keys that are known at a path; empty where any key may stand, or none. */
export function knownKeys(schema: z.ZodType, path: Path): readonly string[] {
  const at = schemaAt(schema, path);
  return at === undefined ? [] : keysOf(at);
}

/** What a value at the path must be, in words. */
export function formAt(schema: z.ZodType, path: Path): string {
  return formOf(schemaAt(schema, path));
}

/** What a key of the mapping at the path must be, in words. */
export function keyFormAt(schema: z.ZodType, path: Path): string {
  const record = schemaAt(schema, path);
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
  if (schema instanceof z.ZodUnion) {
    return schema.options.map((option) => step(unwrapped(option), part)).find((found) => found !== undefined);
  }
  return undefined;
}

function keysOf(schema: unknown): readonly string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  return schema instanceof z.ZodUnion ? schema.options.flatMap((option) => keysOf(unwrapped(option))) : [];
}

function unwrapped(schema: unknown): unknown {
  const wraps = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return wraps ? unwrapped(schema.unwrap()) : schema;
}
