/**
 * Durations as operators write them: a whole number and a unit, `30s`, `2m`, `24h`, `30d`.
 */

const UNIT_MILLIS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const DURATION_WORDS = 'a duration such as 30s, 2m, 24h or 30d';

/** Milliseconds; undefined for text that is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^([1-9]\d{0,6})([smhd])$/.exec(text);
  const unit = UNIT_MILLIS[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}
