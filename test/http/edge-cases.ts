/**
 * What comes in at the front door and what must become of it: raw bytes of one connection, the statuses of the answers
 * in order, and what the VASP behind the gate saw. A refused request is never seen, nor anything that follows it.
 */

export interface EdgeCase {
  readonly name: string;
  /** Characters are bytes (latin1). */
  readonly raw: string;
  readonly statuses: readonly number[];
  /** `target|body` of each request that reached the VASP; the method before it where that is not POST. */
  readonly seen: readonly string[];
  /** The headers of the one request at the VASP, but for framing, Host and our Via; absent: those that were sent. */
  readonly forwarded?: readonly string[];
}

export const HOST = 'Host: im.example';
export const EMPTY = 'Content-Length: 0';

export function request(line: string, ...headers: readonly string[]): string {
  return `${[line, ...headers].join('\r\n')}\r\n\r\n`;
}

export const post = (...headers: readonly string[]): string => request('POST /imps HTTP/1.1', ...headers);
export const FOLLOWING = `${post(HOST, 'Content-Length: 5')}after`;

export function passes(name: string, raw: string, ...seen: readonly string[]): EdgeCase {
  const requests = seen.length === 0 ? ['/imps|'] : seen;
  return { name, raw, statuses: requests.map(() => 200), seen: requests };
}

/** Refused on a connection on which another request follows at once: that one must not be taken for a request. */
export function refused(name: string, status: number, raw: string): EdgeCase {
  return { name, raw: raw + FOLLOWING, statuses: [status], seen: [] };
}

