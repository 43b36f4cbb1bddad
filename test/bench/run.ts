/**
 * `npm run bench`: runs the benchmarks, prints one table, and fails when a value is on the wrong side of its floor.
 * `--quick` is short and less exact, `--json` prints a line for each row, `--only codec|proxy` leaves the other out.
 */
import { benchCodec } from './codec.ts';
import { benchProxy } from './proxy.ts';
import { printTable, type Row } from './table.ts';

const args = process.argv.slice(2);
const isQuick = args.includes('--quick');
const only = args.includes('--only') ? args[args.indexOf('--only') + 1] : undefined;

const rows: Row[] = [];
if (only !== 'proxy') rows.push(...(await benchCodec()));
if (only !== 'codec') rows.push(...(await benchProxy(isQuick)));
process.exitCode = printTable(rows, args.includes('--json')) ? 0 : 1;
