/**
 * The connections to one VASP: at most so many, one request at a time on each, the one used last taken first; who finds
 * none free waits in line. In the place of undici's Pool, which pays for every request with an event and several turns of
 * the event loop.
 */
import { Client, type Dispatcher } from 'undici';

/** Shorter than the 5 s after which common servers close: a request must not meet a connection that is being closed. */
const KEEP_ALIVE_MILLIS = 4_000;
const KEEP_ALIVE_MAX_MILLIS = 60_000;
const MAX_HEADER_BYTES = 32 * 1024;

/** A request and who hears of its answer; the connection is lent to it until it is given back. */
export interface Passenger extends Dispatcher.DispatchHandler {
  /** Nobody waits for it any more: it needs no connection. */
  readonly isOver: boolean;
  connection: Client | undefined;
}

interface Waiting {
  readonly request: Dispatcher.DispatchOptions;
  readonly passenger: Passenger;
}

export class Connections {
  readonly #origin: string;
  readonly #limit: number;
  readonly #options: Client.Options;
  readonly #all: Client[] = [];
  readonly #free: Client[] = [];
  readonly #waiting: Waiting[] = [];

  constructor(origin: string, limit: number, connectTimeoutMillis: number) {
    this.#origin = origin;
    this.#limit = limit;
    this.#options = {
      pipelining: 1,
      allowH2: false,
      connectTimeout: connectTimeoutMillis,
      // Time limits are kept by the deadlines: undici's own timers act up to a second late.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MILLIS,
      keepAliveMaxTimeout: KEEP_ALIVE_MAX_MILLIS,
      maxHeaderSize: MAX_HEADER_BYTES,
      strictContentLength: true,
    };
  }

  /** Sends the request on a free connection, or as soon as there is one. */
  send(request: Dispatcher.DispatchOptions, passenger: Passenger): void {
    const free = this.#free.pop() ?? this.#open();
    if (free !== undefined) {
      lend(free, request, passenger);
      return;
    }
    // All wait equally long, so the oldest are given up first: the line holds no more than are waiting.
    while (this.#waiting[0]?.passenger.isOver === true) this.#waiting.shift();
    this.#waiting.push({ request, passenger });
  }

  /** To be called when undici has said the last word about a passenger. */
  giveBack(passenger: Passenger): void {
    const { connection } = passenger;
    if (connection === undefined) return;
    passenger.connection = undefined;
    // undici has not finished with the one before: the next one gets on when it has.
    if (this.#waiting.length > 0) setImmediate(() => this.#pass(connection));
    else this.#free.push(connection);
  }

  #pass(connection: Client): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (next.passenger.isOver) continue;
      lend(connection, next.request, next.passenger);
      return;
    }
    this.#free.push(connection);
  }

  #open(): Client | undefined {
    if (this.#all.length >= this.#limit) return undefined;
    const connection = new Client(this.#origin, this.#options);
    this.#all.push(connection);
    return connection;
  }

  /** Closes every connection when what runs on it is over. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((connection) => connection.close()));
  }
}

function lend(connection: Client, request: Dispatcher.DispatchOptions, passenger: Passenger): void {
  passenger.connection = connection;
  connection.dispatch(request, passenger);
}
