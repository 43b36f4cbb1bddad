/**
 * Reads a folder of policy files. Only the folder itself is read, not what is below it, and names that begin with a dot
 * are left aside: that is where editors and mounted volumes keep their own files.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PolicyFile } from '../policy/model.ts';
import { isTestFile } from '../policy/parse.ts';

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
