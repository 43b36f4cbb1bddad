/** The part of the API that tells how the VASPs are, and takes them out of service and back. Names no user. */
import type { VaspState } from '../ports.ts';
import { type ApiAnswer, type ApiRoute, apiError } from './api.ts';

/** How one VASP is; times are wall-clock milliseconds. */
export interface VaspReport {
  readonly vasp: string;
  readonly state: VaspState;
  /** When the operator said so; undefined: never. */
  readonly since: number | undefined;
  readonly isUp: boolean;
  readonly breaker: 'closed' | 'open' | 'half-open';
  readonly openSince: number | undefined;
  /** What opened the breaker. */
  readonly reason: string | undefined;
  readonly probe: { readonly isReachable: boolean; readonly at: number } | undefined;
  /** Open sessions, and when they were counted. */
  readonly sessions: number;
  readonly countedAt: number;
}

export interface VaspActions {
  list(): Promise<readonly VaspReport[]>;
  /** Undefined when there is no such VASP. `isKept`: whether it would outlive a restart already. */
  change(
    vasp: string,
    state: VaspState,
    by: string,
  ): Promise<{ readonly report: VaspReport; readonly isKept: boolean } | undefined>;
}

const CHANGES = [
  ['suspend', 'suspended'],
  ['drain', 'draining'],
  ['resume', 'serving'],
] as const satisfies readonly (readonly [string, VaspState])[];

export function vaspRoutes(actions: VaspActions): readonly ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/vasps',
      needsToken: false,
      handle: async () => ({ statusCode: 200, json: { vasps: (await actions.list()).map(told) } }),
    },
    ...CHANGES.map(
      ([action, state]): ApiRoute => ({
        method: 'POST',
        path: `/api/v1/vasps/NAME/${action}`,
        needsToken: true,
        handle: ({ name }) => change(actions, name, state),
      }),
    ),
  ];
}

async function change(actions: VaspActions, name: string, state: VaspState): Promise<ApiAnswer> {
  const changed = await actions.change(name, state, 'admin api');
  if (changed !== undefined) {
    return { statusCode: 200, json: { ...told(changed.report), kept: changed.isKept } };
  }
  const names = (await actions.list()).map(({ vasp }) => vasp);
  const shown = JSON.stringify(name.slice(0, 100));
  return apiError(404, 'no-such-vasp', `No VASP is named ${shown}; there are ${names.join(', ')}.`);
}

function told({ vasp, state, since, isUp, breaker, openSince, reason, probe, sessions, countedAt }: VaspReport) {
  return {
    vasp,
    state,
    since: instant(since),
    up: isUp,
    breaker: { state: breaker, openSince: instant(openSince), reason: reason ?? null },
    probe: probe === undefined ? null : { reachable: probe.isReachable, at: instant(probe.at) },
    sessions,
    sessionsCountedAt: instant(countedAt),
  };
}

function instant(millis: number | undefined): string | null {
  return millis === undefined ? null : new Date(millis).toISOString();
}
