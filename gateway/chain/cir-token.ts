/**
 * The token in a session's SHTTP address [X51]: the session's key, and a keyed hash of it that nobody can guess. Nothing is
 * kept for it, so every process judges it, after a restart too; and it outlives a change of the signing key, as sessions do.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Secrets } from '../ports.ts';

const HALF_CHARACTERS = 22;
const FORM = /^[A-Za-z0-9_-]{44}$/;

/** 44 characters of base64url. */
export function cirToken(secrets: Secrets, sessionKey: string): string {
  return sessionKey + secrets.keyedHash('cir', sessionKey);
}

/** The key of the session that a token is for; undefined when it is not one of ours. */
export function sessionOfToken(secrets: Secrets, token: string): string | undefined {
  if (!FORM.test(token)) return undefined;
  const sessionKey = token.slice(0, HALF_CHARACTERS);
  const right = Buffer.from(secrets.keyedHash('cir', sessionKey));
  return timingSafeEqual(right, Buffer.from(token.slice(HALF_CHARACTERS))) ? sessionKey : undefined;
}
