/**
 * `sapgw policy check` and `sapgw policy test`: what an operator runs before policy files go live, and what a pipeline
 * runs on every change. Exit status: 0 all is well, 1 the policies are wrong or a test failed, 2 the folder cannot be read.
 */
import type { Command } from 'commander';
import { parsePolicySet } from '../policy/parse.ts';
import { type Judge, runPolicyTests, type TestReport } from '../policy/test-run.ts';
import { contentHash, readPolicyFolder } from '../policy-folder.ts';
import { formatProblem, type Problem } from '../yaml/problem.ts';

export interface PolicyCommandDeps {
  /** Judges the logins of policy tests, as real ones are judged. */
  readonly judge: Judge;
  /** Writes a line; standard output when absent. */
  readonly print?: (line: string) => void;
  /** Writes a line for what went wrong with the command itself; standard error when absent. */
  readonly printError?: (line: string) => void;
}

const EXIT_FAILED = 1;
const EXIT_UNREADABLE = 2;
const DEFAULT_FOLDER = 'policies';

/** Adds `policy check` and `policy test`. */
export function registerPolicy(program: Command, deps: PolicyCommandDeps): void {
  const { judge, print = console.log, printError = console.error } = deps;
  const policy = program.command('policy').description('check and test policy files');
  policy
    .command('check')
    .description('list every problem of the policy files in a folder')
    .argument('[folder]', 'folder of policy files', DEFAULT_FOLDER)
    .option('--json', 'as JSON')
    .action(async (folder: string, { json = false }: { readonly json?: boolean }) => {
      process.exitCode = await check(folder, json, print, printError);
    });
  policy
    .command('test')
    .description('run the tests (*.test.yaml) of the policy files in a folder')
    .argument('[folder]', 'folder of policy files and tests', DEFAULT_FOLDER)
    .option('--json', 'as JSON')
    .action(async (folder: string, { json = false }: { readonly json?: boolean }) => {
      process.exitCode = await test(folder, json, judge, print, printError);
    });
}

type Print = (line: string) => void;

/** The folder and what its policies make; undefined after it was told why the folder cannot be read. */
async function readSet(directory: string, printError: Print) {
  const folder = await readPolicyFolder(directory);
  if (folder.kind === 'read') return { folder, parsed: parsePolicySet(folder.policies, { hash: contentHash }) };
  printError(folder.message);
  return undefined;
}

async function check(directory: string, json: boolean, print: Print, printError: Print): Promise<number> {
  const read = await readSet(directory, printError);
  if (read === undefined) return EXIT_UNREADABLE;
  const { folder, parsed } = read;
  const problems = parsed.kind === 'invalid' ? parsed.problems : [];
  if (json) {
    const set =
      parsed.kind === 'valid' ? { hash: parsed.set.hash, policies: parsed.set.policies.map(({ id }) => id) } : {};
    print(JSON.stringify({ valid: parsed.kind === 'valid', ...set, problems, warnings: parsed.warnings }, null, 2));
  } else {
    for (const problem of [...problems, ...parsed.warnings]) print(formatProblem(problem));
    if (folder.policies.length === 0)
      print(`${directory}: warning: there are no policy files, so nobody would be asked`);
    print(summary(folder.policies.length, problems, parsed.warnings));
  }
  return problems.length === 0 ? 0 : EXIT_FAILED;
}

async function test(directory: string, json: boolean, judge: Judge, print: Print, printError: Print): Promise<number> {
  const read = await readSet(directory, printError);
  if (read === undefined) return EXIT_UNREADABLE;
  const { folder, parsed } = read;
  if (parsed.kind === 'invalid') {
    if (json) print(JSON.stringify({ valid: false, problems: parsed.problems, warnings: parsed.warnings }, null, 2));
    else {
      for (const problem of parsed.problems) print(formatProblem(problem));
      print(`${summary(folder.policies.length, parsed.problems, [])}; no test was run`);
    }
    return EXIT_FAILED;
  }
  const report = runPolicyTests(parsed.set, folder.tests, judge);
  if (json) print(JSON.stringify({ valid: true, hash: parsed.set.hash, ...report }, null, 2));
  else printReport(directory, report, folder.tests.length, print);
  return report.failed === 0 && report.problems.length === 0 ? 0 : EXIT_FAILED;
}

function printReport(directory: string, report: TestReport, files: number, print: Print): void {
  for (const problem of report.problems) print(formatProblem(problem));
  for (const { name, passed, differences } of report.cases) {
    print(`${passed ? 'ok    ' : 'FAILED'} ${name}`);
    for (const difference of differences) print(`       ${formatProblem(difference)}`);
  }
  if (files === 0)
    print(`${directory}: warning: there are no tests; write some in a file named like policies.test.yaml`);
  else if (report.untested.length > 0) print(`warning: no passing test covers ${report.untested.join(', ')}`);
  print(`${counted(report.passed, 'test')} passed, ${report.failed} failed`);
}

function summary(files: number, problems: readonly Problem[], warnings: readonly Problem[]): string {
  return `${counted(files, 'file')}: ${counted(problems.length, 'problem')}, ${counted(warnings.length, 'warning')}`;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
