/**
 * Holds a document against its schema and says what is wrong in an operator's words: what stands there, what must
 * stand there, and the nearest known name.
 */
import * as z from 'zod';
import { didYouMean, type Path, type PolicyDocument } from './document.ts';

type Issue = z.core.$ZodIssue;

/** The document's value when its shape is right; undefined, with every problem reported, when not. */
export function checkShape<T>(schema: z.ZodType<T>, document: PolicyDocument): T | undefined {
  const result = schema.safeParse(document.value, { reportInput: true });
  if (result.success) return result.data;
  for (const issue of result.error.issues) reportIssue(schema, document, issue, []);
  return undefined;
}

function reportIssue(schema: z.ZodType, document: PolicyDocument, issue: Issue, base: Path): void {
  const path = [...base, ...issue.path.filter((part) => typeof part !== 'symbol')];
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schemaAt(schema, path));
    for (const key of issue.keys) {
      document.report([...path, key], `unknown key ${JSON.stringify(key)}`, { at: 'key', ...didYouMean(key, known) });
    }
    return;
  }
  if (issue.code === 'invalid_union') {
    const branch = branchOf(issue);
    if (branch !== undefined) {
      for (const inner of branch) reportIssue(schema, document, inner, path);
      return;
    }
  }
  const value = valueAt(document.value, path);
  const wanted = wantedAt(schema, path, issue);
  if (value === undefined) {
    document.report(path, `missing; must be ${wanted}`);
    return;
  }
  const written = document.written(path);
  if (needsQuotes(schema, path, value, written)) {
    const read = typeof value === 'number' ? 'a number' : 'true or false';
    document.report(path, `without quotes this is read as ${read}`, { suggestion: written });
    return;
  }
  const found = typeof value === 'number' && written !== undefined ? written : shown(value);
  document.report(
    path,
    `must be ${wanted}, not ${found}`,
    typeof value === 'string' ? didYouMean(value, choices(issue)) : {},
  );
}

/** The alternative that was meant: the one whose outer form fits, else none. */
function branchOf(issue: z.core.$ZodIssueInvalidUnion): readonly Issue[] | undefined {
  return issue.errors.find((issues) =>
    issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  );
}

/** A number or a truth value that would be right as text. */
function needsQuotes(schema: z.ZodType, path: Path, value: unknown, written: string | undefined): written is string {
  if ((typeof value !== 'number' && typeof value !== 'boolean') || written === undefined) return false;
  return schemaAt(schema, path)?.safeParse(written).success ?? false;
}

/** The values that would have been right, for suggestions. */
function choices(issue: Issue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  return issue.code === 'invalid_union' ? issue.errors.flat().flatMap(choices) : [];
}

function wantedAt(schema: z.ZodType, path: Path, issue: Issue): string {
  if (issue.code === 'invalid_value') return alternatives(issue.values.map(String));
  const at = schemaAt(schema, path);
  const values = at instanceof z.ZodEnum ? at.options.map(String) : [];
  if (values.length > 0) return alternatives(values);
  if (at instanceof z.ZodLiteral) return alternatives([...at.values].map(String));
  return at?.description ?? 'a mapping of keys to values';
}

/** Such as `a, b or c`. */
export const alternatives = (values: readonly string[]): string =>
  values.length === 1 ? String(values[0]) : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;

/** A value as a problem names it, short. */
export function shown(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}

/** The schema of the value at a path, as far as the path goes through objects, lists and records. */
function schemaAt(schema: z.ZodType, path: Path): z.ZodType | undefined {
  let at: unknown = schema;
  for (const part of path) {
    at = step(unwrapped(at), part);
    if (at === undefined) return undefined;
  }
  const inner = unwrapped(at);
  return inner instanceof z.ZodType ? inner : undefined;
}

function step(schema: unknown, part: string | number): unknown {
  if (schema instanceof z.ZodObject) return schema.shape[part];
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodUnion) {
    return schema.options.map((option) => step(unwrapped(option), part)).find((found) => found !== undefined);
  }
  return undefined;
}

const unwrapped = (schema: unknown): unknown => (schema instanceof z.ZodOptional ? unwrapped(schema.unwrap()) : schema);

function knownKeys(schema: z.ZodType | undefined): readonly string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap((option) => (option instanceof z.ZodType ? knownKeys(option) : []));
  }
  return [];
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, part) => (isRecord(at) ? at[part] : Array.isArray(at) ? at[Number(part)] : undefined),
    value,
  );
}

/** A plain mapping. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
