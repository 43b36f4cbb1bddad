/**
 * The secret file on disk: made when it is missing, read, and replaced in one move, so that no reader ever sees half of it.
 * Several processes may start at once and several people rotate at once: the first one wins, and nobody's key is lost.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '../error-code.ts';
import { type KeyFile, readKeyFile } from './key-file.ts';

export type SecretFileResult =
  | {
      readonly kind: 'read';
      readonly text: string;
      readonly file: KeyFile;
      /** When the file came to be as it is in this place, in wall-clock milliseconds; no copying moves it back. */
      readonly changedAt: number;
      /** Sentences; they hold no key. */
      readonly warnings: readonly string[];
    }
  /** A sentence with the place and without a key. `text` where it could be read. */
  | { readonly kind: 'failed'; readonly problem: string; readonly text?: string };

export function readSecretFile(path: string): SecretFileResult {
  try {
    const { mode, ctimeMs } = statSync(path);
    const text = readFileSync(path, 'utf8');
    const read = readKeyFile(text);
    if (read.kind === 'wrong') return { kind: 'failed', problem: `${path}: ${read.problem}`, text };
    const isOpen = (mode & 0o077) !== 0;
    const warnings = isOpen ? [`${path} can be read by others than its owner; chmod 600 it`] : [];
    return { kind: 'read', text, file: read.file, changedAt: ctimeMs, warnings };
  } catch (error) {
    return { kind: 'failed', problem: `${path}: cannot be read: ${errorCode(error)}` };
  }
}

/** A key that nobody can guess. */
export const newKey = (): string => randomBytes(32).toString('hex');

/** Makes it with random keys, for its owner alone; throws the system's error. It appears whole or not at all. */
export function makeIfMissing(path: string): void {
  try {
    statSync(path);
    return;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  const text = [
    '# Keys of the gateway. The first signs; a second one is still accepted: sapgw keys rotate.',
    '# The hash: line names users in stores and logs: without it every acceptance and session is lost.',
    newKey(),
    `hash:${newKey()}`,
    '',
  ].join('\n');
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  writeFileSync(temporary, text, { mode: 0o600, flag: 'wx', flush: true });
  try {
    chmodSync(temporary, 0o600);
    linkSync(temporary, path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    unlinkSync(temporary);
  }
}

export type Replaced =
  | { readonly kind: 'replaced' }
  /** It is not any more what was read, or somebody replaces it at this moment. A sentence. */
  | { readonly kind: 'meanwhile'; readonly problem: string }
  | { readonly kind: 'failed'; readonly problem: string };

/**
 * Puts another text in the place of the one that was read, on disk when it answers. The owner stays, so that a gateway under
 * another user goes on reading it; others than owner and group lose what they may. A link is followed.
 */
export function replaceSecretFile(path: string, before: string, text: string): Replaced {
  let temporary: string | undefined;
  try {
    const real = realpathSync(path);
    // The new file's name is the lock: whoever makes it replaces, and the move opens it again.
    const next = `${real}.next`;
    const descriptor = openSync(next, 'wx', 0o600);
    temporary = next;
    try {
      if (readFileSync(real, 'utf8') !== before) {
        unlinkSync(next);
        return { kind: 'meanwhile', problem: `${path} was changed by somebody else; look at it and run this again` };
      }
      const { uid, gid, mode } = statSync(real);
      chownSync(next, uid, gid);
      chmodSync(next, 0o600 | (mode & 0o040));
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(next, real);
    temporary = undefined;
    flushFolder(dirname(real));
    return { kind: 'replaced' };
  } catch (error) {
    if (temporary === undefined && errorCode(error) === 'EEXIST') {
      const problem = `${path}.next is there: somebody else replaces the keys; if nobody does, remove it`;
      return { kind: 'meanwhile', problem };
    }
    if (temporary !== undefined) unlinkSync(temporary);
    return { kind: 'failed', problem: `${path}: cannot be replaced: ${errorCode(error)}` };
  }
}

/** So that the move outlives a power cut; a system that cannot is none the worse. */
function flushFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return;
  }
}