const VERSIONS: readonly EdgeCase[] = [
  passes('HTTP/1.1', post(HOST, EMPTY)),
  passes('HTTP/1.0 with Host', request('POST /imps HTTP/1.0', HOST, EMPTY)),
  passes('HTTP/1.0 without Host', request('POST /imps HTTP/1.0', EMPTY)),
  refused('no version', 400, request('POST /imps', HOST, EMPTY)),
  refused('no version on GET', 400, 'GET /imps\r\n\r\n'),
  refused('HTTP/0.9', 400, request('POST /imps HTTP/0.9', HOST, EMPTY)),
  refused('HTTP/2.0', 505, request('POST /imps HTTP/2.0', HOST, EMPTY)),
  refused('HTTP/1.2', 505, request('POST /imps HTTP/1.2', HOST, EMPTY)),
  refused('HTTP/3.0', 505, request('POST /imps HTTP/3.0', HOST, EMPTY)),
  refused('HTTP/11', 505, request('POST /imps HTTP/11', HOST, EMPTY)),
  refused('HTTP/1', 505, request('POST /imps HTTP/1', HOST, EMPTY)),
  refused('HTTP/ 1.1', 505, request('POST /imps HTTP/ 1.1', HOST, EMPTY)),
  refused('http/1.1 in lower case', 400, request('POST /imps http/1.1', HOST, EMPTY)),
  refused('a space behind the version', 505, request('POST /imps HTTP/1.1 ', HOST, EMPTY)),
  refused('HTTP/2 preface', 505, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
];

const METHODS: readonly EdgeCase[] = [
  ...['GET', 'HEAD'].map((method) =>
    refused(`${method} of nothing opaque`, 405, request(`${method} /imps HTTP/1.1`, HOST)),
  ),
  ...['PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND', 'LOCK', 'PURGE', 'SUBSCRIBE', 'SOURCE'].map((method) =>
    refused(`the method ${method}`, 405, request(`${method} /imps HTTP/1.1`, HOST, EMPTY)),
  ),
  refused('CONNECT', 405, request('CONNECT im.example:80 HTTP/1.1', HOST)),
  refused('OPTIONS *', 405, request('OPTIONS * HTTP/1.1', HOST)),
  refused(
    'DELETE with a chunked body',
    405,
    `${request('DELETE /x HTTP/1.1', HOST, 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  ),
  ...['post', 'Post', 'POSTS', 'P OST', 'FOO', '\x16\x03\x01\x02'].map((method) =>
    refused(`the method ${JSON.stringify(method)}`, 400, request(`${method} /imps HTTP/1.1`, HOST, EMPTY)),
  ),
  refused('GET with a body', 400, `${request('GET /x HTTP/1.1', HOST, 'Content-Length: 3')}abc`),
  refused('HEAD with a body', 400, `${request('HEAD /x HTTP/1.1', HOST, 'Content-Length: 3')}abc`),
  refused('GET with a chunked body', 400, `${request('GET /x HTTP/1.1', HOST, 'Transfer-Encoding: chunked')}0\r\n\r\n`),
  refused(
    'HEAD with a chunked body',
    400,
    `${request('HEAD /x HTTP/1.1', HOST, 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  ),
];

const TARGETS: readonly EdgeCase[] = [
  passes('a query', request('POST /imps?a=b&c=%20 HTTP/1.1', HOST, EMPTY), '/imps?a=b&c=%20|'),
  passes('the root', request('POST / HTTP/1.1', HOST, EMPTY), '/|'),
  passes('repeated slashes stay', request('POST //imps//x HTTP/1.1', HOST, EMPTY), '//imps//x|'),
  passes('dot segments stay', request('POST /a/../imps HTTP/1.1', HOST, EMPTY), '/a/../imps|'),
  passes('an absolute target of the same host', request('POST http://im.example/imps HTTP/1.1', HOST, EMPTY)),
  passes('an absolute target, host in capitals', request('POST http://IM.EXAMPLE/imps HTTP/1.1', HOST, EMPTY)),
  passes('an absolute target without path', request('POST http://im.example HTTP/1.1', HOST, EMPTY), '/|'),
  passes('an absolute target with query alone', request('POST http://im.example?x HTTP/1.1', HOST, EMPTY), '/?x|'),
  passes('an absolute target on HTTP/1.0', request('POST http://im.example/imps HTTP/1.0', EMPTY)),
  refused('an absolute target of another host', 400, request('POST http://other.example/imps HTTP/1.1', HOST, EMPTY)),
  refused('an absolute target of another port', 400, request('POST http://im.example:81/imps HTTP/1.1', HOST, EMPTY)),
  refused('an absolute target with user', 400, request('POST http://a@im.example/imps HTTP/1.1', HOST, EMPTY)),
  refused('an absolute target with empty host', 400, request('POST http:///imps HTTP/1.1', HOST, EMPTY)),
  refused('an absolute target of another scheme', 400, request('POST ftp://im.example/imps HTTP/1.1', HOST, EMPTY)),
  refused('a fragment', 400, request('POST /imps#x HTTP/1.1', HOST, EMPTY)),
  refused('an asterisk', 400, request('POST * HTTP/1.1', HOST, EMPTY)),
  refused('no slash', 400, request('POST imps HTTP/1.1', HOST, EMPTY)),
  refused('a space in the target', 400, request('POST /im ps HTTP/1.1', HOST, EMPTY)),
  refused('no target', 400, request('POST  HTTP/1.1', HOST, EMPTY)),
  refused('a tab in the target', 400, request('POST /im\tps HTTP/1.1', HOST, EMPTY)),
  ...['\x00', '\x01', '\x0b', '\x7f', '\x80', '\xe9', '\xff'].map((character) =>
    refused(`${JSON.stringify(character)} in the target`, 400, request(`POST /${character} HTTP/1.1`, HOST, EMPTY)),
  ),
];

const HOSTS: readonly EdgeCase[] = [
  passes('a port', post('Host: im.example:8080', EMPTY)),
  passes('an IPv4 address', post('Host: 127.0.0.1:80', EMPTY)),
  passes('an IPv6 address', post('Host: [::1]:80', EMPTY)),
  passes('a host in capitals', post('HOST: IM.EXAMPLE', EMPTY)),
  refused('no Host', 400, post(EMPTY)),
  refused('two Hosts', 400, post(HOST, 'Host: other.example', EMPTY)),
  refused('two equal Hosts', 400, post(HOST, HOST, EMPTY)),
  refused('two Hosts, spelled differently', 400, post(HOST, EMPTY, 'hOsT: im.example')),
  ...[
    '',
    'a b',
    'a,b',
    'a/b',
    'a@b',
    'a?b',
    'a#b',
    'a:b',
    'a:80:80',
    'a:123456',
    '-a',
    ':80',
    '[::1',
    'a\\b',
    'a%00',
    'h\xf6st',
  ].map((host) => refused(`the Host ${JSON.stringify(host)}`, 400, post(`Host: ${host}`, EMPTY))),
];

const NAMES: readonly EdgeCase[] = [
  passes('digits and hyphens in a name', post(HOST, 'X-1-2: y', EMPTY)),
  ..."_!#$%&'*+.^`|~"
    .split('')
    .map((character) => refused(`${character} in a header name`, 400, post(HOST, `X${character}Y: z`, EMPTY))),
  ...[
    ' ',
    '\t',
    '(',
    ')',
    ',',
    '/',
    ';',
    '<',
    '=',
    '>',
    '?',
    '@',
    '[',
    ']',
    '{',
    '}',
    '"',
    '\\',
    '\x00',
    '\x7f',
    '\xe9',
  ].map((character) =>
    refused(`${JSON.stringify(character)} in a header name`, 400, post(HOST, `X${character}Y: z`, EMPTY)),
  ),
  refused('an underscored Content_Length', 400, `${post(HOST, 'Content_Length: 3', EMPTY)}`),
  refused('a space before the colon', 400, post(HOST, 'X : y', EMPTY)),
  refused('a tab before the colon', 400, post(HOST, 'Content-Length\t: 0')),
  refused('no colon', 400, post(HOST, 'X', EMPTY)),
  refused('an empty name', 400, post(HOST, ': x', EMPTY)),
  refused('a folded header', 400, post(HOST, 'X: a\r\n b', EMPTY)),
  refused('a folded header, by tab', 400, post(HOST, 'X: a\r\n\tb', EMPTY)),
  refused('a header line that begins with a space', 400, post(` ${HOST}`, EMPTY)),
  ...['\x00', '\x01', '\x08', '\x0b', '\x0c', '\x1f', '\x7f', '\r'].map((character) =>
    refused(`${JSON.stringify(character)} in a header value`, 400, post(HOST, `X: a${character}b`, EMPTY)),
  ),
  refused('a line feed alone ends a header', 400, post(HOST, 'X: a\nY: b', EMPTY)),
  passes('a tab inside a value', post(HOST, 'X: a\tb', EMPTY)),
  passes('bytes above 127 in a value', post(HOST, 'X: caf\xe9', EMPTY)),
  passes('64 headers', post(HOST, EMPTY, ...Array.from({ length: 62 }, (_, index) => `X-${index}: y`))),
  refused('65 headers', 431, post(HOST, EMPTY, ...Array.from({ length: 63 }, (_, index) => `X-${index}: y`))),
  refused('1,000 headers', 431, post(HOST, EMPTY, ...Array.from({ length: 998 }, (_, index) => `X-${index}: y`))),
  refused('2,000 headers', 431, post(HOST, EMPTY, ...Array.from({ length: 1998 }, () => 'X: y'))),
  refused('headers of 17 kB', 431, post(HOST, EMPTY, `X: ${'y'.repeat(17_000)}`)),
  refused('two Content-Types', 400, post(HOST, EMPTY, 'Content-Type: text/xml', 'content-type: text/plain')),
];

const FRAMING: readonly EdgeCase[] = [
  passes('a body', `${post(HOST, 'Content-Length: 5')}hello`, '/imps|hello'),
  passes('leading zeros', `${post(HOST, 'Content-Length: 005')}hello`, '/imps|hello'),
  passes('no length, no body', post(HOST)),
  passes(
    'a chunked body',
    `${post(HOST, 'Transfer-Encoding: chunked')}2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`,
    '/imps|hello',
  ),
  passes('chunked in capitals', `${post(HOST, 'Transfer-Encoding: CHUNKED')}5\r\nhello\r\n0\r\n\r\n`, '/imps|hello'),
  passes('a chunk extension', `${post(HOST, 'Transfer-Encoding: chunked')}5;a=b\r\nhello\r\n0\r\n\r\n`, '/imps|hello'),
  passes('trailers', `${post(HOST, 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\nX: y\r\n\r\n`, '/imps|hello'),
  passes(
    'two requests at once',
    `${post(HOST, 'Content-Length: 1')}a${post(HOST, 'Content-Length: 1')}b`,
    '/imps|a',
    '/imps|b',
  ),
  passes('an empty line first', `\r\n${post(HOST, EMPTY)}`),
  passes(
    'GET-like bytes in a body',
    `${post(HOST, 'Content-Length: 18')}GET / HTTP/1.1\r\n\r\n`,
    '/imps|GET / HTTP/1.1\r\n\r\n',
  ),
  refused(
    'Transfer-Encoding on HTTP/1.0',
    400,
    `${request('POST /imps HTTP/1.0', HOST, 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  ),
  refused(
    'Content-Length and Transfer-Encoding',
    400,
    `${post(HOST, 'Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  ),
  refused(
    'Transfer-Encoding and Content-Length',
    400,
    `${post(HOST, 'Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n`,
  ),
  ...[
    'gzip',
    'gzip, chunked',
    'chunked, gzip',
    'chunked, chunked',
    'identity',
    'xchunked',
    'chunked;q=1',
    '"chunked"',
    '',
    'chunked,',
  ].map((coding) =>
    refused(`Transfer-Encoding: ${coding}`, 400, `${post(HOST, `Transfer-Encoding: ${coding}`)}0\r\n\r\n`),
  ),
  refused(
    'two Transfer-Encodings',
    400,
    `${post(HOST, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  ),
  refused(
    'Transfer-Encoding: identity, then chunked',
    400,
    `${post(HOST, 'Transfer-Encoding: identity', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  ),
  refused('two Content-Lengths', 400, `${post(HOST, 'Content-Length: 5', 'Content-Length: 6')}hello`),
  refused('two equal Content-Lengths', 400, `${post(HOST, 'Content-Length: 5', 'Content-Length: 5')}hello`),
  ...['', '+5', '-5', '0x5', '5,5', '5 5', '5.0', '1e1', 'five', '99999999999999999999'].map((length) =>
    refused(`Content-Length: ${length}`, 400, `${post(HOST, `Content-Length: ${length}`)}hello`),
  ),
  ...['g', '-1', '0x1', '1 1', '1\n', ' 1', '+1'].map((size) =>
    refused(
      `the chunk size ${JSON.stringify(size)}`,
      400,
      `${post(HOST, 'Transfer-Encoding: chunked')}${size}\r\na\r\n0\r\n\r\n`,
    ),
  ),
  refused('a chunk longer than it says', 400, `${post(HOST, 'Transfer-Encoding: chunked')}1\r\nabc\r\n0\r\n\r\n`),
  refused('a chunk that line feeds alone end', 400, `${post(HOST, 'Transfer-Encoding: chunked')}1\na\n0\n\n`),
  refused('line feeds alone', 505, `POST /imps HTTP/1.1\n${HOST}\n${EMPTY}\n\n`),
  {
    name: 'good, then bad',
    raw: `${post(HOST, 'Content-Length: 1')}a${post(HOST, HOST, EMPTY)}${FOLLOWING}`,
    statuses: [200, 400],
    seen: ['/imps|a'],
  },
];

const REST: readonly EdgeCase[] = [
  refused('Upgrade: websocket', 400, post(HOST, 'Connection: Upgrade', 'Upgrade: websocket', EMPTY)),
  refused(
    'Upgrade: h2c',
    400,
    post(HOST, 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AA', EMPTY),
  ),
  refused('Upgrade without Connection', 400, post(HOST, 'Upgrade: TLS/1.0', EMPTY)),
  refused('Expect: something', 417, post(HOST, 'Expect: something', EMPTY)),
  refused('Expect twice', 400, post(HOST, 'Expect: 100-continue', 'Expect: 100-continue', EMPTY)),
  {
    name: 'Expect: 100-continue',
    raw: `${post(HOST, 'Expect: 100-continue', 'Content-Length: 2')}ok`,
    statuses: [100, 200],
    seen: ['/imps|ok'],
  },
  {
    name: 'Expect on what is refused',
    raw: post(HOST, HOST, 'Expect: 100-continue', EMPTY),
    statuses: [400],
    seen: [],
  },
  { name: 'a TLS hello', raw: '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03', statuses: [400], seen: [] },
];

export const EDGE_CASES: readonly EdgeCase[] = [
  ...VERSIONS,
  ...METHODS,
  ...TARGETS,
  ...HOSTS,
  ...NAMES,
  ...FRAMING,
  ...REST,
];
