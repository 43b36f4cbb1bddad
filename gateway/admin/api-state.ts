/** The part of the API that counts what goes on: negotiations under way and open sessions. Names nobody. */
import type { ApiRoute } from './api.ts';

export interface OpenCounts {
  /** Logins that were asked and are not settled, by VASP and policy. */
  negotiations(): Promise<readonly { readonly vasp: string; readonly policy: string; readonly open: number }[]>;
  /** Sessions by VASP, as they were counted last, and when that was, in wall-clock milliseconds. */
  sessions(): { readonly countedAt: number; readonly vasps: ReadonlyMap<string, number> };
}

export function stateRoutes(counts: OpenCounts): readonly ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/negotiations',
      needsToken: false,
      handle: async () => ({ statusCode: 200, json: { negotiations: await counts.negotiations() } }),
    },
    {
      method: 'GET',
      path: '/api/v1/sessions',
      needsToken: false,
      handle: () => {
        const { countedAt, vasps } = counts.sessions();
        const sessions = [...vasps].map(([vasp, open]) => ({ vasp, open }));
        return { statusCode: 200, json: { countedAt: new Date(countedAt).toISOString(), sessions } };
      },
    },
  ];
}
