/**
 * Every goal and floor of `npm run bench`, by the name of the row that it judges. A goal is what we want, a floor is what
 * we refuse to fall below: a row on the wrong side of it, or without a value, makes the run exit with 1. A name that
 * `--only` left out is not judged. The codec's own rows carry theirs in codec.ts.
 */
import type { Row } from './table.ts';

export interface Limits {
  readonly goal?: number;
  readonly floor?: number;
}

export const LIMITS: Readonly<Record<string, Limits>> = {
  // Requests per CPU-second, inspecting and enforcing, against http-proxy which does neither [architecture §5].
  'proxy: gateway / http-proxy': { goal: 1.5, floor: 1.2 },
  // Added median latency at 5,000 requests a second.
  'latency: gateway / nginx, median at 5000/s': { goal: 1.25 },
  'store: disk': { floor: 200 },
  // Of a login that nobody need be asked about.
  'logins: store reads, not asked': { goal: 1, floor: 1 },
  'logins: undecided': { floor: 0 },
  'logins: forwarded without acceptance': { floor: 0 },
};

/** The rows with what the table above says of them. */
export function withLimits(rows: readonly Row[], limits: Readonly<Record<string, Limits>> = LIMITS): Row[] {
  return rows.map((row) => ({ ...row, ...limits[row.name] }));
}
