/**
 * `sapgw policy`: what network operations do with policy files before and after they go live. The commands and their
 * options stand here; what they do is loaded when one is called.
 */
import type { Command } from 'commander';
import type { Judge } from '../policy/test-run.ts';
import type { Terminal } from './policy-command.ts';

export interface PolicyCommandDeps {
  /** Judges the logins of tests and explanations; as real ones are judged when absent. */
  readonly judge?: Judge;
  /** Writes a line; standard output when absent. */
  readonly print?: (line: string) => void;
  /** Writes a line for what went wrong with the command itself; standard error when absent. */
  readonly printError?: (line: string) => void;
  /** Wall-clock milliseconds; the machine's clock when absent. */
  readonly now?: () => number;
  /** Standard input when absent. */
  readonly stdin?: AsyncIterable<Uint8Array>;
}

const DEFAULT_FOLDER = 'policies';
const VASPS = [
  '--vasps <names>',
  "names of the gateway's VASPs with commas between, so that policies' are checked",
] as const;
const CONFIG = ['--config <file>', 'take the names of the VASPs from this configuration file'] as const;

/** Adds `policy` and its commands. */
export function registerPolicy(program: Command, deps: PolicyCommandDeps = {}): void {
  const policy = program.command('policy').description('check, test, explain, draw, compare and replay policy files');
  registerCheckAndTest(policy, deps);
}

function registerCheckAndTest(policy: Command, deps: PolicyCommandDeps): void {
  policy
    .command('check')
    .description('list every problem of the policy files in a folder')
    .argument('[folder]', 'folder of policy files', DEFAULT_FOLDER)
    .option(...VASPS)
    .option(...CONFIG)
    .option('--json', 'as JSON')
    .addHelpText('after', example('sapgw policy check policies --vasps friendly-im'))
    .action(async (folder: string, flags: object) => {
      const { check } = await import('./policy-check.ts');
      process.exitCode = await check(folder, flags, await terminalOf(deps));
    });
  policy
    .command('test')
    .description('run the tests (*.test.yaml) of the policy files in a folder')
    .argument('[folder]', 'folder of policy files and tests', DEFAULT_FOLDER)
    .option(...VASPS)
    .option(...CONFIG)
    .option('--json', 'as JSON')
    .addHelpText('after', example('sapgw policy test policies'))
    .action(async (folder: string, flags: object) => {
      const { test } = await import('./policy-test.ts');
      process.exitCode = await test(folder, flags, await terminalOf(deps));
    });
}

async function terminalOf(deps: PolicyCommandDeps): Promise<Terminal> {
  const { print = console.log, printError = console.error, now = Date.now, stdin = process.stdin } = deps;
  const judge = deps.judge ?? (await import('./policy-judge.ts')).createPolicyJudge();
  return { print, printError, now, stdin, judge, progress: process.stderr.isTTY ? showProgress : undefined };
}

/** Writes over the line before. */
const showProgress = (line: string): void => {
  process.stderr.write(`\r${line}\u001b[K`);
};

const example = (...commands: readonly string[]): string =>
  `\nExample${commands.length === 1 ? '' : 's'}:\n${commands.map((command) => `  ${command}`).join('\n')}`;
