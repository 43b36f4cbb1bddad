/** Who logs in, as the gateway knows people outside of a live session: keyed hashes of user, client and cookie. */
import { childText, type Element } from '../csp/element.ts';
import { readUserId } from '../policy/user-id.ts';
import type { Secrets } from '../ports.ts';

/** A ClientID as one text: its URL, else its number; empty when there is neither [P4.2]. */
export function clientIdText(clientId: Element | undefined): string {
  return childText(clientId, 'URL') ?? childText(clientId, 'MSISDN') ?? '';
}

export function clientKeyOf(secrets: Secrets, clientId: Element | undefined): string {
  return secrets.keyedHash('client', clientIdText(clientId));
}

/**
 * The same for every spelling of one user id: VASPs compare them without regard to case, and fill in a domain that is missing
 * [P11]. Where nobody knows which, an id without one is another user's.
 */
export function userKeyOf(
  secrets: Pick<Secrets, 'keyedHash'>,
  { name: vasp, domain: ownDomain = '' }: { readonly name: string; readonly domain?: string | undefined },
  userId: string,
): string {
  const { bare, domain } = readUserId(userId);
  return secrets.keyedHash('user', vasp, domain === '' && ownDomain !== '' ? `${bare}@${ownDomain}` : bare);
}

/** The same for VASPs that are known by their names. */
export function userKeys(
  secrets: Pick<Secrets, 'keyedHash'>,
  vasps: readonly { readonly name: string; readonly domain: string | undefined }[],
): (vasp: string, userId: string) => string {
  const known = new Map(vasps.map((vasp) => [vasp.name, vasp]));
  return (name, userId) => userKeyOf(secrets, known.get(name) ?? { name }, userId);
}

export function cookieKeyOf(secrets: Secrets, cookie: string): string {
  return secrets.keyedHash('cookie', cookie);
}

/** Under what a session stands in the store, in logs, and in everything that is kept beside it. */
export function sessionKeyOf(secrets: Secrets, vasp: string, sessionId: string): string {
  return secrets.keyedHash('session', vasp, sessionId);
}
