/**
 * `sapgw nodes`: the machines that serve together with a running gateway, as that one knows them. Exit status: 0 done, 1 the
 * gateway refused, 2 it could not be asked.
 */
import type { Command } from 'commander';
import { type AdminCommandDeps, type AdminCommandFlags, adminCommand, runAdmin } from './admin-command.ts';
import { example } from './help.ts';

/** Adds `nodes`. */
export function registerNodes(program: Command, deps: AdminCommandDeps = {}): void {
  adminCommand(program, 'nodes', 'show the machines that share one store, and what each holds; needs no token')
    .addHelpText('after', example('sapgw nodes --config gateway.yaml'))
    .action((flags: AdminCommandFlags) => show(deps, flags));
}

/** What the API answers. */
interface Told {
  readonly self: string | null;
  readonly nodes: readonly {
    readonly id: string;
    readonly since: string | null;
    readonly lastBeatMillis: number;
    readonly shares: number;
  }[];
  readonly inTouch: boolean | null;
}

function show(deps: AdminCommandDeps, flags: AdminCommandFlags): Promise<void> {
  const call = { method: 'GET', path: '/api/v1/nodes', needsToken: false } as const;
  return runAdmin<Told>(deps, flags, call, linesOf);
}

function linesOf({ self, nodes, inTouch }: Told): readonly string[] {
  if (self === null) return ['one machine does everything: its store is its own'];
  return [
    ...nodes.map(({ id, since, lastBeatMillis, shares }) => {
      const which = id === self ? ' (this one)' : '';
      return `${id}${which}: ${shares} of the users' shares, since ${since ?? 'just now'}, heard of ${lastBeatMillis} ms ago`;
    }),
    ...(inTouch === true ? [] : ['out of touch: what is said of the others may be old']),
  ];
}
