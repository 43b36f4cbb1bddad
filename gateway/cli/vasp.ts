/**
 * `sapgw vasp`: how the VASPs of a running gateway are, and taking one out of service and back, by the admin API. Exit
 * status: 0 done, 1 the gateway refused, 2 it could not be asked.
 */
import type { Command } from 'commander';
import { type AdminCommandDeps, type AdminCommandFlags, adminCommand, runAdmin } from './admin-command.ts';
import { example } from './help.ts';

const API = '/api/v1/vasps';

/** Adds `vasp` and its commands. */
export function registerVasp(program: Command, deps: AdminCommandDeps = {}): void {
  const vasp = program
    .command('vasp')
    .description('the messaging services behind the running gateway: how they are, out of service and back');
  adminCommand(vasp, 'list', 'show each VASP: its state, whether it answers, its open sessions; needs no token')
    .addHelpText('after', example('sapgw vasp list --config gateway.yaml'))
    .action((flags: AdminCommandFlags) =>
      runAdmin<{ readonly vasps: readonly Told[] }>(
        deps,
        flags,
        { method: 'GET', path: API, needsToken: false },
        ({ vasps }) => vasps.map(vaspLine),
      ),
    );
  change(vasp, deps, 'suspend', 'send nothing more to a VASP: everything is answered with 503, sessions stay');
  change(vasp, deps, 'drain', 'let nobody log in at a VASP any more; sessions go on, and are counted');
  change(vasp, deps, 'resume', 'put a VASP back in service');
}

function change(vasp: Command, deps: AdminCommandDeps, action: string, description: string): void {
  adminCommand(vasp, `${action} <name>`, description)
    .addHelpText('after', example(`sapgw vasp ${action} friendly-im --config gateway.yaml`))
    .action((name: string, flags: AdminCommandFlags) =>
      runAdmin<Told>(
        deps,
        flags,
        { method: 'POST', path: `${API}/${encodeURIComponent(name)}/${action}`, needsToken: true },
        changeLines,
      ),
    );
}

/** What the API answers of a VASP, as far as it is shown. */
interface Told {
  readonly vasp: string;
  readonly state: string;
  readonly since: string | null;
  readonly up: boolean;
  readonly breaker: { readonly state: string; readonly openSince: string | null; readonly reason: string | null };
  readonly sessions: number;
  readonly sessionsCountedAt: string;
  readonly kept?: boolean;
}

function vaspLine({ vasp, state, since, up, breaker, sessions, sessionsCountedAt }: Told): string {
  const sinceThen = state === 'serving' || since === null ? '' : ` since ${since}`;
  const { openSince, reason } = breaker;
  const down = openSince === null ? 'down, cannot be reached' : `down since ${openSince}, ${reason}`;
  const open = `${sessions} session${sessions === 1 ? '' : 's'}${state === 'draining' ? ' left' : ''}`;
  return `${vasp}: ${state}${sinceThen}; ${up ? 'up' : down}; ${open} at ${sessionsCountedAt}`;
}

function changeLines(told: Told): string[] {
  const lost = 'the store could not be written: until it can, a restart would undo this';
  return told.kept === false ? [vaspLine(told), lost] : [vaspLine(told)];
}
