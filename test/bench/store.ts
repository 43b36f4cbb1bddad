/**
 * What a stored session costs: disk for one of many, memory of the process, time to write, to read, to sweep; and what a
 * message to a user costs. Each store is measured in a process of its own, so that the memory is the store's.
 */

import type { MessageFigures } from './message-program.ts';
import { answerOf, forkCompiled } from './programs.ts';
import type { Progress } from './progress.ts';
import type { StoreFigures } from './store-program.ts';
import type { Row } from './table.ts';

/** Measures a store of that many sessions in a temporary folder. */
export async function benchStore(sessions: number, progress: Progress): Promise<Row[]> {
  const without = await measured(sessions, [], progress);
  const withPerson = await measured(sessions, ['person'], progress);
  const messages = sessions / 5;
  progress(`store: ${messages} messages`);
  const kept = await answerOf<MessageFigures>(forkCompiled('test/bench/message-program.ts', [String(messages)]));
  return [...rowsOf(sessions, without), personRow(sessions, withPerson), ...messageRows(messages, kept)];
}

async function measured(sessions: number, words: readonly string[], progress: Progress): Promise<StoreFigures> {
  progress(['store:', sessions, 'sessions', ...words].join(' '));
  const child = forkCompiled('test/bench/store-program.ts', [String(sessions), ...words]);
  for (;;) {
    const said = await answerOf<StoreFigures | { readonly written: number }>(child);
    if (!('written' in said)) return said;
    progress(`store: ${said.written} of ${sessions} written`);
  }
}

function personRow(sessions: number, { diskBytes }: StoreFigures): Row {
  return {
    name: sessions < 1_000_000 ? 'store: disk, with who logged in, few sessions' : 'store: disk, with who logged in',
    value: diskBytes / sessions,
    unit: 'bytes/session',
    better: 'lower',
    note: `${sessions} sessions`,
  };
}

function messageRows(messages: number, figures: MessageFigures): Row[] {
  const row = (name: string, value: number, unit: string, better: Row['better']): Row => ({
    name: `store: messages, ${name}`,
    value,
    unit,
    better,
    note: `${messages} messages`,
  });
  return [
    row('record', figures.recordBytes, 'bytes/message', 'lower'),
    row(messages < 200_000 ? 'disk, few' : 'disk', figures.diskBytes, 'bytes/message', 'lower'),
    row('put, 500 at once', figures.putsPerSecond, '1/s', 'higher'),
    row('put again, 500 at once', figures.updatesPerSecond, '1/s', 'higher'),
    row('put, one at a time', figures.putMillis, 'ms', 'lower'),
    row('of one user', figures.ofMicros, 'µs', 'lower'),
    row('all, in slices', figures.sliceMicros, 'µs/message', 'lower'),
  ];
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
