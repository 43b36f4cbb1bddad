/**
 * The word that proves that somebody read a question: the gateway's page shows it, the user types it, and it follows from
 * the question's token, so that nothing has to be remembered.
 */
import type { OffLinePolicy } from '../policy/model.ts';
import type { Secrets } from '../ports.ts';

/** Letters that nobody takes for another, on no phone. */
const LETTERS = 'ACDEFHJKLMNPRTWXY';
const WORD_LETTERS = 6;

/** The word that answers the question with this token; undefined where its policy asks for none. */
export function proofWord(secrets: Secrets, policy: OffLinePolicy, token: string): string | undefined {
  const { verification } = policy;
  if (verification === undefined) return undefined;
  return verification.key ?? freshWord(secrets, token);
}

function freshWord(secrets: Secrets, token: string): string {
  const hash = Buffer.from(secrets.keyedHash('proof', token), 'base64url');
  const letter = (_: unknown, index: number) => LETTERS[hash.readUInt16BE(index * 2) % LETTERS.length] ?? '';
  return Array.from({ length: WORD_LETTERS }, letter).join('');
}
