/**
 * In which share of the users a login's window, pass and tokens are: all in the user's own. A window's name and a token hold the
 * first bytes of the user's keyed hash, which say the same as its first character.
 */
import { shareOf } from '../../shares.ts';

/** Behind the VASP: user and client as tokens carry them, in lower-case hexadecimal. */
const USER_OF_WINDOW = / ([0-9a-f]{2})[0-9a-f]* [0-9a-f]*$/;
/** Twelve characters stand for the nine bytes before the user's. */
const USER_OF_TOKEN_AT = 12;

/** @param key as `windowKey` makes it; others are in a share too, which is always the same */
export function shareOfWindow(key: string): number {
  const [, firstByte = ''] = USER_OF_WINDOW.exec(key) ?? [];
  return shareOf(Buffer.from(firstByte, 'hex').toString('base64url'));
}

/** @param key that begins with the user's keyed hash */
export function shareOfPass(key: string): number {
  return shareOf(key);
}

/** @param token as it came in; what is none is in a share too */
export function shareOfToken(token: string): number {
  return shareOf(token.slice(USER_OF_TOKEN_AT));
}
