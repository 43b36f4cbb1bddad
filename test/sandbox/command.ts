/** A program with the two commands of this folder alone, for running them as a child process. */
import { Command } from 'commander';
import { registerHandset } from '../../gateway/cli/handset.ts';
import { registerSandbox } from '../../gateway/cli/sandbox.ts';

const program = new Command('sapgw').exitOverride((error) => {
  process.exit(error.exitCode === 0 ? 0 : 2);
});
registerHandset(program);
registerSandbox(program);
await program.parseAsync();
