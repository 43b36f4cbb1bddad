/** `sapgw store`: what the gateway keeps, as a whole. What the commands do is loaded when it is wanted. */
import type { Command } from 'commander';
import { type ConfigOptions, withConfigOptions } from './config.ts';
import { example } from './help.ts';
import type { Output } from './stored.ts';

export interface MigrateOptions extends ConfigOptions {
  readonly from?: string;
  readonly to?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** @param to the process's own output when absent */
export function registerStore(program: Command, to?: Output): void {
  const store = program.command('store').description('what the gateway keeps: move it to another store');
  withConfigOptions(store.command('migrate'))
    .description('copy all that one store holds into another that is empty, and compare the two')
    .option('--to <store>', 'lmdb:DIRECTORY or redis://HOST:PORT/DB (default: the store that is configured)')
    .option('--from <store>', 'the same, one of the two is named')
    .option('--force', 'although a gateway seems to run on one of them')
    .option('--json', 'the result as JSON')
    .addHelpText('after', MIGRATE_HELP)
    .action(async (options: MigrateOptions) => {
      const { storeMigrate } = await import('./store-migrate.ts');
      const { processOutput } = await import('./stored.ts');
      await storeMigrate(options, to ?? processOutput());
    });
}

const MIGRATE_HELP = `
Stop the gateway first. The source is only read. Whatever ends it, the same command goes on where it was. An address with
a password belongs into the configuration, because others see what stands on a command line: name the other store here.
${example(
  'sapgw store migrate --config gateway.yaml --to redis://127.0.0.1:6379/0',
  'sapgw store migrate --config gateway.yaml --from redis://127.0.0.1:6379/0 --to lmdb:./data-again',
)}`;
