/**
 * `sapgw policy status`, `reload`, `rollback` and `ask-again`: what network operations do with the policies of a running
 * gateway, by its admin API. Exit status: 0 done, 1 the gateway refused, 2 it could not be asked.
 */
import type { Command } from 'commander';
import type { AdminCall } from './admin-client.ts';
import {
  type AdminCommandDeps,
  adminCommand,
  EXIT_NOT_ASKED,
  type AdminCommandFlags as Flags,
  printErrorOf,
  runAdmin,
} from './admin-command.ts';
import { example } from './help.ts';

interface AskAgainFlags extends Flags {
  readonly policy?: string;
  readonly vasp?: string;
  readonly user?: string;
  readonly users?: string;
  readonly everybody?: boolean;
}

const API = '/api/v1/policies';

/** Adds the commands to `policy`. */
export function registerPolicyAdmin(policy: Command, deps: AdminCommandDeps = {}): void {
  adminCommand(policy, 'status', 'show which policies are in force in the running gateway; needs no token')
    .addHelpText('after', example('sapgw policy status --config gateway.yaml'))
    .action((flags: Flags) => runAdmin(deps, flags, { method: 'GET', path: API, needsToken: false }, statusLines));
  adminCommand(policy, 'reload', 'put what the policy folder holds in force, also after a rollback')
    .addHelpText('after', example('sapgw policy reload --config gateway.yaml'))
    .action((flags: Flags) => runAdmin(deps, flags, post('reload'), reloadLines));
  adminCommand(
    policy,
    'rollback',
    'put the policies in force that were before the present ones; again: those before them',
  )
    .addHelpText('after', example('sapgw policy rollback --config gateway.yaml'))
    .action((flags: Flags) => runAdmin(deps, flags, post('rollback'), rollbackLines));
  adminCommand(policy, 'ask-again', 'ask users again although they accepted: one of --user, --users and --everybody')
    .option('--policy <id>', 'one policy (default: all)')
    .option('--vasp <name>', 'at one messaging service (default: all)')
    .option('--user <id>', 'one user')
    .option('--users <glob>', 'every user whose id matches, such as wv:*@im.example')
    .option('--everybody', 'every user')
    .addHelpText(
      'after',
      example(
        'sapgw policy ask-again --config gateway.yaml --policy aoc-messaging --everybody',
        'sapgw policy ask-again --config gateway.yaml --user wv:alice@im.example',
      ),
    )
    .action((flags: AskAgainFlags) => askAgain(deps, flags));
}

async function askAgain(deps: AdminCommandDeps, flags: AskAgainFlags): Promise<void> {
  const { policy, vasp, user, users, everybody } = flags;
  if ([user, users, everybody].filter((one) => one !== undefined).length !== 1) {
    printErrorOf(deps)('say whom to ask again by one of --user ID, --users GLOB and --everybody');
    process.exitCode = EXIT_NOT_ASKED;
    return;
  }
  await runAdmin(deps, flags, { ...post('ask-again'), body: { policy, vasp, user, users, everybody } }, askAgainLines);
}

const post = (action: string): AdminCall => ({ method: 'POST', path: `${API}/${action}`, needsToken: true });

/** What the API answers, as far as it is shown; README has the whole of it. */
interface Answered {
  readonly result?: string;
  readonly set: string;
  readonly before?: string;
  readonly warnings?: readonly string[];
  readonly kept?: boolean;
  readonly acceptances?: number | null;
  readonly since?: string;
  readonly source?: string;
  readonly folder?: { readonly inForce: boolean; readonly problems: readonly string[] };
  readonly policies?: readonly {
    readonly id: string;
    readonly version: number;
    readonly purpose: string;
    readonly mode: string;
    readonly order: number;
  }[];
  readonly onLine?: readonly {
    readonly id: string;
    readonly version: number;
    readonly category: string;
    readonly trigger: string;
    readonly block: boolean;
  }[];
  readonly offLineUser?: readonly {
    readonly id: string;
    readonly version: number;
    readonly order: number;
    readonly bearer: string | null;
    readonly asks: boolean;
  }[];
  readonly live?: readonly unknown[];
}

const short = (hash: string | undefined): string => (hash ?? '').slice(0, 12);

function statusLines({
  set,
  since,
  source,
  folder,
  policies = [],
  onLine = [],
  offLineUser = [],
  live = [],
}: Answered): string[] {
  return [
    `set ${short(set)} in force since ${since}, ${source === 'folder' ? 'from the folder' : 'by a rollback'}`,
    ...policies.map((one) => `  ${one.id} version ${one.version}, ${one.purpose}, ${one.mode}, order ${one.order}`),
    ...(policies.length === 0 ? ['  no off-line policies: nobody is asked before a login'] : []),
    ...onLine.map(
      (one) => `  ${one.id} version ${one.version}, ${one.category} on ${one.trigger}${one.block ? ', blocks' : ''}`,
    ),
    ...offLineUser.map((one) => {
      const tells = one.bearer === null ? '' : `, tells by ${one.bearer}`;
      return `  ${one.id} version ${one.version}, keeps messages${tells}${one.asks ? ', asks at login' : ''}, order ${one.order}`;
    }),
    ...(live.length > 1 ? [`negotiations may still be under ${live.length - 1} earlier`] : []),
    ...(folder?.inForce === false ? ['the folder is not in force:', ...folder.problems.map((one) => `  ${one}`)] : []),
  ];
}

function reloadLines({ result, set, before, warnings = [] }: Answered): string[] {
  if (result === 'unchanged') return [`unchanged: set ${short(set)} stays in force`];
  return [...warnings, `loaded: set ${short(set)} is in force, before it was ${short(before)}`];
}

function rollbackLines({ set, before, kept }: Answered): string[] {
  return [
    `rolled back: set ${short(set)} is in force, before it was ${short(before)}`,
    kept === false
      ? 'the store could not be written: a restart would undo this'
      : 'the folder is left aside until its files change; sapgw policy reload takes it as it is',
  ];
}

function askAgainLines({ result, acceptances }: Answered): string[] {
  if (result === 'kept') {
    return ['everybody who matches is asked again at the next login; how many that are the store cannot tell'];
  }
  return acceptances === 0
    ? ['nothing to forget: no acceptance of this user was found; write the id as the user logs in, with its domain']
    : [`${acceptances} acceptance${acceptances === 1 ? '' : 's'} forgotten; the user is asked again at the next login`];
}
