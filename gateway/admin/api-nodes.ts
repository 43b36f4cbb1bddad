/** The part of the API that tells of the machines that serve together, as the one that is asked knows them. Names no user. */
import type { ApiRoute } from './api.ts';

export interface NodeActions {
  readonly self: string;
  /** The nodes that are alive, the one that is asked first. */
  rows(): readonly {
    readonly id: string;
    /** Wall-clock milliseconds; undefined until it has said so. */
    readonly since: number | undefined;
    readonly lastBeatMillis: number;
    /** How many of the users' shares it holds. */
    readonly shares: number;
  }[];
  isInTouch(): boolean;
}

/** @param nodes undefined where the store is this machine's alone */
export function nodeRoutes(nodes: NodeActions | undefined): readonly ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/nodes',
      needsToken: false,
      handle: () => ({ statusCode: 200, json: told(nodes) }),
    },
  ];
}

function told(nodes: NodeActions | undefined): object {
  return {
    self: nodes?.self ?? null,
    nodes: (nodes?.rows() ?? []).map(({ id, since, lastBeatMillis, shares }) => ({
      id,
      since: since === undefined ? null : new Date(since).toISOString(),
      lastBeatMillis,
      shares,
    })),
    inTouch: nodes?.isInTouch() ?? null,
  };
}
