/**
 * `sapgw policy`: what network operations do with policy files before and after they go live. The commands and their
 * options stand here; what they do is loaded when one is called.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CSP_VERSIONS } from '../csp/versions.ts';
import type { Judge } from '../policy/test-run.ts';
import { example } from './help.ts';
import { registerPolicyAdmin } from './policy-admin.ts';
import type { Terminal } from './policy-command.ts';
import type { DiffFlags } from './policy-diff.ts';
import type { ExplainFlags, RememberedFlag } from './policy-explain.ts';
import type { RenderFlags } from './policy-render.ts';
import type { ReplayFlags } from './policy-replay.ts';

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
const CONFIG = [
  '--config <file>',
  'check names of VASPs and bearers, and whether there is a page to name, against this configuration file',
] as const;

/** Adds `policy` and its commands. */
export function registerPolicy(program: Command, deps: PolicyCommandDeps = {}): void {
  const policy = program
    .command('policy')
    .description('policy files before they go live, and the policies of the running gateway');
  registerCheckAndTest(policy, deps);
  registerExplain(policy, deps);
  registerRender(policy, deps);
  registerDiff(policy, deps);
  registerReplay(policy, deps);
  registerSchema(policy, deps);
  registerPolicyAdmin(policy, deps);
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

function registerExplain(policy: Command, deps: PolicyCommandDeps): void {
  policy
    .command('explain')
    .description('say what a login would be asked, why, and what would follow')
    .argument('[folder]', 'folder of policy files', DEFAULT_FOLDER)
    .requiredOption('--user <id>', 'who logs in, such as wv:alice@im.example')
    .option('--client <id>', 'the ClientID of the phone: a URL or a number')
    .addOption(new Option('--csp <version>', 'version of CSP').choices([...CSP_VERSIONS]).default('1.3'))
    .addOption(new Option('--encoding <encoding>', 'spelling of the messages').choices(['xml', 'wbxml']).default('xml'))
    .option('--vasp <name>', 'the messaging service (default: the first one configured, else sandbox)')
    .option('--language <tag>', 'language of the user, such as sv (default: not known)')
    .option('--at <time>', 'when, such as 2026-12-01T12:00:00Z (default: now)', momentOf)
    .addOption(
      new Option(
        '--remembered <acceptance>',
        'what was accepted before, POLICY:VERSION:OPTION[:TIME]; may be given several times',
      )
        .argParser(rememberedOf)
        .default([], 'nothing'),
    )
    .option('--messages-waiting <count>', 'how many messages are kept for the user (default: none)', countOf)
    .option('--system-messages', 'the phone knows System Messages (default: by --csp)')
    .option('--no-system-messages', 'the phone does not know them')
    .option(...VASPS)
    .option(...CONFIG)
    .option('--json', 'as JSON')
    .addHelpText('after', example('sapgw policy explain --user wv:alice@sandbox --csp 1.2 --language sv policies'))
    .action(async (folder: string, flags: ExplainFlags) => {
      const { explain } = await import('./policy-explain.ts');
      process.exitCode = await explain(folder, flags, await terminalOf(deps));
    });
}

function registerRender(policy: Command, deps: PolicyCommandDeps): void {
  policy
    .command('render')
    .description('draw the messages of policies as a phone shows them, with their lengths, in every language')
    .argument('[policy...]', 'ids of policies; all when absent')
    .option('--folder <folder>', 'folder of policy files', DEFAULT_FOLDER)
    .option('--language <tag>', 'what a user who reads this language sees, alone')
    .option('--json', 'as JSON')
    .addHelpText('after', example('sapgw policy render aoc-messaging --language sv'))
    .action(async (ids: readonly string[], flags: RenderFlags) => {
      const { render } = await import('./policy-render.ts');
      process.exitCode = await render(ids, flags, await terminalOf(deps));
    });
}

function registerDiff(policy: Command, deps: PolicyCommandDeps): void {
  policy
    .command('diff')
    .description('say what changes for users when one folder of policies takes the place of another')
    .argument('<old>', 'folder of the policies in force')
    .argument('<new>', 'folder of the policies to come')
    .option(
      '--users <file>',
      'sample logins, one a line: user id, then client, CSP version and language where they matter',
    )
    .option('--vasp <name>', 'the messaging service of the sample logins (default: sandbox)')
    .option('--at <time>', 'when they log in, such as 2026-12-01T12:00:00Z (default: now)', momentOf)
    .option('--exit-code', 'exit with 1 when something changes')
    .option('--json', 'as JSON')
    .addHelpText('after', example('sapgw policy diff policies policies-next --users samples.txt'))
    .action(async (before: string, after: string, flags: DiffFlags) => {
      const { diff } = await import('./policy-diff.ts');
      process.exitCode = await diff(before, after, flags, await terminalOf(deps));
    });
}

function registerReplay(policy: Command, deps: PolicyCommandDeps): void {
  policy
    .command('replay')
    .description('say what becomes of recorded decisions when a folder of policies comes into force')
    .argument('<records>', 'a file of `sapgw audit export`, JSON lines; - is standard input')
    .argument('<folder>', 'folder of the policies to come')
    .option('--old <folder>', 'folder of the policies in force, to say what levels gain and lose')
    .option('--at <time>', 'when, such as 2026-12-01T12:00:00Z (default: now)', momentOf)
    .option('--each', 'tell every decision, not only how many fare alike')
    .option('--json', 'as JSON')
    .addHelpText('after', example('sapgw audit export | sapgw policy replay - policies-next --old policies'))
    .action(async (records: string, folder: string, flags: ReplayFlags) => {
      const { replay } = await import('./policy-replay.ts');
      process.exitCode = await replay(records, folder, flags, await terminalOf(deps));
    });
}

function registerSchema(policy: Command, { print = console.log }: PolicyCommandDeps): void {
  policy
    .command('schema')
    .description('print the JSON Schema of policy files, by which editors complete and check them')
    .addHelpText('after', example('sapgw policy schema > policies/policy.schema.json'))
    .action(async () => {
      const { policyJsonSchemaText } = await import('../policy/json-schema.ts');
      print(policyJsonSchemaText().trimEnd());
    });
}

function momentOf(text: string): number {
  const millis = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(millis)) throw new InvalidArgumentError('A time has its zone, such as 2026-12-01T12:00:00Z.');
  return millis;
}

