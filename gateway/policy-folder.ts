/**
 * Reads a folder of policy files. Only the folder itself is read, not what is below it, and names that begin with a dot
 * are left aside: that is where editors and mounted volumes keep their own files.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PolicyFile, PolicySet } from './policy/model.ts';
import { isTestFile, parsePolicySet } from './policy/parse.ts';
import { formatProblem } from './yaml/problem.ts';

export type PolicyFolder =
  | {
      readonly kind: 'read';
      /** In order of their names, paths beginning with the folder as it was given. */
      readonly policies: readonly PolicyFile[];
      readonly tests: readonly PolicyFile[];
    }
  | { readonly kind: 'unreadable'; readonly message: string };

export async function readPolicyFolder(directory: string): Promise<PolicyFolder> {
  try {
    const names = (await readdir(directory)).filter((name) => /^[^.].*\.ya?ml$/i.test(name)).toSorted();
    const files = await Promise.all(names.map((name) => readPolicyFile(join(directory, name))));
    return {
      kind: 'read',
      policies: files.filter(({ path }) => !isTestFile(path)),
      tests: files.filter(({ path }) => isTestFile(path)),
    };
  } catch (error) {
    return { kind: 'unreadable', message: messageOf(error, directory) };
  }
}

export type LoadedPolicies =
  | { readonly kind: 'loaded'; readonly set: PolicySet; readonly warnings: readonly string[] }
  /** Every problem of the set, each with its place. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

/** The policies of a folder as one set, or everything that is wrong with them; `vasps` are the configured ones. */
export async function loadPolicies(directory: string, vasps?: readonly string[]): Promise<LoadedPolicies> {
  const folder = await readPolicyFolder(directory);
  if (folder.kind === 'unreadable') return { kind: 'failed', problems: [folder.message] };
  const parsed = parsePolicySet(folder.policies, { hash: contentHash, vasps });
  return parsed.kind === 'valid'
    ? { kind: 'loaded', set: parsed.set, warnings: parsed.warnings.map(formatProblem) }
    : { kind: 'failed', problems: parsed.problems.map(formatProblem) };
}

/** The identity of a set's content, for `parsePolicySet`. */
export const contentHash = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** Bytes that are no UTF-8 become U+FFFD, which the check refuses with the file's name. */
const readPolicyFile = async (path: string): Promise<PolicyFile> => ({ path, text: await readFile(path, 'utf8') });

function messageOf(error: unknown, directory: string): string {
  const { code, path } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return `${path ?? directory}: there is no such folder`;
    case 'ENOTDIR':
      return `${path ?? directory}: this is no folder; name the folder that holds the policy files`;
    case 'EISDIR':
      return `${path ?? directory}: a folder is named like a policy file`;
    default:
      return `${path ?? directory}: cannot be read (${code ?? 'unknown error'})`;
  }
}
