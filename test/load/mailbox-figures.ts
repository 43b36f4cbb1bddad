/**
 * What a mailbox of many messages costs, in figures, through the running gateway. Prints a table; exit status 1 when a message
 * is not accounted for. Run by `npx tsx test/load/mailbox-figures.ts [messages]` on a quiet machine.
 */
import { tmpdir } from 'node:os';
import { compiled, folderOfRun } from '../bench/programs.ts';
import { type LoginTimes, runMailbox, type Stage } from './mailbox-run.ts';

const messages = Number(process.argv[2] ?? 1_000_000);
const PER_USER = 10;
const FETCHERS = 2_000;

const figures = await runMailbox({
  directory: folderOfRun(tmpdir(), 'sapgw-mailbox-'),
  messages,
  perUser: PER_USER,
  logins: 500,
  sends: 20_000,
  fetchers: FETCHERS,
  programOf: compiled,
  progress: (what) => process.stderr.write(`\r\x1b[K${what}`),
});
process.stderr.write('\r\x1b[K');

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const times = ({ medianMillis, p99Millis }: LoginTimes): string =>
  `p50 ${medianMillis.toFixed(2)} ms, p99 ${p99Millis.toFixed(2)} ms`;
const stage = (name: string, one: Stage): void => {
  console.log(`${name}: ${one.waiting} messages wait`);
  console.log(`  start                        ${one.startSeconds.toFixed(2)} s`);
  console.log(`  kept over HTTP               ${one.storedPerSecond.toFixed(0)} a second`);
  console.log(`  login, nothing waits         ${times(one.logins.empty)}`);
  console.log(`  login, three messages wait   ${times(one.logins.three)}`);
  console.log(`  resident                     ${mebibytes(one.residentBytes)}`);
  console.log(`  on disk                      ${mebibytes(one.diskBytes)}`);
};
stage('empty', figures.before);
stage('full', figures.full);
const perMessage = (figures.full.diskBytes / figures.full.waiting).toFixed(0);
console.log(`a message on disk              ${perMessage} bytes`);
console.log(`filled in                      ${(messages / figures.fillSeconds).toFixed(0)} a second`);
console.log(`settled after                  ${figures.settleSeconds.toFixed(1)} s`);
console.log(`handed over and acknowledged   ${figures.deliveredPerSecond.toFixed(0)} a second, ${figures.delivered}`);

const left = figures.full.waiting - figures.delivered;
const problems = [
  ...figures.wrong.slice(0, 5),
  ...(figures.delivered === FETCHERS * PER_USER ? [] : [`${figures.delivered} messages were handed over`]),
  ...(figures.waiting === left ? [] : [`${figures.waiting} messages wait, not ${left}`]),
];
for (const problem of problems) console.log(`WRONG: ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);
