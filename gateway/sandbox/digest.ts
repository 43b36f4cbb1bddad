/**
 * The digest of a four-way login [P7.2], for both of its ends: the sandbox checks it, the handset makes it. MD5 and SHA-1
 * are weak; they stand here because the protocol names them.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

const HASH_OF_SCHEMA: ReadonlyMap<string, string> = new Map([
  ['MD5', 'md5'],
  ['SHA', 'sha1'],
]);

/** The schemas that both ends know, the better one first. */
export const DIGEST_SCHEMAS: readonly string[] = ['SHA', 'MD5'];

/** base64(H(nonce text, password)), both in ISO-8859-1. @throws {RangeError} for a schema that is not in {@link DIGEST_SCHEMAS}. */
export function digestBytes(schema: string, nonce: string, password: string): string {
  const hash = HASH_OF_SCHEMA.get(schema);
  if (hash === undefined) throw new RangeError('this digest schema is not known');
  return createHash(hash)
    .update(nonce + password, 'latin1')
    .digest('base64');
}

/** Compares two secrets in a time that says nothing about where they differ. */
export function sameSecret(left: string, right: string): boolean {
  const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digestOf(left), digestOf(right));
}
