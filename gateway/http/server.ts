/**
 * The client side's HTTP server: every request goes through the edge gate, has its body read within limits, is handled,
 * and answered with an explicit length [X1]. Each limit of Node's server is set; a connection on which a request was
 * refused is not listened to again, so that what follows there cannot be taken for a request.
 */
import { createServer, type RequestListener, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import { Server as NetServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { listenAt } from '../listening.ts';
import type { ClientReply, ClientRequest, Log, Metrics } from '../ports.ts';
import { answerText, rawTextAnswer, refusalOfParserError } from './answers.ts';
import { ClientMessage } from './body.ts';
import { type EdgePass, judgeAtEdge } from './edge-gate.ts';
import { type ConnectionState, Exchange, type ServerContext } from './exchange.ts';
import { type HttpLimits, TIMEOUT_CHECK_MILLIS } from './limits.ts';
import { requireStrictParser } from './strict-parser.ts';
import { type SubscriberNumberRule, SubscriberNumbers } from './subscriber-number.ts';

/**
 * Is offered every request that the gate let pass, before its body is read, `request.url` in origin form; true when it
 * took the request and will answer it.
 */
export type PassThrough = (request: ClientMessage, response: ServerResponse) => boolean;

export interface ClientServerOptions {
  readonly handle: (request: ClientRequest) => Promise<ClientReply>;
  readonly passThrough: PassThrough;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly limits: HttpLimits;
  /** Headers that are removed unless they come from these addresses; absent: none is. */
  readonly subscriberNumber?: SubscriberNumberRule;
  /** HTTPS when given. */
  readonly tls?: TlsKeys;
}

/** PEM texts; the chain in `cert`, the listener's own certificate first. */
export interface TlsKeys {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
}

export interface ClientServer {
  /** Resolves with the address in use; port 0 takes a free one. Rejects when the address cannot be had. */
  listen(host: string, port: number): Promise<{ host: string; port: number }>;
  /** Connections from now on get this certificate; those that are there keep theirs. HTTPS alone. */
  useCertificate(keys: TlsKeys): void;
  /** Answers end their connections from now on: whoever asks again comes by a new one. */
  announceEnd(): void;
  /**
   * Takes no more connections, lets running requests finish, and cuts what is left after the time [operations §6].
   * @param patienceMillis how long before that clients between two requests may come once more, to be told; 0 unless told
   */
  drain(timeoutMillis: number, patienceMillis?: number): Promise<void>;
  /** Cuts everything at once. */
  close(): Promise<void>;
}

/** All that IMPS clients and proxies can be expected to have: nothing older is safe [RFC 8996]. */
const TLS_SETTINGS = { minVersion: 'TLSv1.2', honorCipherOrder: true } as const;

/** @throws {Error} when the process was started with the lenient HTTP parser. */
export function createClientServer(options: ClientServerOptions): ClientServer {
  requireStrictParser();
  return new NodeClientServer(options);
}

class NodeClientServer implements ClientServer {
  readonly #server: Server<typeof ClientMessage>;
  readonly #passThrough: PassThrough;
  readonly #context: ServerContext;
  readonly #connections = new WeakMap<Duplex, ConnectionState>();
  /** Every TCP connection, in a TLS handshake too. */
  readonly #open = new Set<Socket>();
  /** Those on which HTTP is spoken; in HTTPS they are other sockets. */
  readonly #speaking: Set<Socket>;
  readonly #numbers: SubscriberNumbers | undefined;

  constructor(options: ClientServerOptions) {
    const { limits, handle, metrics, log, passThrough, subscriberNumber, tls } = options;
    this.#passThrough = passThrough;
    this.#numbers = subscriberNumber === undefined ? undefined : new SubscriberNumbers(subscriberNumber);
    this.#context = { handle, metrics, log, limits, isDraining: false };
    const listener: RequestListener<typeof ClientMessage> = (request, response) => this.#receive(request, response);
    const settings: ServerOptions<typeof ClientMessage> = {
      IncomingMessage: ClientMessage,
      insecureHTTPParser: false,
      requireHostHeader: false,
      headersTimeout: limits.headersTimeoutMillis,
      requestTimeout: limits.requestTimeoutMillis,
      connectionsCheckingInterval: TIMEOUT_CHECK_MILLIS,
      keepAliveTimeout: limits.keepAliveTimeoutMillis,
      maxHeaderSize: limits.headerBytes,
      noDelay: true,
    };
    const server =
      tls === undefined
        ? createServer(settings, listener)
        : createTlsServer(
            { ...settings, ...tls, ...TLS_SETTINGS, handshakeTimeout: limits.headersTimeoutMillis },
            listener,
          );
    // One more than the gate allows, so that it sees that there were too many: Node drops the rest silently.
    server.maxHeadersCount = limits.headers + 1;
    server.maxRequestsPerSocket = limits.requestsPerConnection;
    server.timeout = limits.idleTimeoutMillis;
    server.on('connection', (socket: Socket) => {
      // Not by `maxConnections`: a full worker process would hand the connection back, to be given it again and again.
      if (this.#open.size >= limits.connections) {
        metrics.reject('edge', 'connections');
        socket.destroy();
        return;
      }
      this.#open.add(socket);
      metrics.connections('clients', this.#open.size);
      socket.on('close', () => {
        this.#open.delete(socket);
        metrics.connections('clients', this.#open.size);
      });
    });
    this.#speaking = tls === undefined ? this.#open : new Set();
    server.on('secureConnection', (socket: Socket) => {
      this.#speaking.add(socket);
      socket.on('close', () => this.#speaking.delete(socket));
    });
    // Node goes on to `clientError`, which ends the connection.
    server.on('tlsClientError', () => metrics.reject('edge', 'tls-handshake'));
    server.on('timeout', (socket: Socket) => this.#idleTooLong(socket));
    server.on('checkContinue', listener);
    server.on('checkExpectation', listener);
    server.on('connect', (_request, socket: Duplex) => this.#refuseConnect(socket));
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => this.#parserFailed(error, socket));
    server.on('dropRequest', () => metrics.reject('edge', 'requests-per-connection'));
    this.#server = server;
  }

  listen(host: string, port: number): Promise<{ host: string; port: number }> {
    return listenAt(this.#server, { host, port });
  }

  useCertificate(keys: TlsKeys): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext({ ...keys, ...TLS_SETTINGS });
  }

  announceEnd(): void {
    this.#context.isDraining = true;
  }

  async drain(timeoutMillis: number, patienceMillis = 0): Promise<void> {
    this.announceEnd();
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => {
      // An HTTP server's own `close` ends idle connections at once, under the hands of clients that are about to ask.
      NetServer.prototype.close.call(this.#server, () => resolve());
    });
    if (patienceMillis > 0) await within(closed, patienceMillis);
    // Connections fall idle one by one, as their last answers go out.
    this.#closeIdle();
    const sweep = setInterval(() => this.#closeIdle(), 50);
    const cut = setTimeout(() => this.#cutAll(), timeoutMillis);
    await closed;
    clearInterval(sweep);
    clearTimeout(cut);
  }

  #closeIdle(): void {
    // Not by `closeIdleConnections`: to Node an answer is over before its last byte has gone out, and a connection is not idle
    // before its first request.
    for (const socket of this.#speaking) {
      const answer = this.#connections.get(socket)?.latestResponse;
      if (answer === undefined ? socket.bytesRead === 0 : answer.closed) socket.destroy();
    }
  }

  #cutAll(): void {
    this.#server.closeAllConnections();
    // Node does not count connections that are in their TLS handshake.
    for (const socket of this.#open) socket.destroy();
  }

  async close(): Promise<void> {
    const drained = this.drain(0);
    this.#cutAll();
    await drained;
  }

  /** Whoever has been answered and sends nothing more just goes; whoever does not read, or waits in vain, is counted. */
  #idleTooLong(socket: Socket): void {
    if (socket.writableLength > 0) this.#context.metrics.reject('edge', 'slow-reader');
    else if ((this.#connections.get(socket)?.running ?? 0) > 0) this.#context.metrics.reject('edge', 'idle');
    socket.destroy();
  }

  #receive(request: ClientMessage, response: ServerResponse): void {
    const connection = this.#connectionOf(request.socket);
    const { limits, isDraining } = this.#context;
    if (connection.isRefused || (isDraining && connection.latestResponse?.shouldKeepAlive === false)) return;
    const { method = '', url = '', httpVersion, rawHeaders } = request;
    const judged = judgeAtEdge({ method, url, httpVersion, rawHeaders }, limits);
    if (judged.verdict === 'refuse') {
      this.#refuse(connection, response, judged.statusCode, judged.reason, judged.text);
      return;
    }
    if (connection.running >= limits.pipelinedRequests) {
      const text = 'Too many requests wait on this connection; read the answers first.';
      this.#refuse(connection, response, 503, 'pipelined-requests', text);
      return;
    }
    if (!connection.isTrusted) this.#removeNumbers(request);
    connection.requests += 1;
    connection.latest = request;
    connection.previousResponse = connection.latestResponse;
    connection.latestResponse = response;
    if (isDraining) response.shouldKeepAlive = false;
    if (connection.requests >= limits.requestsPerConnection) {
      connection.isRefused = true;
      response.shouldKeepAlive = false;
    }
    request.url = judged.target;
    this.#serve(request, response, connection, judged);
  }

  #serve(request: ClientMessage, response: ServerResponse, connection: ConnectionState, pass: EdgePass): void {
    const { limits } = this.#context;
    if (request.method === 'POST' && (pass.contentLength ?? 0) <= limits.bodyBytes && pass.expectsContinue) {
      response.writeContinue();
    }
    if (this.#passThrough(request, response)) {
      connection.running += 1;
      response.on('close', () => {
        connection.running -= 1;
      });
      return;
    }
    if (request.method !== 'POST') {
      const text = 'Nothing is served here by this method; messages are sent by POST.';
      this.#refuse(connection, response, 405, 'method', text);
      return;
    }
    const exchange = new Exchange(this.#context, connection, response, pass);
    if ((pass.contentLength ?? 0) > limits.bodyBytes) exchange.bodyTooLarge(request);
    else request.collectBody(limits.bodyBytes, exchange);
  }

  #refuse(
    connection: ConnectionState,
    response: ServerResponse,
    statusCode: number,
    reason: string,
    text: string,
  ): void {
    this.#context.metrics.reject('edge', reason);
    connection.isRefused = true;
    answerText(response, statusCode, text, true);
  }

  #refuseConnect(socket: Duplex): void {
    this.#context.metrics.reject('edge', 'method');
    endWith(socket, rawTextAnswer(405, 'The method "CONNECT" is not served here; messages are sent by POST.'));
  }

  #parserFailed(error: NodeJS.ErrnoException, socket: Duplex): void {
    const connection = this.#connectionOf(socket);
    const refusal = refusalOfParserError(error.code);
    if (refusal === undefined || !socket.writable) {
      socket.destroy();
      return;
    }
    if (connection.isRefused) {
      // The refusal is on its way out; a parser that fails behind it adds nothing, a client that dawdles has had its time.
      if (refusal.reason === 'timeout') socket.destroy();
      return;
    }
    this.#context.metrics.reject('edge', refusal.reason);
    connection.isRefused = true;
    // The refusal is the answer to what came last: it comes behind all others, and never into the middle of one.
    const isBrokenOff = connection.latest?.complete === false;
    const { latestResponse } = connection;
    const last = isBrokenOff ? connection.previousResponse : latestResponse;
    const end = (): void => {
      if (isBrokenOff && latestResponse?.headersSent === true) socket.destroy();
      else endWith(socket, rawTextAnswer(refusal.statusCode, refusal.text));
    };
    if (last === undefined || last.closed) end();
    else last.once('close', end);
  }

  #removeNumbers(request: ClientMessage): void {
    if (this.#numbers?.areIn(request.rawHeaders) !== true) return;
    request.rawHeaders = this.#numbers.without(request.rawHeaders, (name) => {
      // Node has made this already.
      delete request.headers[name.toLowerCase()];
      this.#context.metrics.untrustedHeader(name);
    });
  }

  #connectionOf(socket: Duplex): ConnectionState {
    let state = this.#connections.get(socket);
    if (state === undefined) {
      const remoteAddress = remoteAddressOf(socket);
      state = {
        remoteAddress,
        isTrusted: this.#numbers === undefined || this.#numbers.trusts(remoteAddress),
        requests: 0,
        running: 0,
        latest: undefined,
        latestResponse: undefined,
        previousResponse: undefined,
        isRefused: false,
      };
      this.#connections.set(socket, state);
    }
    return state;
  }
}

/** A listener on `::` sees IPv4 addresses mapped into IPv6. */
function remoteAddressOf(socket: Duplex): string {
  const address = socket instanceof Socket ? (socket.remoteAddress ?? '') : '';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

function endWith(socket: Duplex, bytes: string): void {
  if (socket.destroyed) return;
  socket.on('error', () => socket.destroy());
  socket.end(bytes, () => socket.destroy());
}

/** Waits no longer than so long. */
async function within(work: Promise<void>, millis: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, millis);
  });
  await Promise.race([work, over]);
  clearTimeout(timer);
}
