/**
 * What an operator message to everybody costs the data path, in figures: many sessions, one message to all at a rate, nine in
 * ten answer, and text messages pass through at an even pace before, meanwhile and afterwards. Prints a table; exit status 1
 * when a session is not accounted for, when an answer of the data path was wrong, or when its p99 more than doubled.
 * Run by `npx tsx test/load/messages-figures.ts [sessions] [a second]` on a quiet machine; CPU_PROFILE=FOLDER writes a
 * profile of the gateway.
 */

import { tmpdir } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { compiled, folderOfRun } from '../bench/programs.ts';
import { type Accounts, type Period, runMessages } from './messages-run.ts';

const [sessions = '50000', perSecond = '1000'] = process.argv.slice(2);
const { CPU_PROFILE: profile, DATA_RATE: dataRate = '300', LOAD_SEED: seed = '20041205' } = process.env;
const MOST_RATIO = 2;

const result = await runMessages({
  directory: folderOfRun(tmpdir(), 'sapgw-messages-'),
  sessions: Number(sessions),
  perSecond: Number(perSecond),
  thinkingMillis: 4_000,
  reactionMillis: Number(process.env.REACTION ?? 500),
  wheelMillis: 5_000,
  expiresSeconds: 120,
  dataPerSecond: Number(dataRate),
  beforeSeconds: 20,
  warmUpSeconds: 10,
  seed: Number(seed),
  programOf: compiled,
  ...(profile === undefined ? {} : { execArgv: ['--cpu-prof', `--cpu-prof-dir=${profile}`] }),
  progress: (what) => process.stderr.write(`\r\x1b[K${what}`),
});
process.stderr.write('\r\x1b[K');

const { accounts, phones, before, during, after } = result;
const millis = (micros: number): string => `${(micros / 1000).toFixed(2)} ms`;
const row = (name: string, { seconds, ...period }: Period): void =>
  console.log(
    `${name.padEnd(8)} ${seconds.toFixed(0).padStart(4)} s  p50 ${millis(period.medianMicros)}  p99 ${millis(period.p99Micros)}  ` +
      `longest ${millis(period.longestMicros)}  of ${period.answered}, ${period.wrong.length} wrong  gateway ${percent(period.gatewayShare)}, ` +
      `phones ${percent(period.crowdShare)} of a processor  (sent ${millis(period.mostLateMicros)} late at most)`,
  );
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
const account = (name: string, { options, ...counts }: Accounts): void =>
  console.log(`${name.padEnd(8)} ${JSON.stringify(counts)} ${options === undefined ? '' : JSON.stringify(options)}`);

console.log(
  `${sessions} sessions, opened in ${result.loginSeconds.toFixed(1)} s, one message to all at ${perSecond}/s`,
);
console.log(
  `sent in ${result.sendSeconds.toFixed(1)} s; gateway ${(result.residentBytes / 2 ** 20).toFixed(0)} MiB resident`,
);
row('before', before);
row('during', during);
row('after', after);
for (const [name, one] of Object.entries(accounts)) account(name, one);
const { surprises, ...totals } = phones;
console.log(`phones   ${JSON.stringify(totals)}`);
const ratio = during.p99Micros / before.p99Micros;
console.log(`p99 of the data path meanwhile: ${ratio.toFixed(2)} times that before (goal: at most ${MOST_RATIO})`);

const { options: _options, ...counted } = accounts.api;
const problems = [
  ...surprises,
  ...result.strays.slice(0, 5),
  ...(isDeepStrictEqual(accounts.api, accounts.phones) ? [] : ['the report does not say what the phones did']),
  ...(isDeepStrictEqual(accounts.api, accounts.store) ? [] : ['the report does not say what the store says']),
  ...(isDeepStrictEqual(counted, accounts.metrics) ? [] : ['the metrics do not say what the report says']),
  ...[before, during, after].flatMap(({ wrong }) => wrong.slice(0, 2)),
  ...(ratio > MOST_RATIO ? ['the p99 of the data path more than doubled'] : []),
];
for (const problem of problems) console.log(`WRONG: ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);
