/**
 * What an operator who writes to one user should know: somebody who logs in without a domain is known without one, and
 * only the VASP knows which domain it fills in, so a message to the whole id does not reach such a session.
 */
import { readUserId } from '../policy/user-id.ts';
import type { SessionStore } from '../ports.ts';

export interface UserParts {
  readonly sessions: Pick<SessionStore, 'ofUser'>;
  readonly userKey: (vasp: string, userId: string) => string;
}

/** A sentence, when nobody is on-line under this id and somebody is under the one without a domain. */
export async function userHint(
  { sessions, userKey }: UserParts,
  vasp: string,
  userId: string,
): Promise<string | undefined> {
  const { bare, name, domain } = readUserId(userId);
  if (domain === '') return undefined;
  if ((await sessions.ofUser(userKey(vasp, bare))).size > 0) return undefined;
  if ((await sessions.ofUser(userKey(vasp, name))).size === 0) return undefined;
  return 'Nobody is on-line under this id, but somebody is who logged in without a domain; if that is the same user, name that id.';
}
