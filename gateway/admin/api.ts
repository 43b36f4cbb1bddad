/**
 * The API of the admin listener, `/api/v1/...`: a table of routes, and what holds for all of them. JSON in and out; what
 * changes something or reads users needs the token; requests that a web page sent are refused, so that no page an operator
 * happens to look at can act in the operator's name. Errors are `{"error":{"code","message"}}` with a code that stays.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorCode } from '../error-code.ts';
import type { Log } from '../ports.ts';
import { readJson } from './json-body.ts';
import type { AdminToken, TokenVerdict } from './token.ts';

export const API_PREFIX = '/api/';

export interface ApiRequest {
  /** What stands in the address for `NAME`; empty where the route has none. */
  readonly name: string;
  readonly query: URLSearchParams;
  /** The body as JSON; undefined without one. */
  readonly body: unknown;
}

export type ApiAnswer =
  | { readonly statusCode: number; readonly json: unknown }
  /** JSON lines, sent as they come. */
  | { readonly statusCode: number; readonly lines: AsyncIterable<string> };

export interface ApiRoute {
  readonly method: 'GET' | 'POST';
  /** One of its segments may be `NAME`, which stands for any. */
  readonly path: string;
  /** Changes something, or reads what is about users. */
  readonly needsToken: boolean;
  handle(request: ApiRequest): Promise<ApiAnswer> | ApiAnswer;
}

export interface ApiOptions {
  readonly routes: readonly ApiRoute[];
  readonly token: AdminToken;
  readonly log: Log;
  /** Hears the code of every body that is refused. */
  readonly refused?: (code: string) => void;
}

/** Answers one request whose path begins with {@link API_PREFIX}; never rejects. */
export type Api = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** An answer that says in words what is wrong, and what would be right. */
export function apiError(statusCode: number, code: string, message: string, more: object = {}): ApiAnswer {
  return { statusCode, json: { error: { code, message, ...more } } };
}

export const badRequest = (message: string): ApiAnswer => apiError(400, 'bad-request', message);

export function createApi(options: ApiOptions): Api {
  return async (request, response) => {
    try {
      await send(request, response, await answerTo(options, request, response));
    } catch (error) {
      options.log.error('an admin request failed', { code: errorCode(error) });
      if (response.headersSent) response.destroy();
      else await send(request, response, apiError(500, 'internal', 'This could not be done; the log says more.'));
    }
  };
}

async function answerTo(
  { routes, token, refused }: ApiOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<ApiAnswer> {
  const { headers, method = '' } = request;
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://admin.invalid');
  if (headers.origin !== undefined) {
    return apiError(403, 'cross-site', 'Requests of web pages are refused; send this one without an Origin header.');
  }
  const here = routes.filter(({ path }) => nameIn(path, pathname) !== undefined);
  if (here.length === 0) {
    const paths = routes.map((one) => `${one.method} ${one.path}`);
    return apiError(404, 'not-found', `There is no ${pathname.slice(0, 100)}. There are ${paths.join(', ')}.`);
  }
  const route = here.find((one) => one.method === method || (one.method === 'GET' && method === 'HEAD'));
  if (route === undefined) {
    const allowed = here.map((one) => (one.method === 'GET' ? 'GET, HEAD' : one.method)).join(', ');
    response.setHeader('Allow', allowed);
    return apiError(405, 'method-not-allowed', `${pathname} takes ${allowed}.`);
  }
  if (route.needsToken) {
    const refusal = refusalOf(await token.judge(headers.authorization), response);
    if (refusal !== undefined) return refusal;
  }
  const body = await readJson(request);
  if (body.kind === 'wrong') {
    refused?.(body.code);
    return apiError(body.statusCode, body.code, body.message);
  }
  return route.handle({ name: nameIn(route.path, pathname) ?? '', query: searchParams, body: body.value });
}

/** What stands for `NAME` in an address of that path, empty where it has none; undefined when it is of another path. */
function nameIn(path: string, pathname: string): string | undefined {
  const [before = '', after] = path.split('NAME');
  if (after === undefined) return path === pathname ? '' : undefined;
  if (!pathname.startsWith(before) || !pathname.endsWith(after)) return undefined;
  const name = pathname.slice(before.length, pathname.length - after.length);
  return name === '' || name.includes('/') ? undefined : name;
}

/** Undefined when the caller may go on. */
function refusalOf(verdict: TokenVerdict, response: ServerResponse): ApiAnswer | undefined {
  switch (verdict.kind) {
    case 'right':
      return undefined;
    case 'not-configured':
      return apiError(
        403,
        'token-not-configured',
        'This needs a token, and the gateway has none: write admin: { listen: …, tokenFile: FILE } in its configuration, with a file that holds at least 32 characters, such as `openssl rand -hex 32` makes.',
      );
    case 'unusable':
      return apiError(403, 'token-unusable', verdict.problem);
    case 'too-many':
      response.setHeader('Retry-After', String(verdict.retryAfterSeconds));
      return apiError(429, 'too-many-wrong-tokens', 'Too many wrong tokens came in; wait a little.');
    case 'missing':
    case 'wrong':
      response.setHeader('WWW-Authenticate', 'Bearer realm="sapgw admin"');
      return apiError(
        401,
        verdict.kind === 'missing' ? 'token-missing' : 'token-wrong',
        "Send the content of the admin token file as `Authorization: Bearer TOKEN`; the gateway's configuration names the file.",
      );
  }
}

async function send(request: IncomingMessage, response: ServerResponse, answer: ApiAnswer): Promise<void> {
  // What was not read of a refused body must not be taken for the next request.
  if (!request.complete) response.setHeader('Connection', 'close');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if ('lines' in answer) {
    response.writeHead(answer.statusCode, { 'Content-Type': 'application/x-ndjson' });
    if (request.method === 'HEAD') response.end();
    else await pipeline(Readable.from(answer.lines), response);
    return;
  }
  const text = `${JSON.stringify(answer.json, null, 2)}\n`;
  response.writeHead(answer.statusCode, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}
