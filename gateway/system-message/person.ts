/**
 * Who logged in, as a session's record keeps it: sealed, so that the store holds no name, and read only where somebody has
 * something to say to the session's user.
 */
import type { LoginFacts } from '../policy/model.ts';
import type { PersonFacts } from '../system-message-ports.ts';

export type Person = Pick<PersonFacts, 'userId' | 'clientId' | 'language'>;

/** Stands for the user of a session whose names were not kept. */
export const NOBODY: Person = { userId: '', clientId: '', language: undefined };

/** What names of sessions are sealed for. */
export const PURPOSE = 'person';
/** Longer names are nobody's, and have no place in a session's record: its user is told what concerns everybody. */
const LONGEST_NAMES = 1_024;

/** Undefined when the names are too long to be kept. */
export function sealPerson(
  secrets: { seal(purpose: string, text: string): Uint8Array },
  { userId, clientId, language }: Pick<LoginFacts, keyof Person>,
): Uint8Array | undefined {
  const person = JSON.stringify([userId, clientId, language ?? null]);
  return person.length > LONGEST_NAMES ? undefined : secrets.seal(PURPOSE, person);
}

/** Undefined when it was not written, or by a key that is not live any more. */
export function unsealPerson(
  secrets: { unseal(purpose: string, sealed: Uint8Array): string | undefined },
  sealed: Uint8Array | undefined,
): Person | undefined {
  const text = sealed === undefined ? undefined : secrets.unseal(PURPOSE, sealed);
  const read: unknown = text === undefined ? undefined : JSON.parse(text);
  const [userId, clientId, language] = Array.isArray(read) ? (read as readonly unknown[]) : [];
  if (typeof userId !== 'string' || typeof clientId !== 'string') return undefined;
  return { userId, clientId, language: typeof language === 'string' ? language : undefined };
}
