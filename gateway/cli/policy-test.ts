/** `sapgw policy test`: runs the tests beside the policies, and says what they leave untested. */
import { runPolicyTests, type TestReport } from '../policy/test-run.ts';
import { formatProblem } from '../yaml/problem.ts';
import { counted } from './counted.ts';
import { type CheckFlags, summary } from './policy-check.ts';
import { EXIT_FAILED, EXIT_UNREADABLE, gatewayOf, type Print, readSet, type Terminal } from './policy-command.ts';

export async function test(directory: string, flags: CheckFlags, terminal: Terminal): Promise<number> {
  const gateway = await gatewayOf(flags, terminal);
  if (typeof gateway === 'number') return gateway;
  const read = await readSet(directory, terminal, gateway);
  if (read === undefined) return EXIT_UNREADABLE;
  const { folder, parsed } = read;
  const { print, judge } = terminal;
  const json = flags.json === true;
  if (parsed.kind === 'invalid') {
    if (json) print(JSON.stringify({ valid: false, problems: parsed.problems, warnings: parsed.warnings }, null, 2));
    else {
      for (const problem of parsed.problems) print(formatProblem(problem));
      print(`${summary(folder.policies.length, parsed.problems, [])}; no test was run`);
    }
    return EXIT_FAILED;
  }
  const report = runPolicyTests(parsed.set, folder.tests, judge);
  if (json)
    print(JSON.stringify({ valid: true, hash: parsed.set.hash, files: folder.tests.length, ...report }, null, 2));
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
  else {
    if (report.untested.length > 0) print(`warning: no passing test covers ${report.untested.join(', ')}`);
    if (report.unreached.length > 0) print(`warning: no passing test reaches ${report.unreached.join(', ')}`);
  }
  print(`${counted(report.passed, 'test')} passed, ${report.failed} failed`);
}
