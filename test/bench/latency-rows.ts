/**
 * What rounds of fixed rates tell: the time that each proxy added, in the rounds in which the load kept its schedule, and in
 * words why there is none where it did not. Pure.
 */
import type { OpenLoadReport } from './load.ts';
import { median } from './statistics.ts';
import type { Row } from './table.ts';

/** The name of the load straight to the VASP, and of the contender that the ratio is about. */
export const DIRECT = 'no proxy';
const OURS = 'gateway';

/** Of the rate asked for; below, what was measured is a queue. */
const GIVEN_SHARE = 0.95;
/** At least one round in so many must be one in which the load kept its schedule. */
const PUNCTUAL_OF_ALL = 3;

type Rounds = readonly OpenLoadReport[];

/** The rows of one rate, from what each target's rounds gave; `seconds` is what a round was to take. */
export function latencyRows(rate: number, measured: ReadonlyMap<string, Rounds>, seconds: number): Row[] {
  const direct = measured.get(DIRECT) ?? [];
  const rows = [...measured].flatMap(([name, rounds]) =>
    QUANTILES.map((quantile): Row => {
      const added = name === DIRECT ? timesOf(rounds, quantile) : addedOf(rounds, direct, quantile, rate, seconds);
      const unit = name === DIRECT ? 'µs' : 'µs added';
      return { name: `latency: ${name}, ${quantile.name} at ${rate}/s`, unit, better: 'lower', ...settled(added) };
    }),
  );
  const [ours, nginx] = [measured.get(OURS), measured.get('nginx')];
  if (ours === undefined || nginx === undefined) return rows;
  const added = [ours, nginx].map((rounds) => settled(addedOf(rounds, direct, MEDIAN, rate, seconds)));
  const [value = Number.NaN, other = Number.NaN] = added.map((one) => one.value);
  const note = added.find((one) => one.note !== undefined)?.note;
  const judged = { name: `latency: ${OURS} / nginx, median at ${rate}/s`, unit: 'times', better: 'lower' } as const;
  return [...rows, note === undefined ? { ...judged, value: value / other } : { ...judged, value: undefined, note }];
}

interface Quantile {
  readonly name: string;
  readonly of: (report: OpenLoadReport) => number;
  /** How late the load was itself, and how late it may be, in microseconds. */
  readonly late: (report: OpenLoadReport) => number;
  readonly toleratedMicros: number;
}

const MEDIAN: Quantile = {
  name: 'median',
  of: ({ medianMicros }) => medianMicros,
  late: ({ medianLateMicros }) => medianLateMicros,
  toleratedMicros: 100,
};
const P99: Quantile = {
  name: 'p99',
  of: ({ p99Micros }) => p99Micros,
  late: ({ p99LateMicros }) => p99LateMicros,
  toleratedMicros: 2_000,
};
const QUANTILES = [MEDIAN, P99];

/** Microseconds of each round, or why the rounds tell nothing. */
type Times = readonly number[] | string;

/** What was added in each round in which the load kept its schedule, with the proxy and without. */
function addedOf(rounds: Rounds, direct: Rounds, quantile: Quantile, rate: number, seconds: number): Times {
  const given = median(rounds.map((round) => round.answered / Math.max(round.seconds, seconds)));
  if (given < rate * GIVEN_SHARE) return `this machine gives ${Math.round(given)} of ${rate} requests/s`;
  const pairs = rounds.map((round, index) => ({ round, without: direct[index] ?? round }));
  const late = pairs.map(({ round, without }) => Math.max(quantile.late(round), quantile.late(without)));
  const punctual = pairs.filter((_, index) => (late[index] ?? 0) <= quantile.toleratedMicros);
  if (punctual.length * PUNCTUAL_OF_ALL < pairs.length) return lateness(late, quantile);
  return punctual.map(({ round, without }) => quantile.of(round) - quantile.of(without));
}

function timesOf(rounds: Rounds, quantile: Quantile): Times {
  const punctual = rounds.filter((round) => quantile.late(round) <= quantile.toleratedMicros);
  const isTooFew = punctual.length * PUNCTUAL_OF_ALL < rounds.length;
  return isTooFew ? lateness(rounds.map(quantile.late), quantile) : punctual.map(quantile.of);
}

function lateness(late: readonly number[], { name }: Quantile): string {
  return `the load itself is late on this machine, ${name} ${Math.round(median(late))} µs`;
}

/** A proxy that adds nothing at the median was measured on a machine whose own noise is larger than what it adds. */
function settled(times: Times): { readonly value: number | undefined; readonly note?: string } {
  if (typeof times === 'string') return { value: undefined, note: times };
  const value = median(times);
  return value > 0 ? { value } : { value: undefined, note: 'less than the noise of this machine' };
}
