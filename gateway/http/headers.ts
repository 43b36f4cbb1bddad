/**
 * Which HTTP headers go on, in both directions: everything end to end exactly as it was spelled and in its order, nothing
 * that belongs to one connection, nothing that `Connection` names [X3, RFC 9110 §7.6.1]. Headers are handled as the flat
 * name-value list that came off the wire, never as an object, so that case, order and repetition survive.
 */

/** What a header is to the gateway, by its name. */
export const HeaderClass = {
  /** No name that RFC 9110 allows. */
  invalid: 0,
  endToEnd: 1,
  /** End to end, but with characters outside `[A-Za-z0-9-]`: refused from clients, passed on from VASPs. */
  oddlyNamed: 2,
  hopByHop: 3,
  connection: 4,
  transferEncoding: 5,
  upgrade: 6,
  host: 7,
  contentLength: 8,
  contentType: 9,
  /** Answered by the gateway itself: the body is read here. */
  expect: 10,
} as const;
export type HeaderClass = (typeof HeaderClass)[keyof typeof HeaderClass];

const CLASS_OF_KNOWN: ReadonlyMap<string, HeaderClass> = new Map<string, HeaderClass>([
  ['connection', HeaderClass.connection],
  ['keep-alive', HeaderClass.hopByHop],
  ['proxy-connection', HeaderClass.hopByHop],
  ['proxy-authenticate', HeaderClass.hopByHop],
  ['proxy-authorization', HeaderClass.hopByHop],
  ['proxy-authentication-info', HeaderClass.hopByHop],
  ['te', HeaderClass.hopByHop],
  ['trailer', HeaderClass.hopByHop],
  ['http2-settings', HeaderClass.hopByHop],
  ['transfer-encoding', HeaderClass.transferEncoding],
  ['upgrade', HeaderClass.upgrade],
  ['host', HeaderClass.host],
  ['content-length', HeaderClass.contentLength],
  ['content-type', HeaderClass.contentType],
  ['expect', HeaderClass.expect],
]);

const STRICT_NAME = /^[A-Za-z0-9-]+$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Classes by the spelling met on the wire. Bounded: names beyond it are classified anew each time. */
const CLASS_OF_SPELLING = new Map<string, HeaderClass>();
const SPELLINGS_KEPT = 1024;
const LONGEST_SPELLING_KEPT = 48;

export function headerClassOf(name: string): HeaderClass {
  const known = CLASS_OF_SPELLING.get(name);
  if (known !== undefined) return known;
  const found = classify(name);
  if (CLASS_OF_SPELLING.size < SPELLINGS_KEPT && name.length <= LONGEST_SPELLING_KEPT) {
    CLASS_OF_SPELLING.set(name, found);
  }
  return found;
}

function classify(name: string): HeaderClass {
  if (STRICT_NAME.test(name)) return CLASS_OF_KNOWN.get(name.toLowerCase()) ?? HeaderClass.endToEnd;
  return TOKEN.test(name) ? HeaderClass.oddlyNamed : HeaderClass.invalid;
}

/** The header names, in lower case, that the values of `Connection` take out; undefined when they name none beyond the usual. */
export function namesInConnection(rawHeaders: readonly string[]): ReadonlySet<string> | undefined {
  let names: Set<string> | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (headerClassOf(rawHeaders[index] ?? '') !== HeaderClass.connection) continue;
    for (const option of (rawHeaders[index + 1] ?? '').split(',')) {
      const name = option.trim().toLowerCase();
      if (name === '' || name === 'close' || name === 'keep-alive') continue;
      names ??= new Set();
      names.add(name);
    }
  }
  return names;
}

/**
 * A request's headers for the next hop, `Via` added at the end. Left out besides the hop-by-hop ones: Host and
 * Content-Length, which are made anew, and Content-Type, which travels on its own.
 */
export function forwardedRequestHeaders(rawHeaders: readonly string[], via: string): string[] {
  return endToEnd(rawHeaders, via, false);
}

/** An answer's headers for the client, Content-Type among them, `Via` added at the end; without Content-Length. */
export function forwardedReplyHeaders(rawHeaders: readonly string[], via: string): string[] {
  return endToEnd(rawHeaders, via, true);
}

function endToEnd(rawHeaders: readonly string[], via: string, keepContentType: boolean): string[] {
  const kept: string[] = [];
  let hasConnection = false;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    switch (headerClassOf(name)) {
      case HeaderClass.connection:
        hasConnection = true;
        break;
      case HeaderClass.contentType:
        if (keepContentType) kept.push(name, rawHeaders[index + 1] ?? '');
        break;
      case HeaderClass.endToEnd:
      case HeaderClass.oddlyNamed:
        kept.push(name, rawHeaders[index + 1] ?? '');
        break;
    }
  }
  if (hasConnection) {
    const named = namesInConnection(rawHeaders);
    if (named !== undefined) leaveOut(kept, named);
  }
  kept.push('Via', via);
  return kept;
}

/** Takes the headers with these names, in lower case, out of a flat list. */
export function leaveOut(headers: string[], names: ReadonlySet<string>): void {
  let end = 0;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    // Connection may not take away what the message cannot be understood without.
    if (names.has(name.toLowerCase()) && headerClassOf(name) !== HeaderClass.contentType) continue;
    headers[end] = name;
    headers[end + 1] = headers[index + 1] ?? '';
    end += 2;
  }
  headers.length = end;
}

/** The gateway's name in `Via`. */
export const VIA_NAME = 'sapgw';

const VIA_1_1 = `1.1 ${VIA_NAME}`;
const VIA_1_0 = `1.0 ${VIA_NAME}`;

/** The `Via` value for a message received over that HTTP version [RFC 9110 §7.6.3]. */
export function viaOf(httpVersion: string): string {
  return httpVersion === '1.0' ? VIA_1_0 : VIA_1_1;
}
