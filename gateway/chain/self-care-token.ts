/**
 * The address of a user's self-care page: who may see and change one user's preference and inbox at one VASP is whoever
 * has it. It is signed, good for a day, and names nobody; nothing is kept for it, so every process judges it, after a
 * restart too.
 *
 * 36 bytes, 48 characters of base64url: the user's key (16), time of issue in seconds (4), HMAC-SHA-256 cut to 128 bits (16).
 * The HMAC covers the 20 bytes before it and the VASP, which the key belongs to.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Secrets } from '../ports.ts';

/** Before a token. */
export const SELF_CARE_PATH = '/self-care/';
/** From the issue. */
export const SELF_CARE_VALID_MILLIS = 24 * 3_600_000;

const KEY_BYTES = 16;
const HEAD_BYTES = KEY_BYTES + 4;
const MAC_BYTES = 16;
const FORM = /^[A-Za-z0-9_-]{48}$/;

/** Whose page it is. */
export interface SelfCareUser {
  /** Keyed hash of user and VASP. */
  readonly userKey: string;
  readonly vasp: string;
}

export type SelfCareToken =
  | { readonly kind: 'valid'; readonly user: SelfCareUser }
  /** Ours, and more than a day old. */
  | { readonly kind: 'old' };

/**
 * A fresh address.
 * @param publicUrl without a trailing slash
 * @param now wall-clock milliseconds
 */
export function selfCareUrl(secrets: Secrets, publicUrl: string, { userKey, vasp }: SelfCareUser, now: number): string {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(userKey, 'base64url');
  head.writeUInt32BE(Math.floor(now / 1000), KEY_BYTES);
  const mac = secrets.sign(signedData(head, vasp)).subarray(0, MAC_BYTES);
  return `${publicUrl}${SELF_CARE_PATH}${Buffer.concat([head, mac]).toString('base64url')}`;
}

/**
 * Reads a token; undefined when it is malformed or not ours.
 * @param vasps names of all that are configured: a token does not say whose it is
 * @param now wall-clock milliseconds
 */
export function readSelfCareToken(
  secrets: Secrets,
  vasps: readonly string[],
  text: string,
  now: number,
): SelfCareToken | undefined {
  if (!FORM.test(text)) return undefined;
  const token = Buffer.from(text, 'base64url');
  const head = token.subarray(0, HEAD_BYTES);
  const vasp = vasps.find((name) => secrets.verify(signedData(head, name), token.subarray(HEAD_BYTES)));
  if (vasp === undefined) return undefined;
  const issuedAt = token.readUInt32BE(KEY_BYTES) * 1000;
  if (now - issuedAt >= SELF_CARE_VALID_MILLIS) return { kind: 'old' };
  return { kind: 'valid', user: { userKey: token.toString('base64url', 0, KEY_BYTES), vasp } };
}

function signedData(head: Uint8Array, vasp: string): Buffer {
  return Buffer.concat([head, Buffer.from(`\0self-care\0${vasp}`)]);
}

/** What a form of the page brings back, so that only what came from the page changes something. 22 characters. */
export function selfCareFormToken(secrets: Secrets, token: string): string {
  return secrets.keyedHash('self-care form', token);
}

export function isSelfCareFormToken(secrets: Secrets, token: string, given: string): boolean {
  const right = Buffer.from(selfCareFormToken(secrets, token));
  const written = Buffer.from(given);
  return written.length === right.length && timingSafeEqual(right, written);
}
