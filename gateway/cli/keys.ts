/**
 * `sapgw keys`: rotating the signing key without a refused answer, on the secret file of this machine, which running
 * gateways follow. Exit status: 0 done, 1 the step is not possible now and nothing was changed, 2 wrong use or
 * configuration. Keys are told by fingerprints.
 */
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { type ConfigOptions, configFromOptions, EXIT_CONFIGURATION, withConfigOptions } from './config.ts';
import { example } from './help.ts';
import type { Output } from './stored.ts';

export interface KeysDeps {
  /** The process's own when absent. */
  readonly output?: Output;
  /** Wall-clock milliseconds; the system's clock when absent. */
  readonly now?: () => number;
}

interface Flags extends ConfigOptions {
  readonly json?: boolean;
}

interface RotateFlags extends Flags {
  readonly all?: boolean;
  readonly force?: boolean;
}

/** Adds `keys` and its commands. */
export function registerKeys(program: Command, deps: KeysDeps = {}): void {
  const keys = program.command('keys').description('the signing keys of the gateway, and rotating them');
  withConfigOptions(keys.command('status'))
    .description('show the live keys by their fingerprints, which process has which, and what comes next')
    .option('--json', 'as JSON')
    .addHelpText('after', example('sapgw keys status --config gateway.yaml'))
    .action(async ({ json, ...options }: Flags) => {
      const place = placeOf(options);
      if (place === undefined) return;
      const { showStatus } = await import('./keys-run.ts');
      await showStatus(place, { ...deps, isJson: json === true });
    });
  withConfigOptions(keys.command('rotate'))
    .description('do the next step: a new key is accepted, then signs, then the old one goes')
    .option('--all', 'let the new key sign at once, when every process has it')
    .option('--force', 'do the step although something stands in its way, and say what')
    .option('--json', 'as JSON')
    .addHelpText('after', ROTATE_HELP)
    .action(async ({ json, all, force, ...options }: RotateFlags) => {
      const place = placeOf(options);
      if (place === undefined) return;
      const { rotate } = await import('./keys-run.ts');
      await rotate(place, { ...deps, isJson: json === true, isAll: all === true, isForced: force === true });
    });
}

const ROTATE_HELP = `
Three times the same command:
  1  a new key stands second in the secret file: it is accepted
  2  it signs, as soon as every process of every node accepts it; the old one stands second
  3  the old one goes, when nothing that it signed or sealed is left
Copy the file to the other nodes after each. Running gateways take it by themselves.
${example('sapgw keys rotate --config gateway.yaml', 'sapgw keys rotate --all')}`;

export interface KeyPlace {
  readonly config: Config;
  /** The secret file. */
  readonly path: string;
}

/** Undefined after it was said why there is nothing to look at. */
function placeOf(options: ConfigOptions): KeyPlace | undefined {
  const config = configFromOptions(options);
  if (config === undefined) return undefined;
  if (config.secret.kind === 'file') return { config, path: config.secret.path };
  console.error(FROM_ENVIRONMENT);
  process.exitCode = EXIT_CONFIGURATION;
  return undefined;
}

const FROM_ENVIRONMENT =
  'the keys come from SAPGW_SECRET: a running gateway cannot follow them. Put the new key second there and start every node again, then first, then leave the old one out; or keep the keys in a file (secretFile)';
