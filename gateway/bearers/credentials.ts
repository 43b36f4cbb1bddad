/**
 * Whom the gateway logs in as at a bearer: a user name and a password, each in a file that is read when it is needed, so that
 * it can be replaced at any time. Neither is ever in what is said of the files.
 */
import { readFile } from 'node:fs/promises';
import { errorCode } from '../error-code.ts';

export interface CredentialFiles {
  readonly userFile: string;
  readonly passwordFile: string;
}

export type CredentialsResult =
  | { readonly kind: 'read'; readonly user: string; readonly password: string }
  /** Sentences, each with its place. */
  | { readonly kind: 'unusable'; readonly problems: readonly string[] };

const MOST_CHARACTERS = 256;

/** Blanks around them are cut off. */
export async function readCredentials({ userFile, passwordFile }: CredentialFiles): Promise<CredentialsResult> {
  const [user, password] = await Promise.all([readWord(userFile), readWord(passwordFile)]);
  const problems = [user, password].flatMap((one) => ('problem' in one ? [one.problem] : []));
  if ('problem' in user || 'problem' in password) return { kind: 'unusable', problems };
  return { kind: 'read', user: user.word, password: password.word };
}

async function readWord(path: string): Promise<{ readonly word: string } | { readonly problem: string }> {
  let word: string;
  try {
    word = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    return { problem: `${path}: cannot be read: ${errorCode(error)}` };
  }
  if (word === '') return { problem: `${path}: is empty` };
  if (word.length > MOST_CHARACTERS) return { problem: `${path}: holds more than ${MOST_CHARACTERS} characters` };
  const isOneLine = [...word].every((character) => character >= ' ' && character !== '\x7f');
  return isOneLine ? { word } : { problem: `${path}: holds more than one line, or characters that cannot be sent` };
}

/** A text that goes out as one octet a character, so that the other side sees the octets of the file. */
export const asOctets = (word: string): string => Buffer.from(word, 'utf8').toString('latin1');
