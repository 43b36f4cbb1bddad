/**
 * Opaque traffic, by http-proxy: streamed in both directions, never buffered, never read. http-proxy is unmaintained and
 * has four traps, each closed here: only POST and body-less GET and HEAD get this far; the VASP's side is cancelled when
 * the client leaves, and the client's when the VASP breaks off; the headers are our own list, not the client's; every
 * wait is bounded and every error answered. One connection a request: nothing left on it can reach somebody else.
 */
import type { IncomingMessage, ClientRequest as OutgoingRequest, ServerResponse } from 'node:http';
import httpProxy from 'http-proxy';
import { answerText } from '../http/answers.ts';
import { forwardedReplyHeaders, forwardedRequestHeaders, HeaderClass, headerClassOf, viaOf } from '../http/headers.ts';
import type { Log, Metrics } from '../ports.ts';
import { type OpaqueRoute, opaqueRouteOf } from './opaque-paths.ts';

export interface PassThroughOptions {
  readonly routes: readonly OpaqueRoute[];
  readonly limits: {
    /** Opaque requests of one VASP running at the same time. */
    readonly running: number;
    /** Bytes of one request's body. */
    readonly bodyBytes: number;
  };
  /** Whether nothing goes to a VASP at the moment; absent: never. */
  readonly isSuspended?: (vasp: string) => boolean;
  readonly metrics: Pick<Metrics, 'reject' | 'upstreamError'>;
  readonly log: Log;
}

export const DEFAULT_PASS_THROUGH_LIMITS = { running: 512, bodyBytes: 8 * 1024 * 1024 } as const;

/** How much longer than the VASP a client may be silent. */
const CLIENT_GRACE_MILLIS = 1_000;

export interface PassThroughProxy {
  /** True when the request is opaque: it is answered here. To be asked after the edge gate, before the body is read. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  close(): void;
}

interface Route extends OpaqueRoute {
  readonly target: {
    readonly protocol: string;
    readonly host: string;
    readonly hostname: string;
    readonly port: string;
  };
  /** Requests that run now: a VASP that is slow takes no room from the others. */
  running: number;
}

/** What is known of a running request. */
interface Passage {
  readonly route: Route;
  readonly target: string;
  isTimedOut: boolean;
}

export function createPassThrough(options: PassThroughOptions): PassThroughProxy {
  return new HttpProxyPassThrough(options);
}

class HttpProxyPassThrough implements PassThroughProxy {
  readonly #options: PassThroughOptions;
  readonly #routes: readonly Route[];
  readonly #proxy: httpProxy;
  readonly #passages = new WeakMap<IncomingMessage, Passage>();

