/** A number of things as people write it. */

/** Such as `1 file` and `2 files`. */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
