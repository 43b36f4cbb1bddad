#!/usr/bin/env node
/**
 * The command line: one family of commands a file, put together here. A family is loaded when its command is called, all
 * of them for the help: checking a policy does not wait for the libraries of the gateway. Exit status: 0 done, 1 what was
 * asked for failed, 2 wrong use.
 */
import { Command, CommanderError } from 'commander';

const WRONG_USE = 2;

interface Family {
  /** The commands that it adds. */
  readonly commands: readonly string[];
  readonly add: (program: Command) => Promise<unknown>;
}

/** In the order of the help. */
const FAMILIES: readonly Family[] = [
  { commands: ['serve'], add: async (program) => (await import('./serve.ts')).registerServe(program) },
  { commands: ['sandbox'], add: async (program) => (await import('./sandbox.ts')).registerSandbox(program) },
  { commands: ['handset'], add: async (program) => (await import('./handset.ts')).registerHandset(program) },
  { commands: ['policy'], add: async (program) => (await import('./policy.ts')).registerPolicy(program) },
  { commands: ['vasp'], add: async (program) => (await import('./vasp.ts')).registerVasp(program) },
  { commands: ['message'], add: async (program) => (await import('./message.ts')).registerMessage(program) },
  { commands: ['mailbox'], add: async (program) => (await import('./mailbox.ts')).registerMailbox(program) },
  { commands: ['keys'], add: async (program) => (await import('./keys.ts')).registerKeys(program) },
  { commands: ['workers'], add: async (program) => (await import('./workers.ts')).registerWorkers(program) },
  { commands: ['nodes'], add: async (program) => (await import('./nodes.ts')).registerNodes(program) },
  { commands: ['decode', 'encode'], add: async (program) => (await import('./convert.ts')).registerConvert(program) },
  { commands: ['audit'], add: async (program) => (await import('./audit.ts')).registerAudit(program) },
  { commands: ['user'], add: async (program) => (await import('./user.ts')).registerUser(program) },
  { commands: ['store'], add: async (program) => (await import('./store.ts')).registerStore(program) },
  { commands: ['config'], add: async (program) => program.addCommand((await import('./config.ts')).configCommand()) },
];

const EXIT_STATUSES = `
Exit status:
  0  done
  1  what was asked for failed: a login was refused, a policy has a problem, a record was changed
  2  wrong use or configuration

sapgw COMMAND --help tells the options of a command and shows an example.`;

const program = new Command('sapgw')
  .description('a gateway in front of an IMPS service: asks before login, applies the granted service level')
  .addHelpText('after', EXIT_STATUSES)
  .showHelpAfterError('(sapgw --help lists the commands)')
  .exitOverride();

const called = process.argv[2] ?? '';
const family = FAMILIES.find(({ commands }) => commands.includes(called));
for (const { add } of family === undefined ? FAMILIES : [family]) await add(program);
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
