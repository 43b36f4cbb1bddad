/**
 * How much one client, one connection and one request may ask of the HTTP edge, and for how long [reliability §1, §6].
 * Sizes are bytes, times milliseconds.
 */

export interface HttpLimits {
  /** One request's body. */
  readonly bodyBytes: number;
  /** A request line and its headers together. */
  readonly headerBytes: number;
  /** Header lines in one request. */
  readonly headers: number;
  /** Open client connections; further ones are closed at once. */
  readonly connections: number;
  readonly requestsPerConnection: number;
  /** Requests of one connection that wait for their answers at the same time. */
  readonly pipelinedRequests: number;
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMillis: number;
  /** From the first byte of a request to the end of its body. */
  readonly requestTimeoutMillis: number;
  /** How long a connection may wait for its next request. */
  readonly keepAliveTimeoutMillis: number;
  /** No byte in either direction while an answer is awaited or read: longer than any VASP's time-out. */
  readonly idleTimeoutMillis: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  bodyBytes: 512 * 1024,
  headerBytes: 16 * 1024,
  headers: 64,
  connections: 20_000,
  requestsPerConnection: 100_000,
  pipelinedRequests: 16,
  headersTimeoutMillis: 10_000,
  requestTimeoutMillis: 30_000,
  keepAliveTimeoutMillis: 75_000,
  idleTimeoutMillis: 60_000,
};

/** How often Node looks for requests that take too long: headers and request time-outs act at most this much late. */
export const TIMEOUT_CHECK_MILLIS = 1_000;
