/**
 * `sapgw mailbox reseal`: seals what is kept for users who are away with the key that seals now, so that an older one can be
 * taken out of the secret file. Works on the store, beside a running gateway, and can be stopped and run again at any time.
 * Exit status: 0 the older keys are needed no longer, 1 something could not be read, 2 wrong use or configuration.
 */
import type { Command } from 'commander';
import type { Resealed } from '../stores/reseal.ts';
import { type ConfigOptions, configFromOptions, withConfigOptions } from './config.ts';
import { example } from './help.ts';
import type { Output } from './stored.ts';

/** @param to the process's own output when absent */
export function registerReseal(mailbox: Command, to?: Output): void {
  withConfigOptions(mailbox.command('reseal'))
    .description('seal kept messages with the key that is on top of the secret file, so that an older one can go')
    .option('--json', 'as JSON')
    .addHelpText('after', RESEAL_HELP)
    .action(async ({ json, ...options }: ConfigOptions & { readonly json?: boolean }) => {
      // The store is loaded when it is wanted, so that the commands beside this one start as fast as others.
      const { EXIT_FAILED, openConfigured, processOutput } = await import('./stored.ts');
      const { resealMailbox } = await import('../stores/reseal.ts');
      const output = to ?? processOutput();
      const config = configFromOptions(options);
      const opened = config === undefined ? undefined : await openConfigured(config, output);
      if (opened === undefined) return;
      const { store, secrets } = opened;
      try {
        const done = await resealMailbox(store, secrets, (soFar) => output.progress?.(told(soFar)));
        output.progress?.('');
        await output.write(json === true ? `${JSON.stringify(done)}\n` : `${told(done)}\n`);
        if (done.unreadable === 0) return;
        output.printError('what could not be read needs a key that is not in the secret file, or is damaged');
        process.exitCode = EXIT_FAILED;
      } finally {
        await store.close();
      }
    });
}

const RESEAL_HELP = `
sapgw keys rotate does the same before an older key goes. Before a copy of the store from earlier is put back, the older
key has to be there again.
${example('sapgw mailbox reseal --config gateway.yaml')}`;

const told = ({ resealed, current, unreadable }: Resealed): string =>
  `messages and notifications: ${resealed} sealed anew, ${current} were so already, ${unreadable} cannot be read`;
