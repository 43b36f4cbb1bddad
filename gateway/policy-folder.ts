/**
 * Reads a folder of policy files. Only the folder itself is read, not what is below it, and names that begin with a dot
 * are left aside: that is where editors and mounted volumes keep their own files.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from './error-code.ts';
import type { PolicyFile } from './policy/model.ts';
import { isTestFile } from './policy/parse.ts';

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
    const names = await policyNames(directory);
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

/** A folder that did not change while it was read. */
export interface SettledFolder {
  readonly folder: PolicyFolder;
  /** What {@link folderStamp} was meanwhile. */
  readonly stamp: string;
}

const MOST_READINGS = 20;
const BETWEEN_READINGS_MILLIS = 25;

/** Reads the folder until nobody changed it meanwhile, so that half of an old set is never taken with half of a new one. */
export async function readSettledFolder(directory: string): Promise<SettledFolder> {
  let before = await folderStamp(directory);
  for (let reading = 0; reading < MOST_READINGS; reading++) {
    const folder = await readPolicyFolder(directory);
    const stamp = await folderStamp(directory);
    if (stamp === before) return { folder, stamp };
    before = stamp;
    await sleep(BETWEEN_READINGS_MILLIS);
  }
  return { folder: { kind: 'unreadable', message: `${directory}: keeps changing while it is read` }, stamp: before };
}

/** Another text whenever the files may have changed: which folder it really is, names, sizes and times. Reads no file. */
export async function folderStamp(directory: string): Promise<string> {
  try {
    const names = await policyNames(directory);
    const files = await Promise.all(
      names.map(async (name) => {
        const { ino, size, mtimeNs, ctimeNs } = await stat(join(directory, name), { bigint: true });
        return `${name} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
      }),
    );
    return [await realpath(directory), ...files].join('\n');
  } catch (error) {
    return `unreadable ${errorCode(error)}`;
  }
}

/** Names what a folder holds, right or wrong: the same files with the same contents give the same text, wherever they are. */
export function folderFingerprint(folder: PolicyFolder): string {
  if (folder.kind === 'unreadable') return 'unreadable';
  return contentHash(JSON.stringify(folder.policies.map(({ path, text }) => [basename(path), text])));
}

/** The identity of a set's content, for `parsePolicySet`. */
export const contentHash = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

async function policyNames(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => /^[^.].*\.ya?ml$/i.test(name)).toSorted();
}

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
