/** The benchmark's own arithmetic: medians, the table, and which values make it fail. */
import { expect, test } from '@jest/globals';
import { LIMITS, withLimits } from './floors.ts';
import { latencyRows } from './latency-rows.ts';
import type { OpenLoadReport } from './load.ts';
import { parseOptions, SECTIONS } from './options.ts';
import { median, medianRatio, quantile, slope } from './statistics.ts';
import { jsonOf, keepsFloors, type Row, tableLines } from './table.ts';

const row = (more: Partial<Row>): Row => ({ name: 'a', value: 1, unit: 'times', better: 'higher', ...more });

test('medians, quantiles, ratios round by round, slopes', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([quantile(hundred, 0.5), quantile(hundred, 0.99), quantile(hundred, 1)]).toEqual([50, 99, 100]);
  expect(quantile([], 0.5)).toBeNaN();
  expect(medianRatio([2, 40, 6], [1, 10, 3])).toBe(2);
  expect(slope([0, 1, 2, 3], [5, 7, 9, 11])).toBe(2);
});

test.each([
  ['above a floor', row({ floor: 1 }), true, 'ok'],
  ['below a floor', row({ floor: 1.2, goal: 1.5 }), false, 'BELOW FLOOR'],
  ['above a ceiling', row({ better: 'lower', floor: 0.5 }), false, 'BELOW FLOOR'],
  ['a goal missed', row({ goal: 1.5, floor: 1 }), true, 'goal missed'],
  ['not a number', row({ value: Number.NaN, floor: 1 }), false, 'BELOW FLOOR'],
  ['no value, a goal', row({ value: undefined, goal: 1 }), true, 'not measured'],
  ['no value, a floor', row({ value: undefined, floor: 1 }), false, 'NOT MEASURED'],
  ['nothing to judge', row({}), true, ''],
])('%s', (_, judged, keeps, verdict) => {
  expect(keepsFloors([row({}), judged])).toBe(keeps);
  expect(JSON.parse(jsonOf(judged))).toMatchObject({ name: 'a', verdict });
});

test('floors are laid on rows by their names', () => {
  const limits = { a: { floor: 2 } };
  expect(withLimits([row({}), row({ name: 'b', floor: 1 })], limits)).toEqual([
    row({ floor: 2 }),
    row({ name: 'b', floor: 1 }),
  ]);
  expect(LIMITS['proxy: gateway / http-proxy']?.floor).toBeGreaterThanOrEqual(1.2);
});

test('the table has a column for all that a row says', () => {
  const lines = tableLines([
    row({ name: 'proxy: gateway', value: 17681.4, ratio: { value: 1.153, to: 'http-proxy' } }),
    row({ name: 'b', value: undefined, goal: 1.25, better: 'lower', note: 'not today' }),
  ]);
  expect(lines).toEqual([
    'benchmark       value  unit   ratio              goal     floor  verdict',
    'proxy: gateway  17681  times  1.15 x http-proxy',
    'b                   -  times                     <= 1.25         not measured  not today',
  ]);
});

const report = (more: Partial<OpenLoadReport>): OpenLoadReport => ({
  answered: 500,
  wrong: 0,
  seconds: 1,
  medianMicros: 100,
  p99Micros: 1_000,
  medianLateMicros: 1,
  p99LateMicros: 10,
  ...more,
});
const latencies = (rounds: Readonly<Record<string, OpenLoadReport[]>>): Record<string, number | string | undefined> =>
  Object.fromEntries(
    latencyRows(500, new Map(Object.entries(rounds)), 1).map(({ name, value, note }) => [name, value ?? note]),
  );

test('latency: what is added in the same round, without rounds in which the load was late', () => {
  const rows = latencies({
    'no proxy': [report({}), report({ medianMicros: 120 }), report({})],
    nginx: [report({ medianMicros: 200 }), report({ medianMicros: 220 }), report({ medianMicros: 200 })],
    gateway: [
      report({ medianMicros: 350, p99Micros: 1_500 }),
      report({ medianMicros: 370, p99Micros: 1_500 }),
      report({ medianMicros: 90_000, medianLateMicros: 80_000, p99LateMicros: 90_000 }),
    ],
  });
  expect(rows['latency: no proxy, median at 500/s']).toBe(100);
  expect(rows['latency: gateway, median at 500/s']).toBe(250);
  expect(rows['latency: gateway, p99 at 500/s']).toBe(500);
  expect(rows['latency: gateway / nginx, median at 500/s']).toBe(2.5);
});

test('latency: a rate that is not given, or a load that is always late, is said', () => {
  const late = report({ medianLateMicros: 400 });
  const rows = latencies({
    'no proxy': [report({}), report({})],
    'http-proxy': [late, late],
    haproxy: [report({ medianMicros: 90 }), report({ medianMicros: 95 })],
    nginx: [report({}), report({})],
    gateway: [report({ seconds: 1.25 }), report({ seconds: 1.25 })],
  });
  expect(rows['latency: gateway, median at 500/s']).toBe('this machine gives 400 of 500 requests/s');
  expect(rows['latency: gateway / nginx, median at 500/s']).toBe('this machine gives 400 of 500 requests/s');
  expect(rows['latency: haproxy, median at 500/s']).toBe('less than the noise of this machine');
  expect(rows['latency: http-proxy, median at 500/s']).toMatch(/load itself is late .* 400 µs/);
});

test('options', () => {
  expect(parseOptions([])).toEqual({ kind: 'run', isQuick: false, asJson: false, sections: SECTIONS });
  expect(parseOptions(['--quick', '--json', '--only', 'store,proxy', '--only', 'codec'])).toEqual({
    kind: 'run',
    isQuick: true,
    asJson: true,
    sections: ['proxy', 'codec', 'store'],
  });
  expect(parseOptions(['--help'])).toEqual({ kind: 'help' });
  expect(parseOptions(['--only', 'speed'])).toMatchObject({ kind: 'wrong', problem: expect.stringContaining('proxy') });
  expect(parseOptions(['--fast'])).toMatchObject({ kind: 'wrong' });
});
