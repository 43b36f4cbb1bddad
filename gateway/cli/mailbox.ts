/**
 * `sapgw mailbox`: messages for users who are away, by the admin API of a running gateway: how many there are, what is kept
 * for one user, what was given up, the notifications; handing over again, throwing away, notifying again. `reseal` works on
 * the store. Exit status: 0 done, 1 the gateway refused, 2 it could not be asked.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AdminCall } from './admin-client.ts';
import {
  type AdminCommandDeps,
  type AdminCommandFlags,
  adminCommand,
  EXIT_NOT_ASKED,
  printErrorOf,
  runAdmin,
} from './admin-command.ts';
import { counted } from './counted.ts';
import { example } from './help.ts';
import {
  deadLines,
  listLines,
  notificationLines,
  statusLines,
  type ToldMail,
  type ToldNotifications,
  type ToldTotals,
} from './mailbox-lines.ts';
import { registerReseal } from './mailbox-reseal.ts';
import type { Output } from './stored.ts';

interface UserFlags extends AdminCommandFlags {
  readonly user?: string;
  readonly vasp?: string;
  readonly key?: string;
}

interface PageFlags extends AdminCommandFlags {
  readonly after?: string;
  readonly limit: number;
}

const API = '/api/v1/mailbox';

/** Adds `mailbox` and its commands. */
export function registerMailbox(program: Command, deps: AdminCommandDeps = {}, output?: Output): void {
  const mailbox = program
    .command('mailbox')
    .description('messages for users who are away: what is kept, what was given up, who could not be told');
  adminCommand(mailbox, 'status', 'how many messages wait, how many were given up, and how notifications fare')
    .option('--policies', 'by policy too; goes through all messages')
    .addHelpText('after', example('sapgw mailbox status --config gateway.yaml'))
    .action(({ policies, ...flags }: AdminCommandFlags & { readonly policies?: boolean }) =>
      runAdmin<ToldTotals>(
        deps,
        flags,
        { method: 'GET', path: policies === true ? `${API}?policies=true` : API, needsToken: false },
        statusLines,
      ),
    );
  adminCommand(mailbox, 'list [user]', 'what is kept for one user: when, how big, how far; never what stands in it')
    .option('--vasp <name>', 'at one messaging service (default: all)')
    .option('--key <hash>', 'the user by the keyed hash that dead and notifications show')
    .addHelpText('after', example('sapgw mailbox list wv:alice@im.example --config gateway.yaml'))
    .action((user: string | undefined, { vasp, key, ...flags }: UserFlags) =>
      runAdmin<ToldMail>(deps, flags, post('list', { user, vasp, key }), listLines),
    );
  paged(adminCommand(mailbox, 'dead', 'messages that were given up: handed over in vain too often, or not to be read'))
    .addHelpText('after', example('sapgw mailbox dead --config gateway.yaml'))
    .action((flags: PageFlags) => runAdmin<ToldMail>(deps, flags, get('dead', flags), deadLines));
  registerActing(mailbox, deps);
  registerNotifications(mailbox, deps);
  registerReseal(mailbox, output);
}

function registerActing(mailbox: Command, deps: AdminCommandDeps): void {
  named(adminCommand(mailbox, 'replay [id]', 'let messages that were given up wait again, for as long as at first'))
    .option('--all', 'every one')
    .addHelpText(
      'after',
      example(
        'sapgw mailbox replay 0123456789abcdefghijkl --config gateway.yaml',
        'sapgw mailbox replay --all --config gateway.yaml',
      ),
    )
    .action((id: string | undefined, { user, vasp, key, all, ...flags }: UserFlags & { readonly all?: boolean }) =>
      act(deps, flags, 'replay', [id, user ?? key, all], { id, user, vasp, key, all }, '[id], --user, --key and --all'),
    );
  named(adminCommand(mailbox, 'purge [id]', 'throw messages away; neither sender nor recipient is told'))
    .option('--dead', 'those that were given up')
    .option('--older-than <time>', 'of those, the ones given up longer ago, such as 7d')
    .addHelpText(
      'after',
      example(
        'sapgw mailbox purge 0123456789abcdefghijkl --config gateway.yaml',
        'sapgw mailbox purge --dead --older-than 30d --config gateway.yaml',
      ),
    )
    .action(
      (
        id: string | undefined,
        {
          user,
          vasp,
          key,
          dead,
          olderThan,
          ...flags
        }: UserFlags & { readonly dead?: boolean; readonly olderThan?: string },
      ) =>
        act(
          deps,
          flags,
          'purge',
          [id, user ?? key, dead],
          { id, user, vasp, key, dead, olderThan },
          '[id], --user, --key and --dead',
        ),
    );
}

