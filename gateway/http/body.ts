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

/** What Node calls when an answer is out and nobody has read the body: it reads the rest away. Not in its types. */
const NODE: { _dump?(this: IncomingMessage): void } = IncomingMessage.prototype as object;

/**
 * A client's request that can collect its own body, as Node's parser hands it over: past the stream's buffer and its
 * events, which cost as much as reading the body itself. Whoever does not collect it reads the stream as usual.
 */
export class ClientMessage extends IncomingMessage {
  #taker: BodyTaker | undefined;
  #isTaken = false;
  #limitBytes = 0;
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  #length = 0;

  /** Starts reading; `taker` hears exactly once, if the request does not break off. */
  collectBody(limitBytes: number, taker: BodyTaker): void {
    this.#taker = taker;
    this.#limitBytes = limitBytes;
  }

  /** What the parser has read: a piece of the body, or null at its end. */
  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (this.#taker === undefined) return super.push(chunk, encoding);
    if (chunk instanceof Uint8Array) this.#addChunk(this.#taker, chunk as Buffer);
    else this.#finishBody(this.#taker);
    return true;
  }

  _dump(): void {
    if (!this.#isTaken) NODE._dump?.call(this);
  }

  #addChunk(taker: BodyTaker, chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > this.#limitBytes) {
      this.#forget();
      taker.bodyTooLarge(this);
    } else if (this.#first === undefined) {
      this.#first = chunk;
    } else {
      this.#more ??= [this.#first];
      this.#more.push(chunk);
    }
  }

  #finishBody(taker: BodyTaker): void {
    const body = this.#more === undefined ? (this.#first ?? EMPTY) : Buffer.concat(this.#more, this.#length);
    this.#forget();
    this.#isTaken = true;
    taker.bodyComplete(this, body);
  }

  #forget(): void {
    this.#taker = undefined;
    this.#first = undefined;
    this.#more = undefined;
  }
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
