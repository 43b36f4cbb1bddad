/** How somebody who wants to get past a question without answering it makes tokens: by chance, by altering, by mixing. */

/** Numbers from 0 to below 1, the same for the same seed. */
export type Random = () => number;

export const below = (random: Random, limit: number): number => Math.floor(random() * limit);

export function pick<T>(random: Random, items: readonly T[]): T {
  if (items.length === 0) throw new Error('nothing to pick from');
  return items[below(random, items.length)] as T;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const TOKEN_BYTES = 36;

/** Bytes by chance; every other one with the first byte of a true token, so that more of it is looked at. */
export function randomToken(random: Random): string {
  const bytes = Buffer.from(Array.from({ length: TOKEN_BYTES }, () => below(random, 256)));
  if (random() < 0.5) bytes[0] = 0x80;
  return bytes.toString('base64url');
}

const ALTERATIONS: readonly ((token: string, random: Random) => string)[] = [
  flipped,
  flipped,
  flipped,
  (token, random) => token.slice(0, below(random, token.length)),
  (token, random) => token.slice(1 + below(random, token.length)),
  (token, random) => token + pick(random, [...ALPHABET]),
  (token, random) => pick(random, [...ALPHABET]) + token,
  (token) => token + token,
  (token) => `${token}=`,
  (token, random) => {
    const at = 1 + below(random, token.length - 1);
    return token.slice(at) + token.slice(0, at);
  },
  (token, random) => {
    const at = below(random, token.length);
    return (
      token.slice(0, at) +
      pick(random, ['+', '/', '=', '.', '%', '&', '<', '>', '"', 'é', 'А', '０', '\u{1f600}']) +
      token.slice(at + 1)
    );
  },
  (token) => [...token].reverse().join(''),
  (token) => token.toUpperCase(),
  (token) => token.toLowerCase(),
  (token) => Buffer.from(token, 'base64url').toString('hex'),
  (token) => Buffer.from(token).toString('base64url'),
  (token) => [...token].map((letter) => String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfee0)).join(''),
  () => '',
  (token) => encodeURIComponent(`${token}?`),
];

/** A true token that is not quite it any more. */
export function alteredToken(token: string, random: Random): string {
  for (;;) {
    const altered = pick(random, ALTERATIONS)(token, random);
    // Outer blanks are no difference, and some tokens are their own upper case in the end.
    if (altered.trim() !== token) return altered;
  }
}

function flipped(token: string, random: Random): string {
  const bytes = Buffer.from(token, 'base64url');
  const at = below(random, bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
  return bytes.toString('base64url');
}

/** Where a token's fields begin: language, time, policy, user, client, cookie, nonce, signature. */
const FIELDS = [0, 1, 6, 9, 15, 18, 21, 25, TOKEN_BYTES] as const;

/** A token with each field out of one or the other of two, and neither of them. */
export function mixedToken(one: string, other: string, random: Random): string {
  const [a, b] = [Buffer.from(one, 'base64url'), Buffer.from(other, 'base64url')];
  const differ = FIELDS.slice(0, -1).filter((from, index) => !sameIn(a, b, from, FIELDS[index + 1] ?? from));
  if (differ.length < 2) throw new Error('two tokens that differ in one field alone cannot be mixed');
  for (;;) {
    const mixed = Buffer.from(a);
    FIELDS.slice(0, -1).forEach((from, index) => {
      if (random() < 0.5) b.copy(mixed, from, from, FIELDS[index + 1]);
    });
    if (!mixed.equals(a) && !mixed.equals(b)) return mixed.toString('base64url');
  }
}

const sameIn = (a: Buffer, b: Buffer, from: number, to: number): boolean =>
  a.subarray(from, to).equals(b.subarray(from, to));
