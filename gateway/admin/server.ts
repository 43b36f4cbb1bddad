/**
 * The admin listener: health, metrics and status, for probes, Prometheus and people with curl, and the API beside them
 * (`api.ts`). It has no limit on connections of its own and shares nothing with the clients' listener, so that probes are
 * never shed. The pages here change nothing and name no user.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Address } from '../config.ts';
import { listenAt } from '../listening.ts';
import { API_PREFIX, type Api } from './api.ts';
import { type StatusReport, statusText } from './status-text.ts';

/** Undefined when all is well, else the reason why not, as a sentence. */
export type Check = () => string | undefined | Promise<string | undefined>;

export interface AdminOptions {
  /** What must hold for the gateway to take traffic, by name. */
  readonly ready: ReadonlyMap<string, Check>;
  readonly metrics: { scrape(): Promise<{ readonly contentType: string; readonly text: string }> };
  readonly status: () => StatusReport | Promise<StatusReport>;
  /** Answers what begins with {@link API_PREFIX}; absent: there is no such page. */
  readonly api?: Api;
  /** A check that takes longer has failed; 1 s unless told. */
  readonly checkTimeoutMillis?: number;
}

export interface AdminServer {
  /** Resolves with the address it got; rejects with the system's error when it cannot listen. */
  listen(address: Address): Promise<Address>;
  /** Ends open connections too. */
  close(): Promise<void>;
}

interface Page {
  readonly statusCode: number;
  readonly contentType: string;
  readonly text: string;
}

type Route = () => Page | Promise<Page>;

const TEXT = 'text/plain; charset=utf-8';
const CHECK_TIMEOUT_MILLIS = 1000;

export function createAdminServer(options: AdminOptions): AdminServer {
  const routes = routesOf(options);
  const { api } = options;
  const server = createServer((request, response) => {
    if (api !== undefined && request.url?.startsWith(API_PREFIX)) void api(request, response);
    else void answer(routes, request, response);
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  return {
    listen: (address) => listenAt(server, address),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function routesOf({ ready, metrics, status, checkTimeoutMillis }: AdminOptions): ReadonlyMap<string, Route> {
  return new Map<string, Route>([
    ['/livez', () => text(200, 'ok\n')],
    ['/readyz', () => readiness(ready, checkTimeoutMillis ?? CHECK_TIMEOUT_MILLIS)],
    [
      '/metrics',
      async () => {
        const { contentType, text: body } = await metrics.scrape();
        return { statusCode: 200, contentType, text: body };
      },
    ],
    ['/status', async () => text(200, statusText(await status()))],
    [
      '/status.json',
      async () => ({
        statusCode: 200,
        contentType: 'application/json',
        text: `${JSON.stringify(await status(), null, 2)}\n`,
      }),
    ],
  ]);
}

async function answer(
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A probe has no body; what comes nevertheless is thrown away so that the connection can go on.
  request.resume();
  const method = request.method ?? '';
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  const route = routes.get(path);
  if (route === undefined) {
    send(response, method, text(404, `There is no such page. There are ${[...routes.keys()].join(', ')}.\n`));
  } else if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    send(response, method, text(405, 'This page is only read: use GET or HEAD.\n'));
  } else {
    send(response, method, await pageOf(route));
  }
}

async function pageOf(route: Route): Promise<Page> {
  try {
    return await route();
  } catch {
    return text(500, 'This page could not be made.\n');
  }
}

function send(response: ServerResponse, method: string, page: Page): void {
  response.writeHead(page.statusCode, {
    'Content-Type': page.contentType,
    'Content-Length': Buffer.byteLength(page.text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(method === 'HEAD' ? undefined : page.text);
}

async function readiness(checks: ReadonlyMap<string, Check>, timeoutMillis: number): Promise<Page> {
  const names = [...checks.keys()];
  const reasons = await Promise.all(names.map((name) => bounded(checks.get(name), timeoutMillis)));
  const lines = names.map((name, index) => `${name}: ${reasons[index] ?? 'ok'}\n`).join('');
  const isReady = reasons.every((reason) => reason === undefined);
  return text(isReady ? 200 : 503, `${isReady ? 'ready' : 'not ready'}\n${lines}`);
}

async function bounded(check: Check | undefined, timeoutMillis: number): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${timeoutMillis} ms`), timeoutMillis);
  });
  try {
    return await Promise.race([late, check?.()]);
  } catch {
    return 'the check failed';
  } finally {
    clearTimeout(timer);
  }
}

function text(statusCode: number, body: string): Page {
  return { statusCode, contentType: TEXT, text: body };
}
