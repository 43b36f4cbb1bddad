/**
 * One request on the client side from its body to the last byte of its answer. Nothing here looks into the message; what
 * goes out always has its length, and never is a 204 [X1].
 */
import type { ServerResponse } from 'node:http';
import type { ClientReply, ClientRequest, Log, Metrics } from '../ports.ts';
import { answerText } from './answers.ts';
import { type BodyTaker, type ClientMessage, refuseTooLarge } from './body.ts';
import type { EdgePass } from './edge-gate.ts';
import { forwardedRequestHeaders, HeaderClass, headerClassOf, viaOf } from './headers.ts';
import type { HttpLimits } from './limits.ts';
import { answerAtOnce } from './quick-answer.ts';

/** What all exchanges of one server share. */
export interface ServerContext {
  readonly handle: (request: ClientRequest) => Promise<ClientReply>;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly limits: HttpLimits;
  /** Answers close their connections from now on. */
  isDraining: boolean;
}

/** What is known of one client connection. */
export interface ConnectionState {
  /** The address at its other end; IPv4 in dots. */
  readonly remoteAddress: string;
  /** Whether a subscriber's number is believed that comes from there. */
  readonly isTrusted: boolean;
  /** Requests that the gate let pass, so far. */
  requests: number;
  /** Of these, the ones whose answers have not been written, opaque ones and pages among them. */
  running: number;
  /** The request that came last, whose body may not be whole, its answer, and the answer before that. */
  latest: ClientMessage | undefined;
  latestResponse: ServerResponse | undefined;
  previousResponse: ServerResponse | undefined;
  /** What still comes on this connection is thrown away: somebody was refused on it. */
  isRefused: boolean;
}

export class Exchange implements BodyTaker {
  readonly #context: ServerContext;
  readonly #connection: ConnectionState;
  readonly #response: ServerResponse;
  readonly #pass: EdgePass;
  #isHttp11 = false;

  constructor(context: ServerContext, connection: ConnectionState, response: ServerResponse, pass: EdgePass) {
    this.#context = context;
    this.#connection = connection;
    connection.running += 1;
    this.#response = response;
    this.#pass = pass;
  }

  bodyTooLarge(request: ClientMessage): void {
    const { limits, metrics } = this.#context;
    metrics.reject('body', 'too-large');
    this.#connection.isRefused = true;
    refuseTooLarge(request, this.#response, limits.bodyBytes, limits.bodyBytes);
  }

  bodyComplete(request: ClientMessage, body: Buffer): void {
    const { target, host, contentType } = this.#pass;
    this.#isHttp11 = request.httpVersion === '1.1';
    const handled = this.#context.handle({
      target,
      host,
      contentType,
      headers: forwardedRequestHeaders(request.rawHeaders, viaOf(request.httpVersion)),
      remoteAddress: this.#connection.remoteAddress,
      body,
    });
    handled.then(
      (reply) => this.#reply(reply),
      (error: unknown) => this.#fail(error),
    );
  }

  #reply(reply: ClientReply): void {
    this.#connection.running -= 1;
    const isLast = this.#endsConnection();
    if (this.#isHttp11 && !isLast && answerAtOnce(this.#response, reply, this.#context.limits)) return;
    try {
      this.#response.writeHead(reply.statusCode === 204 ? 200 : reply.statusCode, headersOf(reply, isLast));
      this.#response.end(reply.body);
    } catch (error) {
      this.#answerFault(error);
    }
  }

  #fail(error: unknown): void {
    this.#connection.running -= 1;
    this.#answerFault(error);
  }

  /** Closing after an answer takes those away that come behind it: the last one closes. */
  #endsConnection(): boolean {
    if (!this.#context.isDraining || this.#response.req !== this.#connection.latest) return false;
    this.#connection.isRefused = true;
    return true;
  }

  #answerFault(error: unknown): void {
    // The name alone: a message could quote what the request held.
    this.#context.log.error('request failed', { error: error instanceof Error ? error.name : typeof error });
    answerText(this.#response, 500, 'The gateway failed to handle the request; it is the gateway that is wrong.', true);
  }
}

/** A reply's headers with their framing; `isLast` ends the connection. */
function headersOf(reply: ClientReply, isLast: boolean): string[] {
  const headers: string[] = [];
  for (let index = 0; index + 1 < reply.headers.length; index += 2) {
    const name = reply.headers[index] ?? '';
    const headerClass = headerClassOf(name);
    // The framing is made here alone, whatever a reply brings along.
    if (
      headerClass === HeaderClass.endToEnd ||
      headerClass === HeaderClass.contentType ||
      headerClass === HeaderClass.oddlyNamed
    ) {
      headers.push(name, reply.headers[index + 1] ?? '');
    }
  }
  headers.push('Content-Length', String(reply.body.length));
  if (isLast) headers.push('Connection', 'close');
  return headers;
}