function registerNotifications(mailbox: Command, deps: AdminCommandDeps): void {
  paged(adminCommand(mailbox, 'notifications', 'who is to be told of messages, and whom no bearer could tell'))
    .addOption(
      new Option('--state <state>', 'those in one state alone').choices(['waiting', 'sending', 'sent', 'failed']),
    )
    .addHelpText('after', example('sapgw mailbox notifications --state failed --config gateway.yaml'))
    .action((flags: PageFlags & { readonly state?: string }) =>
      runAdmin<ToldNotifications>(deps, flags, get('notifications', flags), notificationLines),
    );
  named(adminCommand(mailbox, 'retry', 'send notifications that failed once more'))
    .option('--policy <id>', 'of one policy alone')
    .option('--all', 'every one')
    .addHelpText('after', example('sapgw mailbox retry --all --config gateway.yaml'))
    .action(
      ({ user, vasp, key, policy, all, ...flags }: UserFlags & { readonly policy?: string; readonly all?: boolean }) =>
        act(
          deps,
          flags,
          'notifications/retry',
          [user ?? key, all],
          { user, vasp, key, policy, all },
          '--user, --key and --all',
        ),
    );
}

/** With the options that name a user. */
const named = (command: Command): Command =>
  command
    .option('--user <id>', 'those of one user')
    .option('--vasp <name>', 'of that user at one messaging service (default: all)')
    .option('--key <hash>', 'those of one user, by the keyed hash that is shown');

/** With the options that say which part of a long list is wanted. */
const paged = (command: Command): Command =>
  command
    .option('--limit <number>', 'at most so many, 1 to 1000', wholeNumber, 100)
    .option('--after <place>', 'go on behind that place, as the end of the part before says');

function wholeNumber(text: string): number {
  if (!/^[0-9]{1,4}$/.test(text)) throw new InvalidArgumentError('A whole number, such as 500.');
  return Number(text);
}

/** @param ways of which one must be there @param names what they are called */
async function act(
  deps: AdminCommandDeps,
  flags: AdminCommandFlags,
  action: 'replay' | 'purge' | 'notifications/retry',
  ways: readonly unknown[],
  body: object,
  names: string,
): Promise<void> {
  if (ways.filter((one) => one !== undefined).length !== 1) {
    printErrorOf(deps)(`say which are meant by one of ${names}`);
    process.exitCode = EXIT_NOT_ASKED;
    return;
  }
  await runAdmin<Readonly<Partial<Record<'replayed' | 'purged' | 'retried', number>>>>(
    deps,
    flags,
    post(action, body),
    ({ replayed, purged, retried }) => {
      if (replayed !== undefined) return [`${counted(replayed, 'message')} waiting again`];
      if (purged !== undefined) return [`${counted(purged, 'message')} thrown away`];
      return [`${counted(retried ?? 0, 'notification')} on the way again`];
    },
  );
}

function get(what: string, { limit, after, state }: PageFlags & { readonly state?: string }): AdminCall {
  const query = new URLSearchParams({ limit: String(limit) });
  if (after !== undefined) query.set('after', after);
  if (state !== undefined) query.set('state', state);
  return { method: 'GET', path: `${API}/${what}?${query}`, needsToken: true };
}

const post = (action: string, body: object): AdminCall => ({
  method: 'POST',
  path: `${API}/${action}`,
  needsToken: true,
  body,
});