  constructor(options: PassThroughOptions) {
    this.#options = options;
    this.#routes = options.routes
      .filter(({ paths }) => paths.length > 0)
      .map((route) => {
        const { protocol, host, hostname, port } = new URL(route.url);
        return { ...route, running: 0, target: { protocol, host, hostname: hostname.replace(/^\[|\]$/g, ''), port } };
      });
    this.#proxy = httpProxy.createProxyServer({ xfwd: false, ws: false, toProxy: true, prependPath: false });
    this.#proxy.on('proxyReq', (outgoing, request, response) => this.#sending(outgoing, request, response));
    this.#proxy.on('proxyRes', (incoming, request, response) => this.#answering(incoming, request, response));
    this.#proxy.on('error', (_error, request, response) => this.#failed(request, response as ServerResponse));
    this.#proxy.on('econnreset', (_error, _request, response) => (response as ServerResponse).destroy());
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#routes.length === 0) return false;
    const { limits, metrics } = this.#options;
    const target = request.url ?? '';
    const route = opaqueRouteOf(
      this.#routes,
      target,
      headerOf(request, HeaderClass.host),
      headerOf(request, HeaderClass.contentType),
    );
    if (route === undefined || !['POST', 'GET', 'HEAD'].includes(request.method ?? '')) return false;
    if (this.#options.isSuspended?.(route.vasp) === true) {
      metrics.upstreamError(route.vasp, 'suspended');
      answerText(response, 503, 'The service is closed for the moment; try again later.', true);
      return true;
    }
    if (route.running >= limits.running) {
      metrics.reject('edge', 'pass-through-requests');
      answerText(response, 503, 'Too many requests of this kind are running; try again later.', true);
      return true;
    }
    if (Number(headerOf(request, HeaderClass.contentLength)) > limits.bodyBytes) {
      this.#refuseTooLarge(response);
      return true;
    }
    route.running += 1;
    response.on('close', () => {
      route.running -= 1;
    });
    this.#passages.set(request, { route, target, isTimedOut: false });
    request.headers = headersFor(request, route);
    this.#boundBody(request, response);
    this.#proxy.web(request, response, {
      target: route.target,
      // Later than the VASP's, so that the client hears of that one.
      timeout: route.timeoutMillis + CLIENT_GRACE_MILLIS,
      proxyTimeout: route.timeoutMillis,
    });
    return true;
  }

  close(): void {
    this.#proxy.close();
  }

  #sending(outgoing: OutgoingRequest, request: IncomingMessage, response: ServerResponse): void {
    const passage = this.#passages.get(request);
    // http-proxy folds repeated slashes of the path together.
    if (passage !== undefined) outgoing.path = passage.target;
    outgoing.on('timeout', () => {
      if (passage !== undefined) passage.isTimedOut = true;
    });
    if (response.destroyed) outgoing.destroy();
    response.on('close', () => {
      if (!response.writableFinished) outgoing.destroy();
    });
  }

  #answering(incoming: IncomingMessage, _request: IncomingMessage, response: ServerResponse): void {
    if (response.headersSent) {
      incoming.destroy();
      return;
    }
    const headers = forwardedReplyHeaders(incoming.rawHeaders, viaOf(incoming.httpVersion));
    const contentLength = headerOf(incoming, HeaderClass.contentLength);
    if (contentLength !== '') headers.push('Content-Length', contentLength);
    incoming.on('error', () => response.destroy());
    incoming.on('close', () => {
      // Half an answer must not look like a whole one.
      if (!incoming.complete) response.destroy();
    });
    response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage ?? '', headers);
  }

  #failed(request: IncomingMessage, response: ServerResponse): void {
    const passage = this.#passages.get(request);
    const isTimedOut = passage?.isTimedOut === true;
    if (response.destroyed) return;
    if (passage !== undefined) {
      this.#options.metrics.upstreamError(passage.route.vasp, isTimedOut ? 'timeout' : 'broken');
      this.#options.log.warn('pass-through failed', { vasp: passage.route.vasp, timedOut: isTimedOut });
    }
    if (isTimedOut) answerText(response, 504, 'The service did not answer in time; try again later.', true);
    else answerText(response, 502, 'The service could not be reached or broke off; try again later.', true);
  }

  /** A chunked body is counted while it streams by. */
  #boundBody(request: IncomingMessage, response: ServerResponse): void {
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > this.#options.limits.bodyBytes) {
        request.removeAllListeners('data');
        request.unpipe();
        this.#refuseTooLarge(response);
        request.socket.destroySoon();
      }
    });
  }

  #refuseTooLarge(response: ServerResponse): void {
    const { limits, metrics } = this.#options;
    metrics.reject('body', 'too-large');
    answerText(response, 413, `The body is too large; at most ${limits.bodyBytes} bytes are allowed.`, true);
  }
}

/** The first value of a header of that kind; empty when there is none. */
function headerOf(message: IncomingMessage, headerClass: HeaderClass): string {
  const { rawHeaders } = message;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (headerClassOf(rawHeaders[index] ?? '') === headerClass) return rawHeaders[index + 1] ?? '';
  }
  return '';
}

/** The headers for the VASP, as http-proxy takes them: by name in the client's spelling, repeated ones as a list. */
function headersFor(request: IncomingMessage, route: Route): Record<string, string | string[]> {
  const headers = new Map<string, { name: string; values: string[] }>();
  const add = (name: string, value: string): void => {
    const key = name.toLowerCase();
    const known = headers.get(key);
    if (known === undefined) headers.set(key, { name, values: [value] });
    else known.values.push(value);
  };
  add('Host', route.target.host);
  const contentType = headerOf(request, HeaderClass.contentType);
  if (contentType !== '') add('Content-Type', contentType);
  const contentLength = headerOf(request, HeaderClass.contentLength);
  if (request.method === 'POST' && contentLength !== '') add('Content-Length', contentLength);
  const forwarded = forwardedRequestHeaders(request.rawHeaders, viaOf(request.httpVersion));
  for (let index = 0; index + 1 < forwarded.length; index += 2) add(forwarded[index] ?? '', forwarded[index + 1] ?? '');
  const flat: Record<string, string | string[]> = Object.create(null);
  // http-proxy copies the headers from the last to the first: this way they come out in order.
  for (const { name, values } of [...headers.values()].reverse()) {
    flat[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return flat;
}
