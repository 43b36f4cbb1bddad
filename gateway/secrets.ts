/**
 * Where the gateway's keys come from: a file that is made when it is missing, or the environment. A source holds one key a
 * line (SAPGW_SECRET: separated by spaces or commas); lines that begin with # are comments. The first key signs and seals,
 * a second one is only verified and unsealed with, so that keys can be rotated (`keys/rotation.ts`). Keyed hashes must
 * outlive every rotation, because acceptances and sessions stand under them: their key is the line `hash:KEY`, which a
 * file that the gateway makes always has. Where no such line stands, the last key is the hash key.
 */
import type { SecretSource } from './config.ts';
import { errorCode } from './error-code.ts';
import { keySetOf, readKeyFile } from './keys/key-file.ts';
import { KeyRing } from './keys/ring.ts';
import { makeIfMissing, readSecretFile } from './keys/secret-file.ts';

export type SecretsResult =
  /** `warnings` are sentences for the log; they hold no key. */
  | { readonly kind: 'ready'; readonly secrets: KeyRing; readonly warnings: readonly string[] }
  | { readonly kind: 'failed'; readonly problem: string };

/** Reads the keys; a file that does not exist is made, with random keys, for its owner alone. */
export function openSecrets(source: SecretSource): SecretsResult {
  if (source.kind === 'keys') {
    const read = readKeyFile(source.text);
    if (read.kind === 'wrong') return { kind: 'failed', problem: `SAPGW_SECRET: ${read.problem}` };
    return { kind: 'ready', secrets: new KeyRing(keySetOf(read.file), Date.now()), warnings: [] };
  }
  try {
    makeIfMissing(source.path);
  } catch (error) {
    return { kind: 'failed', problem: `${source.path}: cannot be read or made: ${errorCode(error)}` };
  }
  const read = readSecretFile(source.path);
  if (read.kind === 'failed') return { kind: 'failed', problem: read.problem };
  return { kind: 'ready', secrets: new KeyRing(keySetOf(read.file), read.changedAt), warnings: read.warnings };
}
