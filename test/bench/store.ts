/**
 * What a stored session costs: disk for one of many, memory of the process, time to write, to read, to sweep. The store is
 * measured in a process of its own (store-program.ts), so that the memory is the store's.
 */

import { answerOf, forkCompiled } from './programs.ts';
import type { Progress } from './progress.ts';
import type { StoreFigures } from './store-program.ts';
import type { Row } from './table.ts';

/** Measures a store of that many sessions in a temporary folder. */
export async function benchStore(sessions: number, progress: Progress): Promise<Row[]> {
  progress(`store: ${sessions} sessions`);
  const child = forkCompiled('test/bench/store-program.ts', [String(sessions)]);
  for (;;) {
    const said = await answerOf<StoreFigures | { readonly written: number }>(child);
    if (!('written' in said)) return rowsOf(sessions, said);
    progress(`store: ${said.written} of ${sessions} written`);
  }
}

function rowsOf(sessions: number, figures: StoreFigures): Row[] {
  const note = `${sessions} sessions`;
  const row = (name: string, value: number, unit: string, better: Row['better']): Row => ({
    name: `store: ${name}`,
    value,
    unit,
    better,
    note,
  });
  return [
    // The file grows in large steps: of few sessions it tells little, and no floor is on it.
    row(sessions < 1_000_000 ? 'disk, few sessions' : 'disk', figures.diskBytes / sessions, 'bytes/session', 'lower'),
    row('memory, own', figures.ownBytes / 2 ** 20, 'MiB', 'lower'),
    row('memory, mapped file', figures.mappedBytes / 2 ** 20, 'MiB', 'lower'),
    row('write, many at once', figures.writesPerSecond, '1/s', 'higher'),
    row('write, one at a time', figures.writeMillis, 'ms', 'lower'),
    row('read', figures.readsPerSecond, '1/s', 'higher'),
    row('read, median', figures.readMedianMicros, 'µs', 'lower'),
    row('read, p99', figures.readP99Micros, 'µs', 'lower'),
    row('sweep, nothing expired', figures.sweepMicros, 'µs/session', 'lower'),
  ];
}
