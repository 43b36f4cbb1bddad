#!/usr/bin/env node
/** The command line: one command a file, put together here. Exit status: 0 done, 1 what was asked for failed, 2 wrong use. */
import { Command, CommanderError } from 'commander';
import { configCommand } from './config.ts';
import { registerConvert } from './convert.ts';
import { registerHandset } from './handset.ts';
import { registerPolicy } from './policy.ts';
import { createPolicyJudge } from './policy-judge.ts';
import { registerSandbox } from './sandbox.ts';
import { registerServe } from './serve.ts';

const WRONG_USE = 2;

const program = new Command('sapgw')
  .description('a gateway in front of an IMPS service: asks before login, applies the granted service level')
  .showHelpAfterError('(sapgw --help lists the commands)')
  .exitOverride();

registerServe(program);
registerSandbox(program);
registerHandset(program);
registerPolicy(program, { judge: createPolicyJudge() });
registerConvert(program);
program.addCommand(configCommand());
// Commands made before exitOverride was set do not inherit it.
for (const command of everyCommand(program)) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : WRONG_USE;
}

function everyCommand(parent: Command): Command[] {
  return parent.commands.flatMap((command) => [command, ...everyCommand(command)]);
}
