/**
 * What policies of all kinds have in common beyond their shape: whom they concern, keys that belong to some kinds of a
 * mapping, and option ids that are taken once.
 */
import { isRecord } from '../yaml/data.ts';
import type { YamlDocument } from '../yaml/document.ts';
import type { Path } from '../yaml/problem.ts';
import { didYouMean } from '../yaml/wording.ts';
import { CONDITION_FIELDS, CONDITION_NAMES, compileCondition } from './condition.ts';
import { globProblem } from './glob.ts';

export type Mapping = Readonly<Record<string, unknown>>;

/** What is known of the rest of the set and of the gateway. */
export interface CheckContext {
  /** The names that are defined; undefined when that cannot be told. */
  readonly levels: readonly string[] | undefined;
  /** The configured names, when known. */
  readonly vasps: readonly string[] | undefined;
  /** Where users reach the gateway's pages, `none` when the configuration has no such place; absent when not known. */
  readonly publicUrl?: string | undefined;
  /** The URL prefixes that policies may call, when known. */
  readonly webhooks?: readonly string[] | undefined;
  /** The names of the configured bearers, when known. */
  readonly bearers?: readonly string[] | undefined;
}

/** Globs that match, VASPs that exist, a period that is not empty, a condition that compiles. */
export function checkApplies(document: YamlDocument, applies: Mapping, vasps: readonly string[] | undefined): void {
  for (const key of ['users', 'clients']) {
    for (const [index, glob] of listOf(applies[key]).entries()) {
      if (typeof glob !== 'string' || glob === '') continue;
      const problem = globProblem(glob);
      if (problem !== undefined) document.report(['applies', key, index], problem);
    }
  }
  for (const [index, vasp] of listOf(applies.vasps).entries()) {
    if (typeof vasp !== 'string' || vasp === '' || vasps === undefined || vasps.includes(vasp)) continue;
    const message = `the configuration has no VASP ${JSON.stringify(vasp)}`;
    document.report(['applies', 'vasps', index], message, didYouMean(vasp, vasps));
  }
  const from = millisOf(applies.from);
  const until = millisOf(applies.until);
  if (from !== undefined && until !== undefined && from >= until) {
    document.report(['applies', 'until'], 'must be later than `from`; the policy would never apply');
  }
  if (typeof applies.when === 'string') checkCondition(document, applies.when);
}

function checkCondition(document: YamlDocument, source: string): void {
  const compiled = compileCondition(source);
  if (compiled.kind === 'condition') return;
  const { message, offset, unknownName } = compiled.problem;
  const near = unknownName === undefined ? {} : didYouMean(unknownName, [...CONDITION_NAMES, ...CONDITION_FIELDS]);
  document.report(['applies', 'when'], message, { offset, ...near });
}

/** A key that belongs to some kinds of a mapping alone, and the kind that needs it. */
export interface KeyOfKinds {
  readonly key: string;
  readonly of: readonly string[];
  readonly needed: string | undefined;
}

/** Keys that stand where they mean nothing, and keys that are missing, in a mapping whose kind is its `on`. */
export function checkKeysOfKinds(
  document: YamlDocument,
  path: Path,
  mapping: Mapping,
  keys: readonly KeyOfKinds[],
): void {
  const { on } = mapping;
  for (const { key, of, needed } of keys) {
    const stands = mapping[key] !== undefined;
    if (stands && typeof on === 'string' && !of.includes(on)) {
      document.report([...path, key], `goes with on: ${of.join(' and on: ')} alone`, { at: 'key' });
    } else if (!stands && needed !== undefined && needed === on) {
      document.report(path, `has no ${key}, which on: ${on} needs`);
    }
  }
}

/** Reports ids that stand twice. `place`: where the options stand. */
export function checkOptionIds(document: YamlDocument, options: readonly unknown[], place: Path = ['options']): void {
  const ids = new Map<string, number>();
  for (const [index, option] of options.entries()) {
    const id = isRecord(option) ? option.id : undefined;
    if (typeof id !== 'string') continue;
    const first = ids.get(id);
    if (first === undefined) ids.set(id, index);
    else document.report([...place, index, 'id'], `the option id ${JSON.stringify(id)} is taken by options[${first}]`);
  }
}

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function millisOf(value: unknown): number | undefined {
  const millis = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(millis) ? undefined : millis;
}
