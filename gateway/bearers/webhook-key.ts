/** The key that calls are signed with: the content of a file, read for each call so that it can be replaced at any time. */
import { readFile } from 'node:fs/promises';
import { errorCode } from '../error-code.ts';

export type WebhookKey =
  | { readonly kind: 'read'; readonly key: string }
  /** A sentence with its place; it holds nothing of the key. */
  | { readonly kind: 'unusable'; readonly problem: string };

const MIN_KEY_CHARACTERS = 32;

/** Blanks around it are cut off. */
export async function readWebhookKey(file: string): Promise<WebhookKey> {
  const unusable = (problem: string): WebhookKey => ({ kind: 'unusable', problem: `${file}: ${problem}` });
  try {
    const key = (await readFile(file, 'utf8')).trim();
    return key.length < MIN_KEY_CHARACTERS
      ? unusable(`holds fewer than ${MIN_KEY_CHARACTERS} characters; \`openssl rand -hex 32\` makes a good key`)
      : { kind: 'read', key };
  } catch (error) {
    return unusable(`cannot be read: ${errorCode(error)}`);
  }
}
