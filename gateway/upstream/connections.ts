/**
 * The connections to one VASP: at most so many, one request at a time on each, the one used last taken first; who finds
 * none free waits in line. After an answer a connection rests until the event loop has looked for bytes once more:
 * what came right behind the answer ends it, and is not taken for the answer to the next request.
 */
import { Connection, type ConnectionOwner, type Endpoint, type Passenger } from './http1/connection.ts';

/** Shorter than the 5 s after which common servers close: a request must not meet a connection that is being closed. */
const IDLE_MILLIS = 4_000;
/** However long a VASP says that it waits. */
const LONGEST_IDLE_MILLIS = 60_000;
/** So much earlier than the VASP says that it closes. */
const SAFETY_MILLIS = 1_000;
const SWEEP_MILLIS = 1_000;

/** A request that may have to wait for a connection. */
export interface Traveller extends Passenger {
  /** Nobody waits for it any more: it needs no connection. */
  readonly isOver: boolean;
  /** The connection that carries it. */
  connection: Connection | undefined;
}

export class Connections implements ConnectionOwner {
  readonly #endpoint: Endpoint;
  readonly #limit: number;
  readonly #maxAnswerBytes: number;
  readonly #now: () => number;
  readonly #all = new Set<Connection>();
  readonly #waiting: Traveller[] = [];
  #free: Connection[] = [];
  /** Answered since the event loop looked for bytes the last time. */
  #answered: Connection[] = [];
  /** Answered before that. */
  #resting: Connection[] = [];
  #isTurning = false;
  #sweep: NodeJS.Timeout | undefined;

  /** @param now the monotonic clock, in milliseconds. */
  constructor(endpoint: Endpoint, limit: number, maxAnswerBytes: number, now: () => number) {
    this.#endpoint = endpoint;
    this.#limit = limit;
    this.#maxAnswerBytes = maxAnswerBytes;
    this.#now = now;
  }

  /** Sends the request on a free connection, or as soon as there is one. */
  send(traveller: Traveller): void {
    const connection = this.#takeFree() ?? this.#open();
    if (connection !== undefined) {
      lend(connection, traveller);
      return;
    }
    // All wait equally long, so the oldest are given up first: the line holds no more than are waiting.
    while (this.#waiting[0]?.isOver === true) this.#waiting.shift();
    this.#waiting.push(traveller);
  }

  isFree(connection: Connection, keepAliveSeconds: number | undefined): void {
    const idleMillis =
      keepAliveSeconds === undefined
        ? IDLE_MILLIS
        : Math.min(LONGEST_IDLE_MILLIS, keepAliveSeconds * 1000 - SAFETY_MILLIS);
    if (idleMillis <= 0) {
      connection.drop();
      return;
    }
    connection.usableUntil = this.#now() + idleMillis;
    this.#answered.push(connection);
    if (!this.#isTurning) this.#turn();
  }

  isGone(connection: Connection): void {
    this.#all.delete(connection);
    const next = this.#nextWaiting();
    if (next === undefined) return;
    const opened = this.#open();
    if (opened === undefined) this.#waiting.unshift(next);
    else lend(opened, next);
  }

  /** Closes every connection. */
  close(): void {
    clearTimeout(this.#sweep);
    this.#sweep = undefined;
    for (const connection of [...this.#all]) connection.drop();
    this.#free = [];
  }

  #turn(): void {
    this.#isTurning = true;
    setImmediate(() => {
      const rested = this.#resting;
      this.#resting = this.#answered;
      this.#answered = rested;
      for (const connection of rested) this.#isRested(connection);
      rested.length = 0;
      this.#isTurning = false;
      if (this.#resting.length > 0 || this.#answered.length > 0) this.#turn();
    });
  }

  #isRested(connection: Connection): void {
    if (!connection.isUsable) return;
    const next = this.#nextWaiting();
    if (next !== undefined) {
      lend(connection, next);
      return;
    }
    this.#free.push(connection);
    if (this.#sweep === undefined) this.#sweepLater();
  }

  #takeFree(): Connection | undefined {
    for (let connection = this.#free.pop(); connection !== undefined; connection = this.#free.pop()) {
      if (!connection.isUsable) continue;
      if (connection.usableUntil > this.#now()) return connection;
      connection.drop();
    }
    return undefined;
  }

  #nextWaiting(): Traveller | undefined {
    let next = this.#waiting.shift();
    while (next?.isOver === true) next = this.#waiting.shift();
    return next;
  }

  #open(): Connection | undefined {
    if (this.#all.size >= this.#limit) return undefined;
    const connection = new Connection(this.#endpoint, this, this.#maxAnswerBytes);
    this.#all.add(connection);
    return connection;
  }

  /** Closes what would have to be closed before the next look. */
  #sweepLater(): void {
    this.#sweep = setTimeout(() => {
      this.#sweep = undefined;
      const until = this.#now() + SWEEP_MILLIS;
      const kept: Connection[] = [];
      for (const connection of this.#free) {
        if (connection.isUsable && connection.usableUntil > until) kept.push(connection);
        else connection.drop();
      }
      this.#free = kept;
      if (kept.length > 0) this.#sweepLater();
    }, SWEEP_MILLIS);
    this.#sweep.unref();
  }
}

function lend(connection: Connection, traveller: Traveller): void {
  traveller.connection = connection;
  connection.carry(traveller);
}
