/**
 * Who is provisioned, from a file of user ids: one a line, `*` and `?` stand for any text, `#` begins a comment [X22].
 * Without a file everybody is.
 */
import { readFileSync } from 'node:fs';
import { errorCode } from './error-code.ts';
import { compileGlob } from './policy/glob.ts';
import { readUserId } from './policy/user-id.ts';

export type SubscribersResult =
  | { readonly kind: 'ready'; readonly isProvisioned: (userId: string) => boolean }
  | { readonly kind: 'failed'; readonly problem: string };

export function openSubscribers(file: string | undefined): SubscribersResult {
  if (file === undefined) return { kind: 'ready', isProvisioned: () => true };
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { kind: 'failed', problem: `${file}: cannot be read: ${errorCode(error)}` };
  }
  const entries = text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map((line) => readUserId(line).bare);
  const exact = new Set(entries.filter((entry) => !/[*?]/.test(entry)));
  const globs = entries.filter((entry) => /[*?]/.test(entry)).map(compileGlob);
  return {
    kind: 'ready',
    isProvisioned: (userId) => {
      const { bare } = readUserId(userId);
      return exact.has(bare) || globs.some((glob) => glob.matches(bare));
    },
  };
}
