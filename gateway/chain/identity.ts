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

/** The same for every spelling of one user id: VASPs compare them without regard to case [P11]. */
export function userKeyOf(secrets: Secrets, vasp: string, userId: string): string {
  return secrets.keyedHash('user', vasp, readUserId(userId).bare);
}

export function cookieKeyOf(secrets: Secrets, cookie: string): string {
  return secrets.keyedHash('cookie', cookie);
}

/** Under what a session stands in the store, in logs, and in everything that is kept beside it. */
export function sessionKeyOf(secrets: Secrets, vasp: string, sessionId: string): string {
  return secrets.keyedHash('session', vasp, sessionId);
}
