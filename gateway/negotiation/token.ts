/**
 * The SystemMessageID of a question before login: a signed token that holds what is needed to judge the answer, so that
 * nothing is kept for a user who has not answered and any node with the key can judge [X20].
 *
 * 36 bytes, 48 characters of base64url: format and language (1), time of issue in milliseconds (5), policy and version
 * (3), user at the VASP (6), ClientID (3), SessionCookie (3), nonce (4), HMAC-SHA-256 cut to 88 bits (11). User, client and
 * cookie are pieces of keyed hashes. The HMAC covers the 25 bytes before it and, in full, VASP, policy set, policy and
 * version: a token is good for one version of one policy as it stood in the set that it was asked under, and takes no
 * room to say which set that was.
 */
import type { Secrets } from '../ports.ts';

/** The upper two bits of the first byte; then a bit for {@link TokenContent.languageTold}, then the language. */
const FORMAT = 2;
const LANGUAGE_TOLD = 0x20;
const LANGUAGE_MASK = 0x1f;
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

/** A policy set, as far as tokens know it. */
export interface AskedSet<P extends AskedPolicy = AskedPolicy> {
  readonly hash: string;
  readonly policies: readonly P[];
  /** What is asked while messages wait. */
  readonly offLineUser?: readonly { readonly atLogin?: P }[];
}

/** What is asked of somebody. */
export interface Question {
  readonly setHash: string;
  readonly policy: AskedPolicy;
  /** Place of the language among the policy's texts, from 0; at most 31 are told apart. */
  readonly languageIndex: number;
  /** Whether the client said which language it wants. */
  readonly languageTold: boolean;
}

/** An authentic token, read. */
export interface TokenContent {
  /** Wall-clock milliseconds. */
  readonly issuedAt: number;
  /** Place of the language among the policy's texts. */
  readonly languageIndex: number;
  /** Whether the client said which language it wants; if not, a browser may know better. */
  readonly languageTold: boolean;
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

/** A fresh token for one question to one login. `now` is wall-clock milliseconds. */
export function issueToken(secrets: Secrets, asked: Asked, question: Question, now: number): string {
  const token = Buffer.alloc(TOKEN_BYTES);
  const told = question.languageTold ? LANGUAGE_TOLD : 0;
  token[0] = (FORMAT << 6) | told | Math.min(question.languageIndex, LANGUAGE_MASK);
  token.writeUIntBE(Math.floor(now) - EPOCH, 1, 5);
  token.write(policyReference(secrets, question.policy), 6, 'hex');
  token.write(shortForm('user', asked.userKey), 9, 'hex');
  token.write(shortForm('client', asked.clientKey), 15, 'hex');
  token.write(shortForm('cookie', asked.cookieKey), 18, 'hex');
  token.set(secrets.randomBytes(4), 21);
  const mac = secrets.sign(signedData(token, asked.vasp, question.setHash, question.policy));
  token.set(mac.subarray(0, MAC_BYTES), HEAD_BYTES);
  return token.toString('base64url');
}

/**
 * Reads a token of ours for this VASP and tells which policy of which set it asks for. Undefined when it is malformed,
 * not ours, of another VASP, or of a policy, version or set that is not among them.
 */
export function readToken<P extends AskedPolicy, S>(
  secrets: Secrets,
  vasp: string,
  sets: readonly (AskedSet<P> & S)[],
  text: string,
): { readonly set: AskedSet<P> & S; readonly policy: P; readonly content: TokenContent } | undefined {
  if (!/^[A-Za-z0-9_-]{48}$/.test(text)) return undefined;
  const token = Buffer.from(text, 'base64url');
  if ((token[0] ?? 0) >> 6 !== FORMAT) return undefined;
  const mac = token.subarray(HEAD_BYTES);
  const reference = token.toString('hex', 6, 9);
  for (const set of sets) {
    const isAskedFor = (policy: AskedPolicy | undefined): boolean =>
      policy !== undefined &&
      policyReference(secrets, policy) === reference &&
      secrets.verify(signedData(token, vasp, set.hash, policy), mac);
    const policy =
      set.policies.find(isAskedFor) ?? set.offLineUser?.find(({ atLogin }) => isAskedFor(atLogin))?.atLogin;
    if (policy !== undefined) return { set, policy, content: content(token) };
  }
  return undefined;
}

function content(token: Buffer): TokenContent {
  const first = token[0] ?? 0;
  return {
    issuedAt: token.readUIntBE(1, 5) + EPOCH,
    languageIndex: first & LANGUAGE_MASK,
    languageTold: (first & LANGUAGE_TOLD) !== 0,
    user: token.toString('hex', 9, 15),
    client: token.toString('hex', 15, 18),
    cookie: token.toString('hex', 18, 21),
  };
}

/** What is known of each policy object: most tokens that come are read against sets of hundreds of policies. */
const REFERENCES = new WeakMap<Secrets, WeakMap<AskedPolicy, string>>();

/** Three bytes, hexadecimal, that most often tell a policy and its version from others. */
function policyReference(secrets: Secrets, policy: AskedPolicy): string {
  let known = REFERENCES.get(secrets);
  if (known === undefined) {
    known = new WeakMap();
    REFERENCES.set(secrets, known);
  }
  const reference = known.get(policy);
  if (reference !== undefined) return reference;
  const hash = secrets.keyedHash('policy', policy.id, String(policy.version));
  const made = Buffer.from(hash, 'base64url').toString('hex', 0, 3);
  known.set(policy, made);
  return made;
}

function signedData(token: Buffer, vasp: string, setHash: string, policy: AskedPolicy): Buffer {
  const bound = Buffer.from(`\0${vasp}\0${setHash}\0${policy.id}\0${policy.version}`);
  return Buffer.concat([token.subarray(0, HEAD_BYTES), bound]);
}
