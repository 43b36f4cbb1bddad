/**
 * Commands that ask a running gateway by its admin API: the options that all of them have, and what becomes of the answer.
 * Exit status: 0 done, 1 the gateway refused, 2 it could not be asked.
 */
import type { Command } from 'commander';
import type { AdminAnswer, AdminCall, AdminFlags } from './admin-client.ts';

export interface AdminCommandDeps {
  /** Writes a line; standard output when absent. */
  readonly print?: (line: string) => void;
  /** Writes a line for what went wrong; standard error when absent. */
  readonly printError?: (line: string) => void;
}

export interface AdminCommandFlags extends AdminFlags {
  readonly json?: boolean;
}

export const EXIT_REFUSED = 1;
export const EXIT_NOT_ASKED = 2;

/** Adds a command with the options that name the gateway. */
export function adminCommand(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option(
      '-c, --config <file>',
      'configuration of the gateway, which names its admin listener and token (SAPGW_CONFIG)',
    )
    .option('--admin <url>', 'the admin listener (default: what the configuration names, else http://127.0.0.1:8081)')
    .option('--token-file <file>', 'file with the admin token (default: what the configuration names)')
    .option('--json', 'as JSON');
}

/** Asks, prints the answer by `lines` or as JSON, and sets the exit status. `Answered` is what the API says it answers. */
export async function runAdmin<Answered>(
  deps: AdminCommandDeps,
  flags: AdminCommandFlags,
  call: AdminCall,
  lines: (json: Answered) => readonly string[],
): Promise<void> {
  // The client and what it needs are loaded when a command runs, so that the others start as fast as before.
  const { callAdmin } = await import('./admin-client.ts');
  const answer = await callAdmin(flags, process.env, call);
  process.exitCode = exitOf(answer);
  const print = deps.print ?? console.log;
  const printError = printErrorOf(deps);
  if (answer.kind === 'not-asked') for (const message of answer.messages) printError(message);
  else if (flags.json === true) print(JSON.stringify(answer.json, null, 2));
  else if (answer.kind === 'refused') printError(answer.message);
  else for (const line of lines(answer.json as Answered)) print(line);
}

export const printErrorOf = (deps: AdminCommandDeps): ((line: string) => void) => deps.printError ?? console.error;

function exitOf({ kind }: AdminAnswer): number {
  if (kind === 'done') return 0;
  return kind === 'refused' ? EXIT_REFUSED : EXIT_NOT_ASKED;
}
