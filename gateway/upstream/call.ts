/**
 * One request to a VASP from being handed over to its answer: within its time, settled exactly once. A call that was
 * given up before it was sent is never sent, and none is sent twice.
 */
import type { UpstreamFailure, UpstreamResult } from '../ports.ts';
import type { Traveller } from './connections.ts';
import type { Timed } from './deadlines.ts';
import type { AnswerReader } from './http1/answer-reader.ts';
import type { Connection } from './http1/connection.ts';
import type { WireRequest } from './http1/request.ts';

/** What a call tells its VASP's pool when it is over. */
export interface CallOwner {
  callIsOver(call: UpstreamCall): void;
}

export class UpstreamCall implements Traveller, Timed {
  connection: Connection | undefined = undefined;
  endsAt = 0;
  older: Timed | undefined = undefined;
  newer: Timed | undefined = undefined;
  /** Monotonic milliseconds at the start, for the measurement. */
  startedAt = 0;
  /** Set when it ended without an answer. */
  failure: UpstreamFailure | undefined = undefined;

  readonly #owner: CallOwner;
  readonly #request: WireRequest;
  readonly #resolve: (result: UpstreamResult) => void;
  #isSent = false;
  #isOver = false;

  constructor(owner: CallOwner, request: WireRequest, resolve: (result: UpstreamResult) => void) {
    this.#owner = owner;
    this.#request = request;
    this.#resolve = resolve;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  wire(): WireRequest {
    return this.#request;
  }

  sending(): void {
    this.#isSent = true;
  }

  timeIsOver(): void {
    const { connection } = this;
    this.failed(this.#isSent ? 'timeout' : 'unreachable');
    connection?.drop();
  }

  answered(answer: AnswerReader): void {
    const { head, body } = answer;
    if (this.#isOver || head === undefined) return;
    this.#settle({
      kind: 'answer',
      statusCode: head.statusCode,
      contentType: head.contentType,
      headers: head.headers,
      body,
    });
  }

  failed(failure: UpstreamFailure): void {
    if (this.#isOver) return;
    this.failure = failure;
    this.#settle({ kind: 'failed', failure });
  }

  #settle(result: UpstreamResult): void {
    this.#isOver = true;
    this.connection = undefined;
    this.#owner.callIsOver(this);
    this.#resolve(result);
  }
}
