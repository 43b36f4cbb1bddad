/**
 * Reads HTTP/1 requests from bytes in the one way that RFC 9112 leaves when nothing is forgiven: what two parsers could
 * read differently is malformed. Stands for the VASP behind the gateway, and for what a client's bytes can mean at most.
 * Characters are bytes (latin1). Written without a look at the gateway's own rules.
 */

export interface StrictRequest {
  readonly method: string;
  /** As sent. */
  readonly target: string;
  readonly version: string;
  /** Header lines as sent, in order. */
  readonly headers: readonly string[];
  readonly body: string;
}

export type StrictReading =
  | { readonly kind: 'request'; readonly request: StrictRequest; readonly end: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed' };

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP\/(1\.[01])$/;
const FORGIVING_REQUEST_LINE = new RegExp(REQUEST_LINE.source.replace(') (', ') +('));
const HEADER_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*$/;
const MALFORMED = { kind: 'malformed' } as const;
const INCOMPLETE = { kind: 'incomplete' } as const;

/** The request that begins at `from`. */
export function readRequest(bytes: string, from = 0, requestLine = REQUEST_LINE): StrictReading {
  const headEnd = bytes.indexOf('\r\n\r\n', from);
  if (headEnd === -1) return INCOMPLETE;
  const [line = '', ...headers] = bytes.slice(from, headEnd).split('\r\n');
  const match = requestLine.exec(line);
  if (match === null || headers.some((header) => !HEADER_LINE.test(header))) return MALFORMED;
  const [, method = '', target = '', version = ''] = match;
  const lengths = valuesOf(headers, 'content-length');
  const codings = valuesOf(headers, 'transfer-encoding');
  if (lengths.length + codings.length > 1) return MALFORMED;
  const request = { method, target, version, headers };
  const start = headEnd + 4;
  if (codings.length === 1) {
    if (version === '1.0' || codings[0]?.toLowerCase() !== 'chunked') return MALFORMED;
    const chunks = readChunks(bytes, start);
    return chunks.kind === 'read'
      ? { kind: 'request', request: { ...request, body: chunks.body }, end: chunks.end }
      : chunks;
  }
  if (lengths.length === 1 && !/^[0-9]{1,15}$/.test(lengths[0] ?? '')) return MALFORMED;
  const end = start + Number(lengths[0] ?? 0);
  if (end > bytes.length) return INCOMPLETE;
  return { kind: 'request', request: { ...request, body: bytes.slice(start, end) }, end };
}

type ChunkReading =
  | { readonly kind: 'read'; readonly body: string; readonly end: number }
  | typeof MALFORMED
  | typeof INCOMPLETE;

function readChunks(bytes: string, from: number): ChunkReading {
  let body = '';
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return INCOMPLETE;
    const size = /^([0-9A-Fa-f]{1,8})(?:;[\t -~\x80-\xff]*)?$/.exec(bytes.slice(at, lineEnd));
    if (size === null) return MALFORMED;
    const length = Number.parseInt(size[1] ?? '', 16);
    at = lineEnd + 2;
    if (length === 0) return readTrailers(bytes, at, body);
    if (at + length + 2 > bytes.length) return INCOMPLETE;
    if (bytes.slice(at + length, at + length + 2) !== '\r\n') return MALFORMED;
    body += bytes.slice(at, at + length);
    at += length + 2;
  }
}

function readTrailers(bytes: string, from: number, body: string): ChunkReading {
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return INCOMPLETE;
    if (lineEnd === at) return { kind: 'read', body, end: at + 2 };
    if (!HEADER_LINE.test(bytes.slice(at, lineEnd))) return MALFORMED;
    at = lineEnd + 2;
  }
}

/**
 * Every request of a client's bytes, up to what is malformed or not whole. Two things are forgiven that Node's parser forgives
 * without telling, and that no VASP gets to see: line ends before a request, and several spaces before its target.
 */
export function readRequests(bytes: string): StrictRequest[] {
  const requests: StrictRequest[] = [];
  for (let at = 0; ; ) {
    while (/[\r\n]/.test(bytes.charAt(at))) at += 1;
    const read = readRequest(bytes, at, FORGIVING_REQUEST_LINE);
    if (read.kind !== 'request') return requests;
    requests.push(read.request);
    at = read.end;
  }
}

/** The values of a header, blanks around them cut off. */
export function valuesOf(headers: readonly string[], name: string): string[] {
  return headers
    .filter((line) => line.slice(0, line.indexOf(':')).toLowerCase() === name)
    .map((line) => line.slice(line.indexOf(':') + 1).replace(/^[\t ]+|[\t ]+$/g, ''));
}
