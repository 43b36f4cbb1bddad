/** The part of the API that reads the audit chain, as `sapgw audit export` writes it. */
import type { AuditHead } from '../audit-ports.ts';
import { type ApiRoute, apiError, badRequest } from './api.ts';

export interface AuditReading {
  /** Up to `limit` entries from a sequence number on, each a line with its line feed. */
  lines(from: number, limit: number): AsyncIterable<string>;
  head(): Promise<AuditHead | undefined>;
}

const DEFAULT_LIMIT = 1_000;
const HIGHEST_LIMIT = 100_000;

export function auditRoutes(audit: AuditReading): readonly ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/audit',
      needsToken: true,
      handle: ({ query }) => {
        const from = wholeNumber(query.get('from'), 1, Number.MAX_SAFE_INTEGER);
        const limit = wholeNumber(query.get('limit') ?? String(DEFAULT_LIMIT), 1, HIGHEST_LIMIT);
        const unknown = [...query.keys()].find((key) => key !== 'from' && key !== 'limit');
        if (unknown !== undefined)
          return badRequest('Only from and limit may be asked for, such as ?from=1&limit=100.');
        if (from === undefined) return badRequest('from is the number of an entry, from 1 on.');
        if (limit === undefined) return badRequest(`limit is a number from 1 to ${HIGHEST_LIMIT}.`);
        return { statusCode: 200, lines: audit.lines(from, limit) };
      },
    },
    {
      method: 'GET',
      path: '/api/v1/audit/head',
      needsToken: true,
      handle: async () => {
        const head = await audit.head();
        return head === undefined
          ? apiError(503, 'head-unreadable', 'The head of the audit chain cannot be read; run sapgw audit verify.')
          : { statusCode: 200, json: head };
      },
    },
  ];
}

/** 1 when absent; undefined when it is no such number. */
function wholeNumber(text: string | null, least: number, most: number): number | undefined {
  if (text === null) return least;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
}
