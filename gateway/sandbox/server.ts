/**
 * The sandbox VASP: a small IMPS server over HTTP, for `npm start` without a provider and as the test rig. It speaks three
 * versions and both encodings and answers in those of the request [P8]. It shares the wire (`csp/`) with the gateway and
 * nothing else, and keeps nothing when it stops.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { decodeMessage, encodeMessage } from '../csp/codec.ts';
import { CspError } from '../csp/errors.ts';
import { DEFAULT_LIMITS } from '../csp/limits.ts';
import type { CspMessage } from '../csp/message.ts';
import { resultCode } from '../csp/status.ts';
import { encodingOfContentType } from '../csp/versions.ts';
import { stcpServer, waitsAt } from './cir.ts';
import { answerMessage } from './exchange.ts';
import { type SandboxClock, SandboxState } from './state.ts';

export interface SandboxOptions {
  /** Default `sandbox`. */
  readonly domain?: string;
  /** Default: the time of the machine. */
  readonly clock?: SandboxClock;
  /** Default: alice, bob, carol and dave, each with the password `secret`. An id without a domain is of this one. */
  readonly users?: readonly { readonly id: string; readonly password: string }[];
  /** The longest KeepAliveTime that is granted, and the one when none is asked for. Default 1800. */
  readonly keepAliveMaxSeconds?: number;
  /** How long a NewMessage waits for MessageDelivered before it is sent again. Default 60. */
  readonly redeliverAfterSeconds?: number;
  /** The Result code of a four-way challenge. Default 401. */
  readonly challengeCode?: 200 | 401;
  /** What clients are told to wait between polls. Default 2. */
  readonly serverPollMinSeconds?: number;
  /** Whether `listen` serves CIR too, at this port, or at a free one for 0. Default: clients poll. */
  readonly cirPort?: number;
  /** One line a message: primitives, version, encoding and codes; no users and no contents. */
  readonly log?: (line: string) => void;
  /** Every request as it arrived, before anything is read of it. */
  readonly onRequest?: (body: Uint8Array, contentType: string) => void;
}

export interface SandboxRequest {
  readonly contentType: string;
  readonly body: Uint8Array;
}

export interface SandboxReply {
  readonly statusCode: number;
  readonly contentType: string;
  /** Empty when there is nothing to say. */
  readonly body: Uint8Array;
}

export interface Sandbox {
  /** Answers one POST without a network. */
  handle(request: SandboxRequest): Promise<SandboxReply>;
  /** Listens; port 0 takes a free one. Rejects with the error of the operating system. */
  listen(host: string, port: number): Promise<{ readonly url: string }>;
  /** Stops listening and closes what is open. */
  close(): Promise<void>;
}

const DEFAULT_USERS = ['alice', 'bob', 'carol', 'dave'].map((id) => ({ id, password: 'secret' }));
const EMPTY = new Uint8Array(0);

export function createSandbox(options: SandboxOptions = {}): Sandbox {
  const state = new SandboxState(
    {
      domain: (options.domain ?? 'sandbox').toLowerCase(),
      keepAliveMaxSeconds: options.keepAliveMaxSeconds ?? 1800,
      redeliverAfterMillis: (options.redeliverAfterSeconds ?? 60) * 1000,
      challengeCode: options.challengeCode ?? 401,
      serverPollMinSeconds: options.serverPollMinSeconds ?? 2,
    },
    options.clock ?? { wall: () => Date.now() },
  );
  for (const { id, password } of options.users ?? DEFAULT_USERS) state.addUser(id, password);
  const log = options.log ?? (() => undefined);

  function handle({ contentType, body }: SandboxRequest): SandboxReply {
    options.onRequest?.(body, contentType);
    const encoding = encodingOfContentType(contentType);
    if (encoding === undefined) return plain(415, 'The Content-Type is none of CSP.');
    let message: CspMessage;
    try {
      message = decodeMessage(body, encoding);
    } catch (error) {
      if (!(error instanceof CspError)) throw error;
      log(`400 ${error.code}`);
      return plain(400, `${error.code}: ${error.message}`);
    }
    const answer = answerMessage(state, message);
    log(`${message.version} ${encoding} ${namesOf(message)} -> ${answer === undefined ? 'nothing' : namesOf(answer)}`);
    return { statusCode: 200, contentType, body: answer === undefined ? EMPTY : encodeMessage(answer, encoding) };
  }

  let server: Server | undefined;
  let caller: ReturnType<typeof stcpServer> | undefined;
  return {
    handle: async (request) => handle(request),
    listen: async (host, port) => {
      const listening = createServer((request, response) => serve(request, response, state, handle));
      await listenOn(listening, port, host);
      server = listening;
      const { port: taken } = listening.address() as AddressInfo;
      const url = `http://${host.includes(':') ? `[${host}]` : host}:${taken}/`;
      if (options.cirPort !== undefined) {
        caller = stcpServer(state);
        await listenOn(caller.server, options.cirPort, host);
        const { port: cirPort } = caller.server.address() as AddressInfo;
        state.cir = { tcp: { host, port: cirPort }, url: `${url}cir/` };
      }
      return { url };
    },
    close: async () => {
      const closing = server;
      server = undefined;
      caller?.close();
      if (closing === undefined) return;
      await new Promise<void>((resolve) => {
        closing.close(() => resolve());
        closing.closeAllConnections();
      });
    },
  };
}

function namesOf({ transactions }: CspMessage): string {
  return transactions
    .map(({ primitive }) => {
      const code = resultCode(primitive);
      return code === undefined ? primitive.name : `${primitive.name} ${code}`;
    })
    .join(', ');
}

function plain(statusCode: number, text: string): SandboxReply {
  return { statusCode, contentType: 'text/plain; charset=utf-8', body: Buffer.from(`${text}\n`) };
}

function listenOn(server: NetServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

function serve(
  request: IncomingMessage,
  response: ServerResponse,
  state: SandboxState,
  handle: (request: SandboxRequest) => SandboxReply,
): void {
  const [, secret] = /^\/cir\/([A-Za-z0-9_-]+)$/.exec(request.url ?? '') ?? [];
  if (request.method === 'GET' && secret !== undefined) {
    const waits = waitsAt(state, secret);
    response.writeHead(waits === undefined ? 404 : waits ? 200 : 204).end();
    return;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= DEFAULT_LIMITS.bodyBytes) chunks.push(chunk);
  });
  // A client that goes away in the middle of its request is owed nothing.
  request.on('error', () => response.destroy());
  request.on('end', () => reply(response, replyTo(request, bytes, chunks, handle)));
}

function replyTo(
  request: IncomingMessage,
  bytes: number,
  chunks: readonly Buffer[],
  handle: (request: SandboxRequest) => SandboxReply,
): SandboxReply {
  if (request.method !== 'POST') return plain(405, 'CSP messages are POSTed.');
  if (bytes > DEFAULT_LIMITS.bodyBytes) return plain(413, `A message has at most ${DEFAULT_LIMITS.bodyBytes} bytes.`);
  try {
    return handle({ contentType: request.headers['content-type'] ?? '', body: Buffer.concat(chunks) });
  } catch {
    return plain(500, 'The sandbox failed on this message.');
  }
}

function reply(response: ServerResponse, { statusCode, contentType, body }: SandboxReply): void {
  response.writeHead(statusCode, { 'Content-Type': contentType, 'Content-Length': body.length });
  response.end(body);
}
