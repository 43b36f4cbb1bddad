/** The part of the API that tells of the worker processes, and replaces them one after the other. Names no user. */
import { type ApiAnswer, type ApiRoute, apiError } from './api.ts';

export interface WorkerActions {
  rows(): readonly {
    readonly worker: number;
    readonly pid: number;
    /** Wall-clock milliseconds. */
    readonly since: number;
    readonly restarts: number;
    readonly isListening: boolean;
  }[];
  restartState():
    | { readonly state: 'none' }
    | { readonly state: 'running' | 'done'; readonly since: number }
    | { readonly state: 'failed'; readonly since: number; readonly problems: readonly string[] };
  /** False when that is under way. */
  beginRestart(): boolean;
}

/** @param workers undefined where one process does everything */
export function workerRoutes(workers: WorkerActions | undefined): readonly ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/workers',
      needsToken: false,
      handle: () => ({ statusCode: 200, json: told(workers) }),
    },
    { method: 'POST', path: '/api/v1/workers/restart', needsToken: true, handle: () => restart(workers) },
  ];
}

function restart(workers: WorkerActions | undefined): ApiAnswer {
  if (workers === undefined) {
    const message =
      'One process does everything here; with workers: 2 or more in the configuration they can be restarted.';
    return apiError(409, 'no-workers', message);
  }
  if (!workers.beginRestart()) {
    return apiError(409, 'under-way', 'A restart, or the stop, is under way; GET /api/v1/workers tells how it goes.');
  }
  return { statusCode: 202, json: told(workers) };
}

function told(workers: WorkerActions | undefined): object {
  const state = workers?.restartState() ?? { state: 'none' };
  return {
    workers: (workers?.rows() ?? []).map(({ worker, pid, since, restarts, isListening }) => ({
      worker,
      pid: isListening ? pid : null,
      since: isListening ? new Date(since).toISOString() : null,
      restarts,
    })),
    restart: 'since' in state ? { ...state, since: new Date(state.since).toISOString() } : state,
  };
}
