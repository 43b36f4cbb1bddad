/**
 * Files in, one policy set out, or every problem of every file at once. A set is valid as a whole: one bad key anywhere
 * and there is no set, so that what was in force stays in force [policy-files §6].
 */
import { isRecord } from '../yaml/data.ts';
import { readYaml, type YamlDocument } from '../yaml/document.ts';
import { compareProblems, compareText, type Problem } from '../yaml/problem.ts';
import { checkShape } from '../yaml/shape.ts';
import { alternatives, didYouMean, mustBe } from '../yaml/wording.ts';
import { buildOffLinePolicy } from './build.ts';
import { buildLevels, checkLevels, levelNames } from './check-levels.ts';
import { checkOffLineService } from './check-off-line.ts';
import { checkOffLineUser } from './check-off-line-user.ts';
import { checkOnLineService } from './check-on-line.ts';
import { DEFAULT_ORDER } from './defaults.ts';
import type { PolicyFile, PolicySet } from './model.ts';
import { buildOffLineUserPolicy } from './off-line-user.ts';
import { buildOnLinePolicy } from './on-line.ts';
import { KINDS, offLineServiceSchema, serviceLevelsSchema } from './schema.ts';
import { offLineUserSchema } from './schema-off-line-user.ts';
import { onLineServiceSchema } from './schema-on-line.ts';

export { formatProblem } from '../yaml/problem.ts';

export type ParsedPolicySet =
  | { readonly kind: 'valid'; readonly set: PolicySet; readonly warnings: readonly Problem[] }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

export interface ParseOptions {
  /** A hash of text, hexadecimal or the like: makes the identity of the set. */
  readonly hash: (text: string) => string;
  /** The configured VASPs; with them a policy for an unknown one is an error. */
  readonly vasps?: readonly string[] | undefined;
  /** The public URL of the gateway, `none` when it has none; with it, policies that send users there are checked. */
  readonly publicUrl?: string | undefined;
  /** The URL prefixes that policies may call; with them, a webhook that is below none of them is an error. */
  readonly webhooks?: readonly string[] | undefined;
  /** The configured bearers; with them a notification by an unknown one is an error. */
  readonly bearers?: readonly string[] | undefined;
}

/** A file whose name says that it holds cases for `policy test`, and no policy. */
export const isTestFile = (path: string): boolean => /\.test\.ya?ml$/i.test(path);

/** Reads, checks and builds a set. Files are taken in order of their paths; test files are left aside. */
export function parsePolicySet(files: readonly PolicyFile[], options: ParseOptions): ParsedPolicySet {
  const sorted = files.filter(({ path }) => !isTestFile(path)).toSorted((a, b) => compareText(a.path, b.path));
  const read = sorted.map(readYaml);
  const byKind = new Map<string, YamlDocument[]>();
  for (const { readable, document } of read) {
    const kind = readable ? kindOf(document) : undefined;
    if (kind !== undefined) byKind.set(kind, [...(byKind.get(kind) ?? []), document]);
  }
  const levelDocuments = byKind.get('service-levels') ?? [];
  const offLineDocuments = byKind.get('off-line-service') ?? [];
  const onLineDocuments = byKind.get('on-line-service') ?? [];
  const offLineUserDocuments = byKind.get('off-line-user') ?? [];
  checkOnlyOne(levelDocuments);
  const policyDocuments = [...offLineDocuments, ...onLineDocuments, ...offLineUserDocuments];
  checkIds(policyDocuments.toSorted((a, b) => compareText(a.path, b.path)));

  const levelsFiles = levelDocuments.map((document) => {
    checkLevels(document);
    return checkShape(serviceLevelsSchema, document);
  });
  const context = {
    levels: knownLevels(
      levelDocuments,
      read.every(({ readable }) => readable),
    ),
    vasps: options.vasps,
    publicUrl: options.publicUrl,
    webhooks: options.webhooks,
    bearers: options.bearers,
  };
  const offLineFiles = offLineDocuments.map((document) => {
    checkOffLineService(document, context);
    return checkShape(offLineServiceSchema, document);
  });
  const onLineFiles = onLineDocuments.map((document) => {
    checkOnLineService(document, context);
    return checkShape(onLineServiceSchema, document);
  });
  const offLineUserFiles = offLineUserDocuments.map((document) => {
    checkOffLineUser(document, context);
    return checkShape(offLineUserSchema, document);
  });

  const found = read.flatMap(({ document }) => document.problems).toSorted(compareProblems);
  const problems = found.filter(({ severity }) => severity === 'error');
  const warnings = found.filter(({ severity }) => severity === 'warning');
  if (problems.length > 0) return { kind: 'invalid', problems, warnings };

  const levels = buildLevels(levelsFiles[0]);
  const policies = inOrder(offLineFiles).map((file) => buildOffLinePolicy(file, levels));
  const onLine = inOrder(onLineFiles).map((file) => buildOnLinePolicy(file, levels));
  const offLineUser = inOrder(offLineUserFiles).map(buildOffLineUserPolicy);
  // The folder's own path is no part of the identity: two nodes may keep the same files in different places.
  const content = sorted.map(({ path, text }) => [path.split(/[\\/]/).at(-1), text]);
  const set = { hash: options.hash(JSON.stringify(content)), ...levels, policies, onLine, offLineUser };
  return { kind: 'valid', set, warnings };
}

/** By `order`, then id. */
function inOrder<T extends { readonly id: string; readonly order?: number | undefined }>(
  files: readonly (T | undefined)[],
): readonly T[] {
  return files
    .filter((file) => file !== undefined)
    .toSorted((a, b) => (a.order ?? DEFAULT_ORDER) - (b.order ?? DEFAULT_ORDER) || compareText(a.id, b.id));
}

/** The kind of a file; what is none is reported. */
function kindOf(document: YamlDocument): string | undefined {
  const { value } = document;
  if (value === null || value === undefined) {
    document.report([], 'the file is empty; it must begin with a kind, such as kind: off-line-service');
    return undefined;
  }
  if (!isRecord(value)) {
    document.report([], mustBe('a mapping of keys to values', value));
    return undefined;
  }
  const { kind } = value;
  const known = KINDS.find((one) => one === kind);
  if (known !== undefined) return known;
  if (kind === undefined) document.report(['kind'], `missing; must be ${alternatives(KINDS)}`);
  else if (kind === 'policy-tests') document.report(['kind'], 'tests stand in files named *.test.yaml');
  else {
    const near = typeof kind === 'string' ? didYouMean(kind, KINDS) : {};
    document.report(['kind'], mustBe(alternatives(KINDS), kind), near);
  }
  return undefined;
}

/** Undefined when a file that cannot be read may be the one that defines them. */
function knownLevels(documents: readonly YamlDocument[], allReadable: boolean): readonly string[] | undefined {
  if (documents.length > 0) return documents.flatMap(levelNames);
  return allReadable ? levelNames(undefined) : undefined;
}

function checkOnlyOne([first, ...others]: readonly YamlDocument[]): void {
  for (const document of others) {
    document.report(['kind'], `service levels are defined in ${first?.path} already; a set has one such file`);
  }
}

function checkIds(documents: readonly YamlDocument[]): void {
  const owners = new Map<string, string>();
  for (const document of documents) {
    const id = isRecord(document.value) ? document.value.id : undefined;
    if (typeof id !== 'string') continue;
    const owner = owners.get(id);
    if (owner === undefined) owners.set(id, document.path);
    else document.report(['id'], `the id ${JSON.stringify(id)} is taken by ${owner}`);
  }
}
