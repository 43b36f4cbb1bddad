/** Random numbers that a seed decides, the same everywhere (mulberry32): a run that failed can be run again. */

/** Whole numbers of 32 bits. */
export function randomWords(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Numbers from 0 to below 1. */
export function randomFractions(seed: number): () => number {
  const next = randomWords(seed);
  return () => next() / 2 ** 32;
}
