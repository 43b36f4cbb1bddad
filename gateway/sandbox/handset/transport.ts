/**
 * How the handset's bytes travel: one POST a message over kept-alive connections. A failure of the network is a
 * {@link HandsetError} with a stable code; every HTTP answer is handed on as it came.
 */
import { Agent, request as httpRequest } from 'undici';
import { errorCode } from '../../error-code.ts';

export interface TransportReply {
  readonly statusCode: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** Sends one message and answers with the HTTP response. */
export interface Transport {
  post(message: { readonly contentType: string; readonly body: Uint8Array }): Promise<TransportReply>;
  close(): Promise<void>;
}

export type HandsetErrorCode =
  /** Nobody listens there. */
  | 'UNREACHABLE'
  /** No answer in time. */
  | 'TIMEOUT'
  /** The connection broke, or what came back is no HTTP. */
  | 'BROKEN'
  /** An HTTP status that is not 200. */
  | 'HTTP_STATUS'
  /** 200, but no CSP message, or none that answers the request. */
  | 'NOT_AN_ANSWER'
  /** A call that needs a session, without one. */
  | 'NOT_LOGGED_IN';

export class HandsetError extends Error {
  readonly code: HandsetErrorCode;

  constructor(code: HandsetErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HandsetError';
    this.code = code;
  }
}

const ANSWER_WITHIN_MILLIS = 45_000;
const CONNECT_WITHIN_MILLIS = 5_000;

/** POSTs to `url`. `language` goes into Accept-Language. @throws {TypeError} when `url` is none. */
export function httpTransport(url: string, language?: string): Transport {
  const target = new URL(url);
  const agent = new Agent({
    connections: 1,
    connect: { timeout: CONNECT_WITHIN_MILLIS },
    headersTimeout: ANSWER_WITHIN_MILLIS,
    bodyTimeout: ANSWER_WITHIN_MILLIS,
  });
  return {
    async post({ contentType, body }) {
      try {
        const response = await httpRequest(target, {
          method: 'POST',
          dispatcher: agent,
          headers: {
            'Content-Type': contentType,
            ...(language === undefined ? {} : { 'Accept-Language': language }),
          },
          body: Buffer.from(body),
        });
        const received = await response.body.arrayBuffer();
        return {
          statusCode: response.statusCode,
          contentType: String(response.headers['content-type'] ?? ''),
          body: new Uint8Array(received),
        };
      } catch (error) {
        throw networkError(error, target);
      }
    },
    close: () => agent.close(),
  };
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const TIMED_OUT: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

function networkError(error: unknown, { origin }: URL): HandsetError {
  const code = errorCode(error);
  if (UNREACHABLE.has(code)) return new HandsetError('UNREACHABLE', `nobody answers at ${origin}`, { cause: error });
  if (TIMED_OUT.has(code)) {
    return new HandsetError('TIMEOUT', `${origin} gave no answer in ${ANSWER_WITHIN_MILLIS / 1000} s`, {
      cause: error,
    });
  }
  return new HandsetError('BROKEN', `the connection to ${origin} broke`, { cause: error });
}
