/**
 * The SystemMessageID of a question before login: a signed token that holds what is needed to judge the answer, so that
 * nothing is kept for a user who has not answered and any node with the key can judge [X20].
 *
 * 36 bytes, 48 characters of base64url: format and language (1), time of issue in milliseconds (5), policy and version
 * (3), user at the VASP (6), ClientID (3), SessionCookie (3), nonce (4), HMAC-SHA-256 cut to 88 bits (11). User, client and
 * cookie are pieces of keyed hashes. The HMAC covers the 25 bytes before it and, in full, VASP, policy and version, so a
 * token is good for one policy version even where the three bytes that name it are ambiguous.
 */
import type { Secrets } from '../ports.ts';

/** The upper two bits of the first byte; the lower six hold the language. */
const FORMAT = 1;
const LANGUAGE_MASK = 0x3f;
/** Times count from here: 40 bits of milliseconds reach into 2054. */
const EPOCH = Date.UTC(2020, 0, 1);
const HEAD_BYTES = 25;
const MAC_BYTES = 11;
const TOKEN_BYTES = HEAD_BYTES + MAC_BYTES;

/** Who is asked: a login's user, client and cookie at one VASP, as keyed hashes. */
export interface Asked {
  readonly vasp: string;
  /** Keyed hash of user and VASP. */
  readonly userKey: string;
  /** Keyed hash of the ClientID. */
  readonly clientKey: string;
  /** Keyed hash of the SessionCookie. */
  readonly cookieKey: string;
}

/** What a token says of the policy that it asks for. */
export interface AskedPolicy {
  readonly id: string;
  readonly version: number;
}

/** An authentic token, read. */
export interface TokenContent {
  /** Wall-clock milliseconds. */
  readonly issuedAt: number;
  /** Place of the language among the policy's texts. */
  readonly languageIndex: number;
  /** Short forms of the hashes in {@link Asked}; compare with {@link shortForm}. */
  readonly user: string;
  readonly client: string;
  readonly cookie: string;
}

const SHORT_BYTES = { user: 6, client: 3, cookie: 3 } as const;

/** The piece of a keyed hash that a token carries: lower-case hexadecimal. */
export function shortForm(kind: keyof typeof SHORT_BYTES, key: string): string {
  return Buffer.from(key, 'base64url').toString('hex', 0, SHORT_BYTES[kind]);
}

/** A fresh token for one policy asked of one login. `languageIndex` counts from 0, `now` is wall-clock milliseconds. */
export function issueToken(
  secrets: Secrets,
  asked: Asked,
  policy: AskedPolicy,
  languageIndex: number,
  now: number,
): string {
  const token = Buffer.alloc(TOKEN_BYTES);
  token[0] = (FORMAT << 6) | Math.min(languageIndex, LANGUAGE_MASK);
  token.writeUIntBE(Math.floor(now) - EPOCH, 1, 5);
  policyReference(secrets, policy).copy(token, 6);
  token.write(shortForm('user', asked.userKey), 9, 'hex');
  token.write(shortForm('client', asked.clientKey), 15, 'hex');
  token.write(shortForm('cookie', asked.cookieKey), 18, 'hex');
  token.set(secrets.randomBytes(4), 21);
  const mac = secrets.sign(signedData(token, asked.vasp, policy));
  token.set(mac.subarray(0, MAC_BYTES), HEAD_BYTES);
  return token.toString('base64url');
}

/**
 * Reads a token of ours for this VASP and tells which of the policies it asks for. Undefined when it is malformed, not
 * ours, of another VASP, or of a policy or version that is not among them.
 */
export function readToken<P extends AskedPolicy>(
  secrets: Secrets,
  vasp: string,
  policies: readonly P[],
  text: string,
): { readonly policy: P; readonly content: TokenContent } | undefined {
  if (!/^[A-Za-z0-9_-]{48}$/.test(text)) return undefined;
  const token = Buffer.from(text, 'base64url');
  if ((token[0] ?? 0) >> 6 !== FORMAT) return undefined;
  const mac = token.subarray(HEAD_BYTES);
  for (const policy of policies) {
    if (!policyReference(secrets, policy).equals(token.subarray(6, 9))) continue;
    if (secrets.verify(signedData(token, vasp, policy), mac)) return { policy, content: content(token) };
  }
  return undefined;
}

function content(token: Buffer): TokenContent {
  return {
    issuedAt: token.readUIntBE(1, 5) + EPOCH,
    languageIndex: (token[0] ?? 0) & LANGUAGE_MASK,
    user: token.toString('hex', 9, 15),
    client: token.toString('hex', 15, 18),
    cookie: token.toString('hex', 18, 21),
  };
}

function policyReference(secrets: Secrets, policy: AskedPolicy): Buffer {
  return Buffer.from(secrets.keyedHash('policy', policy.id, String(policy.version)), 'base64url').subarray(0, 3);
}

function signedData(token: Buffer, vasp: string, policy: AskedPolicy): Buffer {
  const bound = Buffer.from(`\0${vasp}\0${policy.id}\0${policy.version}`);
  return Buffer.concat([token.subarray(0, HEAD_BYTES), bound]);
}
