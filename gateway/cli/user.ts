/**
 * `sapgw user`: what is kept of one user, and forgetting it. The user id is hashed with the gateway's key and looked for under
 * every VASP, or the one that is named; it is not printed. Both commands work beside a running gateway.
 */
import type { Command } from 'commander';
import { type Forgotten, forgetUser, userData } from '../audit/user-data.ts';
import { readUserId } from '../policy/user-id.ts';
import { type ConfigOptions, configFromOptions, withConfigOptions } from './config.ts';
import { counted } from './counted.ts';
import { example } from './help.ts';
import { type OpenedStore, type Output, openConfigured, processOutput, vaspsAsked } from './stored.ts';

interface UserOptions extends ConfigOptions {
  readonly vasp?: string;
  readonly records?: boolean;
  readonly json?: boolean;
}

export function registerUser(program: Command, output: Output = processOutput()): void {
  const user = program.command('user').description('what is kept of one user: show it, forget it');
  withConfigOptions(user.command('forget <id>'))
    .description('erase what a user accepted, so that everything is asked again, with messages, settings and mailbox')
    .option('--vasp <name>', 'at one VASP (default: at all)')
    .option('--records', 'erase the content of the audit records too; the chain still verifies')
    .option('--json', 'as JSON')
    .addHelpText('after', example('sapgw user forget wv:alice@im.example --config gateway.yaml'))
    .action(async (id: string, { vasp, records, json, ...options }: UserOptions) => {
      await withUser(id, vasp, options, output, async ({ store }, users, keepMillis) => {
        const forgotten: Forgotten[] = [];
        for (const { name, key } of users) {
          forgotten.push(await forgetUser(store, name, key, { withRecords: records === true, keepMillis }));
        }
        const text = forgotten.map((one) => `${told(one, keepMillis !== undefined)}\n`).join('');
        await output.write(json === true ? `${JSON.stringify(forgotten)}\n` : text);
      });
    });
  withConfigOptions(user.command('export <id>'))
    .description('everything that is known of a user, as JSON')
    .option('--vasp <name>', 'at one VASP (default: at all)')
    .addHelpText('after', example('sapgw user export wv:alice@im.example --config gateway.yaml > alice.json'))
    .action(async (id: string, { vasp, ...options }: UserOptions) => {
      await withUser(id, vasp, options, output, async ({ store }, users) => {
        const all = [];
        for (const { name, key } of users) all.push(await userData(store, name, key));
        await output.write(`${JSON.stringify({ vasps: all }, null, 2)}\n`);
      });
    });
}

async function withUser(
  id: string,
  vasp: string | undefined,
  options: ConfigOptions,
  output: Output,
  work: (
    opened: OpenedStore,
    users: readonly { readonly name: string; readonly key: string }[],
    keepMillis: number | undefined,
  ) => Promise<void>,
): Promise<void> {
  const config = configFromOptions(options);
  const opened = config === undefined ? undefined : await openConfigured(config, output);
  if (config === undefined || opened === undefined) return;
  try {
    const names = vaspsAsked(opened.vasps, vasp, output);
    if (names === undefined) return;
    const users = names.map((name) => ({ name, key: opened.userKey(name, id) }));
    await work(opened, users, config.audit.keepMillis);
    for (const name of names) await tellOfShortId(opened, name, id, output);
  } finally {
    await opened.store.close();
  }
}

/**
 * Where the configuration names no domain of the VASP's, whoever logs in without one is somebody else to the gateway: only the
 * VASP knows which it fills in. When such a user is known, the operator is told.
 */
async function tellOfShortId(
  { store, userKey }: OpenedStore,
  vasp: string,
  id: string,
  { printError }: Output,
): Promise<void> {
  const { name, domain } = readUserId(id);
  const key = userKey(vasp, name);
  if (domain === '' || key === userKey(vasp, id)) return;
  const isKnown =
    (await store.acceptances.of(key)).length > 0 ||
    (await store.audit.recordsOf(key)).length > 0 ||
    (await store.systemMessages.of(key)).length > 0 ||
    (await store.mailbox.waiting(key, 1)).length > 0;
  if (!isKnown) return;
  printError(
    `${vasp}: somebody who logs in without a domain, as ${name}, is known too; if that is the same user, name that id`,
  );
}

/** One line for a VASP: what was erased, what stays, until when. */
function told(forgotten: Forgotten, hasRetention: boolean): string {
  const { vasp, user, acceptances, recordsErased, recordsKept, keptUntil, damaged, sessions, messages, mailbox } =
    forgotten;
  const parts = [`${counted(acceptances, 'acceptance')} erased`];
  if (messages > 0) parts.push(`${counted(messages, 'system message')} erased`);
  if (mailbox > 0) parts.push(`${counted(mailbox, 'kept message')} erased`);
  if (recordsErased > 0) parts.push(`the content of ${counted(recordsErased, 'audit record')} erased`);
  if (recordsKept > 0) {
    const until = hasRetention ? `until ${keptUntil ?? ''}` : 'for ever';
    parts.push(`${counted(recordsKept, 'audit record')} kept as proof under the keyed hash ${user} ${until}`);
  }
  if (recordsErased === 0 && recordsKept === 0) parts.push('no audit records');
  if (damaged.length > 0) parts.push(`entries ${damaged.join(', ')} cannot be read and were left`);
  if (sessions > 0) parts.push(`${counted(sessions, 'open session')} kept until the end of it`);
  return `${vasp}: ${parts.join('; ')}`;
}
