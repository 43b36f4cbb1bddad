/**
 * `npm run bench`: runs the benchmarks, prints one table, and fails when a value is on the wrong side of its floor. What
 * there is to choose is said by `--help` (options.ts).
 */
import { benchCodec } from './codec.ts';
import { benchCodecPeers } from './codec-peers.ts';
import { versions } from './contenders-native.ts';
import { withLimits } from './floors.ts';
import { benchLatency } from './latency.ts';
import { benchLogins } from './logins.ts';
import { HELP, parseOptions, type Section } from './options.ts';
import { progress } from './progress.ts';
import { benchProxy } from './proxy.ts';
import { benchStore } from './store.ts';
import { printTable, type Row } from './table.ts';

const RUNS: Readonly<Record<Section, (isQuick: boolean) => Promise<Row[]>>> = {
  proxy: (isQuick) => benchProxy(isQuick, progress),
  latency: (isQuick) => benchLatency(isQuick, progress),
  codec: async () => [...(await benchCodec()), ...benchCodecPeers()],
  store: (isQuick) => benchStore(isQuick ? 100_000 : 1_000_000, progress),
  logins: (isQuick) => benchLogins(isQuick, progress),
};

const options = parseOptions(process.argv.slice(2));
if (options.kind === 'help') {
  console.log(HELP);
} else if (options.kind === 'wrong') {
  console.error(`${options.problem}\n\n${HELP}`);
  process.exitCode = 2;
} else {
  progress(versions().join('; '));
  const rows: Row[] = [];
  for (const section of options.sections) {
    progress(section);
    rows.push(...withLimits(await RUNS[section](options.isQuick)));
  }
  progress('done');
  process.exitCode = printTable(rows, options.asJson) ? 0 : 1;
}
// Whatever a library still holds open: everything is measured and printed.
process.stdout.write('', () => process.exit());
