/**
 * One request to a VASP as undici's dispatcher sees it: collects the answer into one buffer, within its size and time,
 * and settles exactly once. It is written against the dispatcher's plain callbacks, which carry headers as bytes and need
 * no wrapper per request. A call that was given up before it was sent is never sent, and none is sent twice.
 */
import type { Client } from 'undici';
import { forwardedReplyHeaders, HeaderClass, headerClassOf, viaOf } from '../http/headers.ts';
import type { UpstreamFailure, UpstreamResult } from '../ports.ts';
import type { Passenger } from './connections.ts';
import type { Timed } from './deadlines.ts';

const EMPTY = Buffer.alloc(0);
const VIA = viaOf('1.1');

/** What a call tells its VASP's pool when it is over. */
export interface CallOwner {
  callIsOver(call: UpstreamCall): void;
  /** undici has said its last word about the call, which may have been over long before. */
  connectionIsFree(call: UpstreamCall): void;
}

export class UpstreamCall implements Passenger, Timed {
  connection: Client | undefined = undefined;
  endsAt = 0;
  older: Timed | undefined = undefined;
  newer: Timed | undefined = undefined;
  /** Monotonic milliseconds at the start, for the measurement. */
  startedAt = 0;
  /** Set when it ended without an answer. */
  failure: UpstreamFailure | undefined = undefined;

  readonly #owner: CallOwner;
  readonly #maxAnswerBytes: number;
  readonly #resolve: (result: UpstreamResult) => void;
  #abort: (() => void) | undefined = undefined;
  #isSettled = false;
  #statusCode = 0;
  #headers: string[] = [];
  #contentType = '';
  #first: Buffer | undefined = undefined;
  #more: Buffer[] | undefined = undefined;
  #length = 0;

  constructor(owner: CallOwner, maxAnswerBytes: number, resolve: (result: UpstreamResult) => void) {
    this.#owner = owner;
    this.#maxAnswerBytes = maxAnswerBytes;
    this.#resolve = resolve;
  }

  get isOver(): boolean {
    return this.#isSettled;
  }

  timeIsOver(): void {
    this.#fail(this.#abort === undefined ? 'unreachable' : 'timeout');
  }

  /** The request is about to be written. Throwing keeps it from being written and leaves the connection alone. */
  onConnect(abort: () => void): void {
    if (this.#isSettled || this.#abort !== undefined) throw new Error('the call is over');
    this.#abort = abort;
  }

  onHeaders(statusCode: number, rawHeaders: Buffer[]): boolean {
    if (statusCode < 200) return true;
    this.#statusCode = statusCode;
    const received: string[] = [];
    for (const bytes of rawHeaders) received.push(bytes.toString('latin1'));
    for (let index = 0; index + 1 < received.length; index += 2) {
      const headerClass = headerClassOf(received[index] ?? '');
      if (headerClass === HeaderClass.contentType) {
        this.#contentType = received[index + 1] ?? '';
      } else if (headerClass === HeaderClass.contentLength && Number(received[index + 1]) > this.#maxAnswerBytes) {
        this.#fail('too-large');
        return true;
      }
    }
    this.#headers = forwardedReplyHeaders(received, VIA);
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.#length += chunk.length;
    if (this.#length > this.#maxAnswerBytes) {
      this.#fail('too-large');
    } else if (this.#first === undefined) {
      this.#first = chunk;
    } else {
      this.#more ??= [this.#first];
      this.#more.push(chunk);
    }
    return true;
  }

  onComplete(): void {
    this.#owner.connectionIsFree(this);
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#owner.callIsOver(this);
    const body = this.#more === undefined ? (this.#first ?? EMPTY) : Buffer.concat(this.#more, this.#length);
    this.#resolve({
      kind: 'answer',
      statusCode: this.#statusCode,
      contentType: this.#contentType,
      headers: this.#headers,
      body,
    });
  }

  onError(): void {
    this.#owner.connectionIsFree(this);
    this.#fail(this.#abort === undefined ? 'unreachable' : 'broken');
  }

  #fail(failure: UpstreamFailure): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.failure = failure;
    this.#owner.callIsOver(this);
    this.#resolve({ kind: 'failed', failure });
    this.#abort?.();
  }
}
