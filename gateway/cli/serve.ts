/** `sapgw serve`: runs the gateway until it is told to stop. */
import type { Command } from 'commander';
import { authority } from '../config.ts';
import { type RunningGateway, startGateway } from '../main.ts';
import { type ConfigOptions, configFromOptions, EXIT_CONFIGURATION, withConfigOptions } from './config.ts';
import { example } from './help.ts';

export function registerServe(program: Command): void {
  withConfigOptions(program.command('serve'))
    .description('run the gateway; without a VASP in the configuration the sandbox is one')
    .addHelpText('after', example('sapgw serve', 'sapgw serve --config gateway.yaml --log-level debug'))
    .action(async (options: ConfigOptions) => {
      const config = configFromOptions(options);
      if (config === undefined) return;
      let running: RunningGateway | undefined;
      // SIGHUP only ever reloads, also while starting and when it comes because the terminal went away [policy-files §6].
      process.on('SIGHUP', () => void running?.reload('signal'));
      process.on('SIGUSR2', () => running?.restartWorkers());
      const started = await startGateway(config);
      if (started.kind === 'failed') {
        for (const problem of started.problems) console.error(problem);
        process.exitCode = EXIT_CONFIGURATION;
        return;
      }
      running = started.gateway;
      for (const line of greeting(running)) console.error(line);
      stopOnSignals(running);
    });
}

/** What to try next, on standard error: standard output belongs to the log. */
function greeting({ listen, scheme, admin, sandboxUrl }: RunningGateway): string[] {
  const url = `${scheme}://${authority(listen)}/`;
  const lines = ['', `Clients   ${url}`, `Admin     http://${authority(admin)}/status`];
  if (sandboxUrl === undefined) return lines;
  return [
    ...lines,
    `Sandbox   ${sandboxUrl} stands in for a VASP; users alice, bob, carol and dave, password secret`,
    '',
    'Log in as a phone, in another terminal:',
    '',
    `  npx sapgw handset --url ${url} --user wv:alice@sandbox --password secret`,
    '',
  ];
}

/** The first signal lets running requests finish, a second one stops at once [operations §6]. */
function stopOnSignals(gateway: RunningGateway): void {
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    gateway.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
