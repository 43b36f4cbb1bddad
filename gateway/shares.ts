/**
 * The users of a gateway of several machines in 32 equal shares. What is said to the users of one share, and what is kept for
 * them, is in the hands of one node at a time, and under keys that lie together in the store. The share of a key is the order
 * of its first character, so that the shares one after the other hold all keys in their order.
 */

export const SHARES = 32;

/** Every share, in the order of the keys. */
export const ALL_SHARES: readonly number[] = Array.from({ length: SHARES }, (_, share) => share);

/** The characters of keyed hashes and ids, in their order. */
const CHARACTERS = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

/** By the code of the first character; those that no hash has count as the nearest before. */
const SHARE_OF_CODE: readonly number[] = Array.from({ length: 128 }, (_, code) => {
  const before = [...CHARACTERS].filter((character) => character.charCodeAt(0) <= code).length;
  return Math.floor((Math.max(before - 1, 0) * SHARES) / CHARACTERS.length);
});

/** From 0. @param key a keyed hash of a user or a session */
export function shareOf(key: string): number {
  return SHARE_OF_CODE[key.charCodeAt(0)] ?? (key === '' ? 0 : SHARES - 1);
}

/** How much of what a machine bounds in memory is for a part of its users: all of it where no part is named. */
export function inProportion(most: number, portion = 1): number {
  return Math.ceil(most * portion);
}

/** What belongs to users, by the users' shares, each in its order. */
export function byShareOf<T>(all: readonly T[], userKeyOf: (one: T) => string): ReadonlyMap<number, readonly T[]> {
  const groups = new Map<number, T[]>();
  for (const one of all) {
    const share = shareOf(userKeyOf(one));
    const group = groups.get(share);
    if (group === undefined) groups.set(share, [one]);
    else group.push(one);
  }
  return groups;
}
