/**
 * The quick way of a small answer to a client whose turn it is and whose connection stays: head and body in one write,
 * past `ServerResponse`, which costs as much as everything else that is done on the client's side. Node hears of the
 * answer by the response's `finish`, as after its own; where it does not take that, the quick way is left for good.
 */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { HeaderClass, headerClassOf } from './headers.ts';

export interface WholeAnswer {
  readonly statusCode: number;
  /** Name and value in turn; what frames the message or belongs to one connection is left out. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/** What Node tells clients of a connection that stays. */
export interface KeepAlive {
  readonly keepAliveTimeoutMillis: number;
  readonly requestsPerConnection: number;
}

/** Node writes texts up to 16 KB out of the stack: this leaves room for the head. */
const MOST_BODY_BYTES = 12 * 1024;

const VALUE = /^[\t -~\x80-\xff]*$/;

/** Whether Node ends an exchange when its response says `finish`. */
let isTakenByNode = true;

/**
 * Sends the answer, if that can be done the quick way; false when nothing was done. To be asked only for requests in
 * HTTP/1.1 with a method whose answers have bodies.
 */
export function answerAtOnce(response: ServerResponse, answer: WholeAnswer, keepAlive: KeepAlive): boolean {
  const { socket } = response;
  if (!isTakenByNode || socket === null || !socket.writable || socket.writableLength > 0) return false;
  if (!response.shouldKeepAlive || response.headersSent || answer.body.length > MOST_BODY_BYTES) return false;
  const head = headOf(answer, keepAlive);
  if (head === undefined) return false;
  socket.write(head + latin1Of(answer.body), 'latin1');
  if (socket.writableLength === 0) finish(response, socket);
  // The rest, or all of it in TLS, is still on its way out.
  else socket.write('', () => finish(response, socket));
  return true;
}

function finish(response: ServerResponse, socket: Socket): void {
  response.emit('finish');
  if (response.socket !== socket) return;
  isTakenByNode = false;
  socket.destroySoon();
}

/** Undefined when a part of it cannot be written: Node has words for that. */
function headOf({ statusCode, headers, body }: WholeAnswer, keepAlive: KeepAlive): string | undefined {
  const reason = STATUS_CODES[statusCode];
  if (reason === undefined || statusCode < 200 || statusCode === 204 || statusCode === 304) return undefined;
  let head = `HTTP/1.1 ${statusCode} ${reason}\r\n`;
  let hasDate = false;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    switch (headerClassOf(name)) {
      case HeaderClass.invalid:
        return undefined;
      case HeaderClass.endToEnd:
      case HeaderClass.contentType:
      case HeaderClass.oddlyNamed: {
        const value = headers[index + 1] ?? '';
        if (!VALUE.test(value)) return undefined;
        hasDate ||= name.length === 4 && name.toLowerCase() === 'date';
        head += `${name}: ${value}\r\n`;
      }
    }
  }
  if (!hasDate) head += `Date: ${dateNow()}\r\n`;
  const seconds = Math.floor(keepAlive.keepAliveTimeoutMillis / 1000);
  return (
    `${head}Content-Length: ${body.length}\r\nConnection: keep-alive\r\n` +
    `Keep-Alive: timeout=${seconds}, max=${keepAlive.requestsPerConnection}\r\n\r\n`
  );
}

let dateSecond = 0;
let dateText = '';

function dateNow(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(now).toUTCString();
  }
  return dateText;
}

/** One character a byte. */
function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
