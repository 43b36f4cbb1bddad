/**
 * A request to a VASP as bytes: the framing is made here alone, everything else goes out as it was spelled [X3]. What
 * could break a line, or become something else as a byte, is not written at all.
 */
import { HeaderClass, headerClassOf } from '../../http/headers.ts';

/** Node writes texts up to this size out of the stack: neither a buffer nor its garbage for a common message. */
const ONE_TEXT_BYTES = 16 * 1024;

const VALUE = /^[\t -~\x80-\xff]*$/;
const TARGET = /^[!-~]+$/;

/** A request as it goes out: its head, one character a byte, and its body. */
export interface WireRequest {
  readonly head: string;
  readonly body: Uint8Array;
}

/**
 * The head of a POST.
 * @param headers name and value in turn; those that belong to one connection, or frame the message, are left out.
 * @throws {TypeError} for a target or value that does not fit into one line of text.
 */
export function requestHead(
  target: string,
  host: string,
  contentType: string,
  headers: readonly string[],
  bodyBytes: number,
): string {
  let head = `POST ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: keep-alive\r\n`;
  if (contentType !== '') head += `Content-Type: ${contentType}\r\n`;
  let isText = TARGET.test(target) && VALUE.test(contentType);
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const headerClass = headerClassOf(name);
    if (headerClass !== HeaderClass.endToEnd && headerClass !== HeaderClass.oddlyNamed) continue;
    const value = headers[index + 1] ?? '';
    isText &&= VALUE.test(value);
    head += `${name}: ${value}\r\n`;
  }
  if (!isText) throw new TypeError('the target or a header of a request to a VASP is not one line of text');
  return `${head}Content-Length: ${bodyBytes}\r\n\r\n`;
}

/** The whole request as one text, one character a byte; undefined when it is too long for the socket's quick way. */
export function inOneText({ head, body }: WireRequest): string | undefined {
  if (head.length + body.length > ONE_TEXT_BYTES) return undefined;
  return head + Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1');
}
