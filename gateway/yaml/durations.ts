/**
 * How operators write times and sizes: `250ms`, `15s`, `2m`, `12h`, `30d`, and `512`, `512KiB`, `4MiB`, `10kB`. A time
 * has always a unit, because nobody remembers which one a bare number would have; a size without one is bytes.
 */

const MILLIS_OF_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const BYTES_OF_UNIT: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1000,
  KB: 1000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** What a right duration looks like, to put in a problem. */
export const DURATION_FORM = 'a time such as 250ms, 15s, 2m, 12h or 30d';
/** What a right size looks like, to put in a problem. */
export const SIZE_FORM = 'a size such as 512KiB, 4MiB or a number of bytes';

/** The milliseconds of `2m`; undefined when the text is no duration. A fraction (`1.5s`) is one, when whole in milliseconds. */
export function parseDuration(text: string): number | undefined {
  return quantity(text, MILLIS_OF_UNIT, false);
}

/** The bytes of `512KiB`; undefined when the text is no size. */
export function parseSize(text: string): number | undefined {
  return quantity(text, BYTES_OF_UNIT, true);
}

/** The shortest exact way to write a duration: 120000 is `2m`, 1500 is `1500ms`. */
export function formatDuration(millis: number): string {
  return format(millis, ['d', 'h', 'm', 's', 'ms'], MILLIS_OF_UNIT) ?? `${millis}ms`;
}

/** The shortest exact way to write a size: 524288 is `512KiB`. */
export function formatSize(bytes: number): string {
  return format(bytes, ['GiB', 'MiB', 'KiB'], BYTES_OF_UNIT) ?? `${bytes}`;
}

function quantity(text: string, units: Readonly<Record<string, number>>, bareAllowed: boolean): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,3})?) ?([A-Za-z]*)$/.exec(text.trim());
  const number = match?.[1];
  const unit = match?.[2];
  if (number === undefined || unit === undefined || (unit === '' && !bareAllowed)) return undefined;
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (factor === undefined) return undefined;
  const value = Number(number) * factor;
  return Number.isSafeInteger(value) ? value : undefined;
}

function format(value: number, units: readonly string[], sizes: Readonly<Record<string, number>>): string | undefined {
  if (value === 0) return undefined;
  const unit = units.find((name) => value % (sizes[name] ?? Number.NaN) === 0);
  return unit === undefined ? undefined : `${value / (sizes[unit] ?? 1)}${unit}`;
}
