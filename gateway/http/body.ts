/**
 * Reads a request's body into one buffer, never more than the limit: an announced length over it is refused before the
 * first byte, a chunked body the moment that it grows over it. After a refusal a little more is read and thrown away, so
 * that a client that is still sending gets to read the answer.
 */
import { IncomingMessage, type ServerResponse } from 'node:http';
import { textHeaders } from './answers.ts';

const EMPTY = Buffer.alloc(0);

/** Takes a body when its last byte is there, or hears that it is too large. A request that breaks off is never heard of. */
export interface BodyTaker {
  bodyComplete(request: ClientMessage, body: Buffer): void;
  bodyTooLarge(request: ClientMessage): void;
}

/** A client's request that can collect its own body: the state lives here, so that reading makes no closures. */
export class ClientMessage extends IncomingMessage {
  #taker: BodyTaker | undefined;
  #limitBytes = 0;
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  #length = 0;

  /** Starts reading; `taker` hears exactly once, if the request does not break off. */
  collectBody(limitBytes: number, taker: BodyTaker): void {
    this.#taker = taker;
    this.#limitBytes = limitBytes;
    this.on('data', onData);
    this.on('end', onEnd);
  }

  /** @internal */
  addChunk(chunk: Buffer): void {
    if (this.#taker === undefined) return;
    this.#length += chunk.length;
    if (this.#length > this.#limitBytes) {
      const taker = this.#taker;
      this.#forget();
      taker.bodyTooLarge(this);
    } else if (this.#first === undefined) {
      this.#first = chunk;
    } else {
      this.#more ??= [this.#first];
      this.#more.push(chunk);
    }
  }

  /** @internal */
  finishBody(): void {
    const taker = this.#taker;
    if (taker === undefined) return;
    const body = this.#more === undefined ? (this.#first ?? EMPTY) : Buffer.concat(this.#more, this.#length);
    this.#forget();
    taker.bodyComplete(this, body);
  }

  #forget(): void {
    this.#taker = undefined;
    this.#first = undefined;
    this.#more = undefined;
  }
}

function onData(this: ClientMessage, chunk: Buffer): void {
  this.addChunk(chunk);
}

function onEnd(this: ClientMessage): void {
  this.finishBody();
}

/**
 * Answers 413 at once and closes the connection when the client has stopped sending, or after `lingerBytes` more: closing
 * earlier would reset the connection and take the answer away from the client.
 */
export function refuseTooLarge(
  request: ClientMessage,
  response: ServerResponse,
  limitBytes: number,
  lingerBytes: number,
): void {
  const text = Buffer.from(`The body is too large; at most ${limitBytes} bytes are allowed.\n`);
  response.writeHead(413, textHeaders(413, text.length, true));
  response.write(text);
  let lingered = 0;
  request.on('data', (chunk: Buffer) => {
    lingered += chunk.length;
    if (lingered > lingerBytes) request.socket.destroy();
  });
  request.on('end', () => response.end());
}
