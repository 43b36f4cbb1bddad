/**
 * `sapgw config print`, and the options that configure the gateway, which `serve` shares. Configuration problems go to
 * standard error, one a line, and the exit status is 2.
 */
import { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { configPrint, writtenForm } from '../config/print.ts';
import { type ConfigFlags, SOURCES } from '../config/sources.ts';
import type { Config } from '../config.ts';
import { example } from './help.ts';

/** What commander makes of the options that {@link withConfigOptions} adds. */
export interface ConfigOptions extends ConfigFlags {
  readonly config?: string;
}

/** Wrong use or configuration. */
export const EXIT_CONFIGURATION = 2;

/** Adds `--config FILE` and every flag that overrides a key. */
export function withConfigOptions(command: Command): Command {
  command.option('-c, --config <file>', 'configuration file (SAPGW_CONFIG)');
  for (const { option, variable, help } of SOURCES) command.option(`${option} <value>`, `${help} (${variable})`);
  return command;
}

/** The configuration that options and environment give; undefined after the problems were printed and the exit status set. */
export function configFromOptions({ config: file, ...flags }: ConfigOptions): Config | undefined {
  const result = loadConfig({ file, env: process.env, flags });
  if (result.kind === 'valid') return result.config;
  for (const problem of result.problems) console.error(problem);
  process.exitCode = EXIT_CONFIGURATION;
  return undefined;
}

export function configCommand(): Command {
  const print = withConfigOptions(new Command('print'))
    .description('show the effective configuration, secrets hidden')
    .option('--json', 'as JSON')
    .addHelpText('after', example('sapgw config print --config gateway.yaml'))
    .action(({ json, ...options }: ConfigOptions & { readonly json?: boolean }) => {
      const config = configFromOptions(options);
      if (config === undefined) return;
      process.stdout.write(json === true ? `${JSON.stringify(writtenForm(config), null, 2)}\n` : configPrint(config));
    });
  return new Command('config').description('what the gateway is told by its operator').addCommand(print);
}
