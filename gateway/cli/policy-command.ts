/**
 * What the commands around policy files share: where they print, what they exit with, how a folder becomes a set, and how
 * the VASPs are known by name. Exit status of all of them: 0 all is well, 1 the policies are wrong or what was looked for
 * was found, 2 something cannot be read or the command was used wrongly.
 */
import type { PolicySet } from '../policy/model.ts';
import { type ParsedPolicySet, type ParseOptions, parsePolicySet } from '../policy/parse.ts';
import type { Judge } from '../policy/test-run.ts';
import { contentHash, type PolicyFolder, readPolicyFolder } from '../policy-folder.ts';
import { formatProblem } from '../yaml/problem.ts';

export const EXIT_FAILED = 1;
export const EXIT_UNREADABLE = 2;
export const DEFAULT_FOLDER = 'policies';

export type Print = (line: string) => void;

/** What a command has of the world. */
export interface Terminal {
  /** Writes a line to standard output. */
  readonly print: Print;
  /** Writes a line for what went wrong with the command itself. */
  readonly printError: Print;
  /** Judges logins as real ones are judged. */
  readonly judge: Judge;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Shows a line that takes the place of the one before; absent where nobody watches. */
  readonly progress?: Print | undefined;
}

/** What is known of the gateway that will read the files; nothing when nothing is said. */
export type GatewayFacts = Pick<ParseOptions, 'vasps' | 'publicUrl' | 'webhooks' | 'bearers'>;

/** Options that name the VASPs of the gateway. */
export interface VaspFlags {
  /** Names, separated by commas. */
  readonly vasps?: string;
  /** A configuration file of the gateway. */
  readonly config?: string;
}

export interface ReadSet {
  readonly folder: PolicyFolder & { readonly kind: 'read' };
  readonly parsed: ParsedPolicySet;
}

/** The folder and what its policies make; undefined after it was told why the folder cannot be read. */
export async function readSet(
  directory: string,
  { printError }: Pick<Terminal, 'printError'>,
  gateway: GatewayFacts = {},
): Promise<ReadSet | undefined> {
  const folder = await readPolicyFolder(directory);
  if (folder.kind === 'read') {
    return { folder, parsed: parsePolicySet(folder.policies, { hash: contentHash, ...gateway }) };
  }
  printError(folder.message);
  return undefined;
}

/** The set of a folder that has to be valid; otherwise the exit status, after every problem was told. */
export async function readValidSet(
  directory: string,
  terminal: Pick<Terminal, 'printError'>,
  gateway: GatewayFacts = {},
): Promise<PolicySet | number> {
  const read = await readSet(directory, terminal, gateway);
  if (read === undefined) return EXIT_UNREADABLE;
  if (read.parsed.kind === 'valid') return read.parsed.set;
  for (const problem of read.parsed.problems) terminal.printError(formatProblem(problem));
  terminal.printError(`${directory}: the policies are not valid; correct them, then try again`);
  return EXIT_FAILED;
}

/** The gateway that the options tell of; an exit status after it was told what is wrong with them. */
export async function gatewayOf(
  { vasps, config }: VaspFlags,
  { printError }: Pick<Terminal, 'printError'>,
): Promise<GatewayFacts | number> {
  if (vasps !== undefined) {
    const names = vasps.split(',').map((name) => name.trim());
    if (names.every((name) => name !== '')) return { vasps: names };
    printError('--vasps holds an empty name; write the names with commas between, such as friendly-im,sandbox');
    return EXIT_UNREADABLE;
  }
  if (config === undefined) return {};
  const [{ loadConfig }, { SANDBOX_NAME }] = await Promise.all([import('../config/load.ts'), import('../config.ts')]);
  const loaded = loadConfig({ file: config, env: process.env, flags: {} });
  if (loaded.kind === 'valid') {
    const { useSandbox, vasps: configured, publicUrl, webhooks, bearers } = loaded.config;
    return {
      vasps: useSandbox ? [SANDBOX_NAME] : configured.map(({ name }) => name),
      publicUrl: publicUrl ?? (useSandbox ? undefined : 'none'),
      webhooks: webhooks.allow,
      bearers: [...bearers.keys()],
    };
  }
  for (const problem of loaded.problems) printError(problem);
  return EXIT_UNREADABLE;
}
