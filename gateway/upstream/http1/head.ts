/**
 * The head of a VASP's answer: status line and headers in one pass, what goes on to the client and what frames the body.
 * Strict where two readers could differ about where the answer ends [RFC 9112 §6.3]: such a head is not read at all.
 * Pure: it sees text and gives back data.
 */
import { HeaderClass, headerClassOf, leaveOut, namesInConnection, viaOf } from '../../http/headers.ts';

/** Where the body ends. A number is its length in bytes. */
export type Framing = number | typeof CHUNKED | typeof UNTIL_CLOSE;
export const CHUNKED = -1;
export const UNTIL_CLOSE = -2;

export interface AnswerHead {
  readonly statusCode: number;
  /** Empty when missing. */
  readonly contentType: string;
  /** For the client: end to end, as spelled and in order, `Via` at the end; name and value in turn. */
  readonly headers: string[];
  readonly framing: Framing;
  /** Whether another request may follow on the connection. */
  readonly isKept: boolean;
  /** For how long, by the VASP's own word; undefined when it says nothing. */
  readonly keepAliveSeconds: number | undefined;
}

/** Header lines in one answer. */
const MAX_HEADERS = 256;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DEL = 0x7f;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: [\t -~\x80-\xff]*)?$/;
const LENGTH = /^[0-9]{1,15}$/;
const KEEP_ALIVE_TIMEOUT = /(?:^|[\s,;])timeout\s*=\s*"?([0-9]{1,6})(?![0-9])/i;

/**
 * Reads a head.
 * @param text one character a byte, without the empty line that ends it.
 * @returns undefined when it is malformed, or frames the body in a way that could be read in two ways.
 */
export function readHead(text: string): AnswerHead | undefined {
  const firstEnd = text.indexOf('\r\n');
  const status = statusOf(firstEnd === -1 ? text : text.slice(0, firstEnd));
  if (status === undefined) return undefined;
  const fields = new Fields();
  for (let at = firstEnd === -1 ? text.length : firstEnd + 2; at < text.length; ) {
    const colon = text.indexOf(':', at);
    if (colon === -1) return undefined;
    const end = endOfValue(text, colon + 1);
    if (end === -1 || !fields.add(text.slice(at, colon), trimmed(text, colon + 1, end))) return undefined;
    at = end + 2;
  }
  return fields.head(status.statusCode, status.isHttp10);
}

interface Status {
  readonly statusCode: number;
  readonly isHttp10: boolean;
}

/** Status lines as they were met: a VASP uses few. Bounded. */
const KNOWN_STATUS = new Map<string, Status>();
const STATUS_LINES_KEPT = 64;

function statusOf(line: string): Status | undefined {
  const known = KNOWN_STATUS.get(line);
  if (known !== undefined) return known;
  const match = STATUS_LINE.exec(line);
  if (match === null) return undefined;
  const status = { statusCode: Number(match[2]), isHttp10: match[1] === '0' };
  if (KNOWN_STATUS.size < STATUS_LINES_KEPT && line.length <= 64) KNOWN_STATUS.set(line, status);
  return status;
}

/** The place of the CRLF that ends a value, or the end of the text; -1 when a character may not stand in a value. */
function endOfValue(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= SPACE ? code === DEL : code !== TAB) {
      return code === CR && text.charCodeAt(at + 1) === LF && at + 2 < text.length ? at : -1;
    }
  }
  return text.length;
}

function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** What the headers come to, one by one. */
class Fields {
  readonly #forwarded: string[] = [];
  #count = 0;
  #contentType = '';
  #contentLength: string | undefined;
  #transferEncoding: string | undefined;
  #connection: string | undefined;
  #keepAliveSeconds: number | undefined;

  /** False for a header that spoils the answer: a name that is none, framing said twice. */
  add(name: string, value: string): boolean {
    this.#count += 1;
    if (this.#count > MAX_HEADERS) return false;
    switch (headerClassOf(name)) {
      case HeaderClass.invalid:
        return false;
      case HeaderClass.contentType:
        this.#contentType = value;
        this.#forwarded.push(name, value);
        return true;
      case HeaderClass.endToEnd:
      case HeaderClass.oddlyNamed:
        this.#forwarded.push(name, value);
        return true;
      case HeaderClass.contentLength:
        if (this.#contentLength !== undefined || !LENGTH.test(value)) return false;
        this.#contentLength = value;
        return true;
      case HeaderClass.transferEncoding:
        if (this.#transferEncoding !== undefined) return false;
        this.#transferEncoding = value;
        return true;
      case HeaderClass.connection:
        // COMPAT Baraza: sends the header twice [P17].
        this.#connection = this.#connection === undefined ? value : `${this.#connection},${value}`;
        return true;
      case HeaderClass.hopByHop:
        if (name.length === 10 && name.toLowerCase() === 'keep-alive') this.#readKeepAlive(value);
        return true;
      default:
        return true;
    }
  }

  head(statusCode: number, isHttp10: boolean): AnswerHead | undefined {
    const framing = this.#framing(statusCode, isHttp10);
    if (framing === undefined) return undefined;
    const connection = this.#connection;
    let isKept = !isHttp10;
    if (connection !== undefined) {
      isKept = hasOption(connection, 'close') ? false : !isHttp10 || hasOption(connection, 'keep-alive');
      const named = namesInConnection(['Connection', connection]);
      if (named !== undefined) leaveOut(this.#forwarded, named);
    }
    this.#forwarded.push('Via', viaOf(isHttp10 ? '1.0' : '1.1'));
    return {
      statusCode,
      contentType: this.#contentType,
      headers: this.#forwarded,
      framing,
      isKept: isKept && framing !== UNTIL_CLOSE,
      keepAliveSeconds: this.#keepAliveSeconds,
    };
  }

  #framing(statusCode: number, isHttp10: boolean): Framing | undefined {
    const length = this.#contentLength;
    const encoding = this.#transferEncoding;
    if (encoding !== undefined) {
      // A length beside it, or an encoding in HTTP/1.0, is how one answer is made to look like two.
      if (length !== undefined || isHttp10 || encoding.toLowerCase() !== 'chunked') return undefined;
    }
    if (statusCode < 200 || statusCode === 204 || statusCode === 304) return 0;
    if (encoding !== undefined) return CHUNKED;
    return length === undefined ? UNTIL_CLOSE : Number(length);
  }

  #readKeepAlive(value: string): void {
    const seconds = KEEP_ALIVE_TIMEOUT.exec(value)?.[1];
    if (seconds !== undefined) this.#keepAliveSeconds = Number(seconds);
  }
}

/** Whether a `Connection` value names that option, given in lower case. */
function hasOption(value: string, option: string): boolean {
  if (value.length === option.length) return value.toLowerCase() === option;
  return value.split(',').some((one) => one.trim().toLowerCase() === option);
}
