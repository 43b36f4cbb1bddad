/**
 * `sapgw workers`: the worker processes of a running gateway, and replacing them one after the other without a failed
 * request, by the admin API. Exit status: 0 done, 1 the gateway refused or could not, 2 it could not be asked.
 */
import type { Command } from 'commander';
import {
  type AdminCommandDeps,
  type AdminCommandFlags,
  adminCommand,
  EXIT_REFUSED,
  printErrorOf,
  runAdmin,
} from './admin-command.ts';
import { example } from './help.ts';

const API = '/api/v1/workers';
const LOOK_MILLIS = 500;

/** Adds `workers` and its commands. */
export function registerWorkers(program: Command, deps: AdminCommandDeps = {}): void {
  const workers = program.command('workers').description('the worker processes of the running gateway');
  adminCommand(workers, 'list', 'show each worker process; needs no token')
    .addHelpText('after', example('sapgw workers list --config gateway.yaml'))
    .action((flags: AdminCommandFlags) => list(deps, flags));
  adminCommand(workers, 'restart', 'replace the workers one after the other; no request fails')
    .addHelpText('after', example('sapgw workers restart --config gateway.yaml'))
    .action((flags: AdminCommandFlags) => restart(deps, flags));
}

/** What the API answers, as far as it is shown. */
interface Told {
  readonly workers: readonly {
    readonly worker: number;
    readonly pid: number | null;
    readonly since: string | null;
    readonly restarts: number;
  }[];
  readonly restart: { readonly state: string; readonly problems?: readonly string[] };
}

function list(deps: AdminCommandDeps, flags: AdminCommandFlags): Promise<void> {
  return runAdmin<Told>(deps, flags, { method: 'GET', path: API, needsToken: false }, ({ workers }) =>
    workers.length === 0
      ? ['one process does everything']
      : workers.map(
          ({ worker, pid, since, restarts }) =>
            `worker ${worker}: ${pid === null ? 'not running' : `process ${pid} since ${since}`}, restarted ${restarts} times`,
        ),
  );
}

/** Begins, and looks until it is over: that takes as long as clients take. */
async function restart(deps: AdminCommandDeps, flags: AdminCommandFlags): Promise<void> {
  let told: Told | undefined;
  const heard = (json: Told): readonly string[] => {
    told = json;
    return [];
  };
  const quiet = { ...flags, json: false };
  await runAdmin(deps, quiet, { method: 'POST', path: `${API}/restart`, needsToken: true }, heard);
  while (told?.restart.state === 'running') {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MILLIS));
    told = undefined;
    await runAdmin(deps, quiet, { method: 'GET', path: API, needsToken: false }, heard);
  }
  if (told === undefined) return;
  const { restart: ended, workers } = told;
  if (flags.json === true) (deps.print ?? console.log)(JSON.stringify(told, null, 2));
  else if (ended.state !== 'failed') (deps.print ?? console.log)(`${workers.length} workers restarted`);
  else for (const problem of ended.problems ?? []) printErrorOf(deps)(problem);
  if (ended.state === 'failed') process.exitCode = EXIT_REFUSED;
}