function countOf(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('A whole number from 0 to 999999.');
  return Number(text);
}

/** `aoc-messaging:3:accept:2026-12-01T12:00:00Z`: the option is empty for a message without options. */
function rememberedOf(text: string, before: readonly RememberedFlag[]): readonly RememberedFlag[] {
  const [, policy, version, option, at] = /^([a-z0-9-]+):(\d{1,10})(?::([a-z0-9-]*))?(?::(.+))?$/.exec(text) ?? [];
  if (policy === undefined || version === undefined) {
    throw new InvalidArgumentError(
      'An acceptance looks like aoc-messaging:3:accept or aoc-messaging:3:accept:2026-12-01T12:00:00Z.',
    );
  }
  const acceptance = { policy, version: Number(version), option: option || undefined };
  return [...before, { ...acceptance, at: at === undefined ? undefined : momentOf(at) }];
}

async function terminalOf(deps: PolicyCommandDeps): Promise<Terminal> {
  const { print = console.log, printError = console.error, now = Date.now, stdin = process.stdin } = deps;
  if (deps.print === undefined) endWithTheReader();
  const judge = deps.judge ?? (await import('./policy-judge.ts')).createPolicyJudge();
  return { print, printError, now, stdin, judge, progress: process.stderr.isTTY ? showProgress : undefined };
}

/** Whoever reads may have seen enough, as `head` does: that is no error. */
function endWithTheReader(): void {
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}

/** Writes over the line before. */
const showProgress = (line: string): void => {
  process.stderr.write(`\r${line}\u001b[K`);
};
