/**
 * The plain answers that the edge gives by itself: one line of text that says what is wrong and what would be right,
 * always with its length [X1]. Refusals close the connection: whoever was refused may disagree with us about where the
 * next request begins.
 */
import { type ServerResponse, STATUS_CODES } from 'node:http';

const TEXT_TYPE = 'text/plain; charset=utf-8';

/** Answers with one line of text. `close` ends the connection after it. */
export function answerText(response: ServerResponse, statusCode: number, text: string, close: boolean): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(`${text}\n`);
  response.writeHead(statusCode, textHeaders(statusCode, body.length, close));
  response.end(body);
}

/** The headers of a text answer, flat. */
export function textHeaders(statusCode: number, length: number, close: boolean): string[] {
  const headers = ['Content-Type', TEXT_TYPE, 'Content-Length', String(length)];
  if (statusCode === 405) headers.push('Allow', 'POST');
  if (close) headers.push('Connection', 'close');
  return headers;
}

/** A whole answer as bytes, for a connection on which the parser has given up. */
export function rawTextAnswer(statusCode: number, text: string): string {
  const body = `${text}\n`;
  const headers = textHeaders(statusCode, Buffer.byteLength(body), true);
  let head = `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? 'Error'}\r\n`;
  for (let index = 0; index < headers.length; index += 2) head += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return `${head}\r\n${body}`;
}

export interface ParserRefusal {
  readonly statusCode: number;
  readonly reason: 'timeout' | 'header-size' | 'chunk-extensions' | 'http-version' | 'method' | 'malformed';
  readonly text: string;
}

/** What to answer when Node's parser refused a request; undefined when the connection simply ended. */
export function refusalOfParserError(code: string | undefined): ParserRefusal | undefined {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { statusCode: 408, reason: 'timeout', text: 'The request took too long; send it whole, at once.' };
    case 'HPE_HEADER_OVERFLOW':
      return { statusCode: 431, reason: 'header-size', text: 'The headers are too large; send fewer or shorter ones.' };
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { statusCode: 413, reason: 'chunk-extensions', text: 'The chunk extensions are too large; send none.' };
    case 'HPE_PAUSED_H2_UPGRADE':
    case 'HPE_INVALID_VERSION':
      return {
        statusCode: 505,
        reason: 'http-version',
        text: 'The HTTP version is not served here; HTTP/1.1 and HTTP/1.0 are.',
      };
    case 'HPE_INVALID_METHOD':
      return { statusCode: 400, reason: 'method', text: 'The request does not begin with a method; send POST.' };
    default:
      return code?.startsWith('HPE_')
        ? {
            statusCode: 400,
            reason: 'malformed',
            text: 'The request is not well-formed HTTP/1.1; check its lines and lengths.',
          }
        : undefined;
  }
}
