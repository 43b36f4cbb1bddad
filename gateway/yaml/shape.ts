/**
 * Holds data against its schema and says what is wrong in an operator's words: what stands there, what must stand there,
 * and the nearest known name.
 */
import type * as z from 'zod';
import { valueAt } from './data.ts';
import type { Placing, YamlDocument } from './document.ts';
import type { Path } from './problem.ts';
import { formAt, keyFormAt, knownKeys, schemaAt, wordsAt } from './schema-paths.ts';
import { alternatives, didYouMean, mustBe } from './wording.ts';

type Issue = z.core.$ZodIssue;

/** Something wrong at a path, not yet placed in a file. */
export interface Finding extends Placing {
  readonly path: Path;
  readonly message: string;
}

export type Shape<T> =
  | { readonly kind: 'right'; readonly value: T }
  | { readonly kind: 'wrong'; readonly findings: readonly Finding[] };

/** How a scalar at a path is written, see {@link YamlDocument}. */
export type Written = (path: Path) => string | undefined;

/** The value as its schema makes it, or everything that is wrong with it, in the order found. */
export function shapeOf<T>(schema: z.ZodType<T>, value: unknown, written: Written): Shape<T> {
  const result = schema.safeParse(value);
  if (result.success) return { kind: 'right', value: result.data };
  const found = (issue: Issue) => findingsOf({ schema, value, written }, issue, []);
  return { kind: 'wrong', findings: result.error.issues.flatMap(found) };
}

/** The document's value when its shape is right; undefined, with every problem reported, when not. */
export function checkShape<T>(schema: z.ZodType<T>, document: YamlDocument): T | undefined {
  const shape = shapeOf(schema, document.value, document.written);
  if (shape.kind === 'right') return shape.value;
  for (const finding of shape.findings) document.report(finding.path, finding.message, finding);
  return undefined;
}

interface Held {
  readonly schema: z.ZodType;
  readonly value: unknown;
  readonly written: Written;
}

function findingsOf(held: Held, issue: Issue, base: Path): readonly Finding[] {
  const path = [...base, ...issue.path.filter((part) => typeof part !== 'symbol')];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(held.schema, path, held.value);
      return issue.keys.map((key) => unknownKey([...path, key], key, known));
    }
    case 'invalid_key':
      return [{ path, message: `must be ${keyFormAt(held.schema, path.slice(0, -1), held.value)}`, at: 'key' }];
    case 'invalid_union': {
      const meant = branchMeant(issue);
      return meant?.flatMap((inner) => findingsOf(held, inner, path)) ?? [wrongValue(held, issue, path)];
    }
    default:
      return [wrongValue(held, issue, path)];
  }
}

function unknownKey(path: Path, key: string, known: readonly string[]): Finding {
  const message = `unknown key ${JSON.stringify(key)}`;
  const { suggestion } = didYouMean(key, known);
  if (suggestion !== undefined || known.length === 0) return { path, message, at: 'key', suggestion };
  return { path, message: `${message}; known here: ${known.toSorted().join(', ')}`, at: 'key' };
}

function wrongValue(held: Held, issue: Issue, path: Path): Finding {
  const { schema, value: root, written: writtenAt } = held;
  const value = valueAt(root, path);
  const form = issue.code === 'invalid_value' ? alternatives(issue.values.map(String)) : formAt(schema, path, root);
  if (value === undefined) return { path, message: `missing; must be ${form}`, at: 'key' };
  const written = writtenAt(path);
  if (needsQuotes(held, path, value, written)) {
    const read = typeof value === 'number' ? 'a number' : 'true or false';
    return { path, message: `without quotes this is read as ${read}`, suggestion: written };
  }
  const words = [...choices(issue), ...wordsAt(schema, path, root)];
  const near = typeof value === 'string' ? didYouMean(value, words) : {};
  return { path, message: mustBe(form, value, written), ...near };
}

/** The alternative that was meant: of those whose outer form fits the one with the least wrong, else none. */
function branchMeant(issue: z.core.$ZodIssueInvalidUnion): readonly Issue[] | undefined {
  const fits = (issues: readonly Issue[]) =>
    issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys');
  return issue.errors.filter(fits).toSorted((a, b) => a.length - b.length)[0];
}

/** A number or a truth value that would be right as text. */
function needsQuotes(held: Held, path: Path, value: unknown, written: string | undefined): written is string {
  if ((typeof value !== 'number' && typeof value !== 'boolean') || written === undefined) return false;
  return schemaAt(held.schema, path, held.value)?.safeParse(written).success ?? false;
}

/** The values that would have been right, for suggestions. */
function choices(issue: Issue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  return issue.code === 'invalid_union' ? issue.errors.flat().flatMap(choices) : [];
}
