/**
 * The code of a system error (`ENOENT`, `EADDRINUSE`), which is all of it that may be branched on, logged or shown: its
 * message may hold what a user sent.
 */

/** The code of what was thrown; `UNKNOWN` when it has none. */
export function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'UNKNOWN';
  return typeof error.code === 'string' || typeof error.code === 'number' ? String(error.code) : 'UNKNOWN';
}
