/** Says on standard error how far a benchmark is, so that nobody takes a long one for a hanging one. */

export type Progress = (what: string) => void;

const startedAt = performance.now();

export const progress: Progress = (what) => {
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.error(`[${String(seconds).padStart(4)} s] ${what}`);
};
