/**
 * One POST to a server of the operator's, and what its answer is worth. Redirections are not followed, and nobody is waited
 * for longer than the time-out; nothing of what was sent is in what comes back.
 */
import { Agent, request } from 'undici';
import { errorCode } from '../error-code.ts';

export type PostOutcome =
  | { readonly kind: 'answered'; readonly status: number }
  /** `timeout`, `lost`, `no-http`, or a code of the system such as `ECONNREFUSED`. `mayHaveArrived`: the other side was there. */
  | { readonly kind: 'failed'; readonly code: string; readonly mayHaveArrived: boolean };

export interface Posts {
  /** Never rejects. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<PostOutcome>;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

export const TIMEOUT_MILLIS = 5_000;
/** To one server. */
const CONNECTIONS = 16;
/** Of an answer's body, which says nothing that anybody reads; more of it closes the connection. */
const ANSWER_BYTES = 16_384;
/** Answers below 500 that say nothing about the message itself: too slow, too early, too many. */
const TRY_AGAIN: ReadonlySet<number> = new Set([408, 425, 429]);
const TIMEOUTS: ReadonlySet<string> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);

/** The connection ended before an answer came. */
const LOST: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
/** Nobody was reached to say it to. */
const NOT_REACHED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether a status says that another try may end otherwise. */
export const isPassing = (status: number): boolean => status >= 500 || TRY_AGAIN.has(status);

/** @param timeoutMillis for a whole call */
export function openPosts(timeoutMillis: number): Posts {
  const agent = new Agent({
    connections: CONNECTIONS,
    pipelining: 1,
    connect: { timeout: timeoutMillis },
    headersTimeout: timeoutMillis,
    bodyTimeout: timeoutMillis,
  });
  return {
    async post(url, headers, body) {
      const signal = AbortSignal.timeout(timeoutMillis);
      try {
        const answer = await request(url, {
          dispatcher: agent,
          method: 'POST',
          headers: { 'user-agent': 'sapgw', ...headers },
          body,
          signal,
        });
        // The status is all that counts: what comes behind it may be broken.
        void answer.body.dump({ limit: ANSWER_BYTES }).catch(() => undefined);
        return { kind: 'answered', status: answer.statusCode };
      } catch (error) {
        const code = signal.aborted ? 'timeout' : codeOf(error);
        return { kind: 'failed', code, mayHaveArrived: !NOT_REACHED.has(errorCode(error)) };
      }
    },
    close: () => agent.destroy(),
  };
}

/** Errors of the library's reader carry none of their own: what arrived is not HTTP. */
function codeOf(error: unknown): string {
  const code = errorCode(error);
  if (TIMEOUTS.has(code)) return 'timeout';
  if (LOST.has(code)) return 'lost';
  return code === 'UNKNOWN' ? 'no-http' : code;
}
