/**
 * `sapgw message`: what network operations write to users in their sessions, by the admin API of a running gateway: sending
 * an operator policy, how far that is and what came of it, cancelling, and the messages of one user. Exit status: 0 done,
 * 1 the gateway refused, or what was waited for was cancelled, 2 it could not be asked.
 */
import { type Command, InvalidArgumentError } from 'commander';
import type { AdminCall } from './admin-client.ts';
import {
  type AdminCommandDeps,
  type AdminCommandFlags,
  adminCommand,
  EXIT_NOT_ASKED,
  EXIT_REFUSED,
  printErrorOf,
  runAdmin,
} from './admin-command.ts';
import { example } from './help.ts';
import { progressLine, reportLine, reportLines, type ToldMessage, type ToldUser, userLines } from './message-lines.ts';

export interface MessageCommandDeps extends AdminCommandDeps {
  /** Waits so many milliseconds between two looks; the machine's timer when absent. */
  readonly pause?: (millis: number) => Promise<void>;
}

interface SendFlags extends AdminCommandFlags {
  readonly user?: string;
  readonly users?: string;
  readonly everybody?: boolean;
  readonly vasp?: string;
  readonly perSecond?: number;
  readonly wait?: boolean;
}

const API = '/api/v1/messages';
const LOOK_MILLIS = 1_000;

/** Adds `message` and its commands. */
export function registerMessage(program: Command, deps: MessageCommandDeps = {}): void {
  const message = program
    .command('message')
    .description('messages to users who are logged in: send one by hand, see what came of it');
  adminCommand(message, 'send <policy>', 'send an operator policy to one of --user, --users and --everybody')
    .option('--user <id>', 'one user; who is off-line gets it at the next login, until it expires')
    .option('--users <glob>', 'every user on-line whose id matches, such as wv:*@im.example')
    .option('--everybody', 'every user on-line')
    .option('--vasp <name>', 'at one messaging service (default: all; one user of several needs it)')
    .option('--per-second <number>', 'how many users a second, 1 to 10000 (default: 100)', wholeNumber)
    .option('--wait', 'show how far it is, and end with the report when everybody has been looked at')
    .addHelpText('after', SEND_HELP)
    .action((policy: string, flags: SendFlags) => send(deps, policy, flags));
  adminCommand(message, 'list', 'show what was sent by hand, the newest first')
    .addHelpText('after', example('sapgw message list --config gateway.yaml'))
    .action((flags: AdminCommandFlags) =>
      runAdmin<{ readonly messages: readonly ToldMessage[] }>(deps, flags, get(API), ({ messages }) =>
        messages.length === 0 ? ['nothing was sent by hand'] : messages.map(reportLine),
      ),
    );
  adminCommand(message, 'show <id>', 'show how far a message is: sent, delivered, answered, expired')
    .addHelpText('after', example('sapgw message show 0123456789ab --config gateway.yaml'))
    .action((id: string, flags: AdminCommandFlags) => runAdmin<ToldMessage>(deps, flags, get(pathOf(id)), reportLines));
  adminCommand(message, 'cancel <id>', 'send it to nobody else, and take back what nobody has answered')
    .addHelpText('after', example('sapgw message cancel 0123456789ab --config gateway.yaml'))
    .action((id: string, flags: AdminCommandFlags) =>
      runAdmin<ToldMessage>(
        deps,
        flags,
        { method: 'POST', path: `${pathOf(id)}/cancel`, needsToken: true },
        reportLines,
      ),
    );
  adminCommand(
    message,
    'of <user>',
    "show one user's messages of every kind, how far each came, and whether help is on",
  )
    .option('--vasp <name>', 'at one messaging service (default: all)')
    .addHelpText('after', example('sapgw message of wv:alice@im.example --config gateway.yaml'))
    .action((user: string, { vasp, ...flags }: AdminCommandFlags & { readonly vasp?: string }) =>
      runAdmin<{ readonly vasps: readonly ToldUser[] }>(
        deps,
        flags,
        { method: 'POST', path: '/api/v1/users/messages', needsToken: true, body: { user, vasp } },
        ({ vasps }) => vasps.flatMap(userLines),
      ),
    );
}

const SEND_HELP = `
The policy is one in force with trigger: { on: operator }. Each user gets the message once, at the next poll of a
session. Without --wait the command ends when the sending is stored; it goes on in the gateway, also after a restart.
${example(
  'sapgw message send operator-notice --everybody --wait --config gateway.yaml',
  'sapgw message send operator-notice --users "wv:*@im.example" --vasp friendly-im --per-second 500 --config gateway.yaml',
  'sapgw message send operator-notice --user wv:alice@im.example --config gateway.yaml',
)}`;

const get = (path: string): AdminCall => ({ method: 'GET', path, needsToken: true });
const pathOf = (id: string): string => `${API}/${encodeURIComponent(id)}`;

function wholeNumber(text: string): number {
  if (!/^[0-9]{1,6}$/.test(text)) throw new InvalidArgumentError('A whole number, such as 500.');
  return Number(text);
}

async function send(deps: MessageCommandDeps, policy: string, flags: SendFlags): Promise<void> {
  const { user, users, everybody, vasp, perSecond, wait } = flags;
  if ([user, users, everybody].filter((one) => one !== undefined).length !== 1) {
    printErrorOf(deps)('say whom it is for by one of --user ID, --users GLOB and --everybody');
    process.exitCode = EXIT_NOT_ASKED;
    return;
  }
  const body = { policy, user, users, everybody, vasp, perSecond };
  const call: AdminCall = { method: 'POST', path: API, needsToken: true, body };
  if (wait !== true) return runAdmin<ToldMessage>(deps, flags, call, reportLines);
  await sendAndWait(deps, flags, call);
}

/** How far it is goes to standard error, so that the report stands alone on standard output. */
async function sendAndWait(deps: MessageCommandDeps, flags: SendFlags, call: AdminCall): Promise<void> {
  const { pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis)) } = deps;
  let told: ToldMessage | undefined;
  const heard = (json: ToldMessage): readonly string[] => {
    told = json;
    return [];
  };
  const quiet = { ...flags, json: false };
  await runAdmin<ToldMessage>(deps, quiet, call, heard);
  const hint = told?.hint;
  while (told?.state === 'running') {
    printErrorOf(deps)(progressLine(told));
    await pause(LOOK_MILLIS);
    const path = pathOf(told.id);
    told = undefined;
    await runAdmin<ToldMessage>(deps, quiet, get(path), heard);
  }
  if (told === undefined) return;
  const print = deps.print ?? console.log;
  const report = hint === undefined ? told : { ...told, hint };
  if (flags.json === true) print(JSON.stringify(report, null, 2));
  else for (const line of reportLines(report)) print(line);
  if (told.state === 'cancelled') process.exitCode = EXIT_REFUSED;
}
