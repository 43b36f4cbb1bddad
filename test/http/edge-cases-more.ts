/**
 * More raw requests at the front door: what goes on to the VASP and what stays here, header by header; framings that only
 * look right; requests that pass unread. Built by rule where many are of one kind.
 */
import { type EdgeCase, EMPTY, FOLLOWING, HOST, passes, post, refused, request } from './edge-cases.ts';

const CHUNKED = 'Transfer-Encoding: chunked';

/** A message with a header that comes out at the VASP as these lines. */
function header(name: string, sent: readonly string[], forwarded: readonly string[]): EdgeCase {
  return { ...passes(name, post(HOST, ...sent, EMPTY)), forwarded };
}

const HOP_BY_HOP: readonly EdgeCase[] = [
  ...[
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'Proxy-Authenticate: Basic',
    'Proxy-Authorization: Basic eDp5',
    'Proxy-Authentication-Info: x',
    'TE: trailers',
    'Trailer: X-A',
    'HTTP2-Settings: AAMAAABk',
    'Connection: keep-alive',
    'connection: Keep-Alive, ,',
  ].map((line) => header(`${line} stays here`, [line, 'X-A: b'], ['X-A: b'])),
  ...['X-Secret', 'x-secret', ' X-SECRET ', 'keep-alive, x-secret', 'x-a-not,X-Secret,,'].map((named) =>
    header(`Connection: ${named} takes that header out`, [`Connection: ${named}`, 'X-Secret: 1', 'X-A: b'], ['X-A: b']),
  ),
  header('two Connection headers, each naming one', ['Connection: x-1', 'X-1: a', 'X-2: b', 'Connection: x-2'], []),
  header('Connection cannot take the framing away', ['Connection: content-length, host, transfer-encoding'], []),
];

const END_TO_END: readonly EdgeCase[] = [
  ...[
    'Accept: text/xml',
    'X-Empty:',
    'x-lower: y',
    'X-UPPER: Y',
    'Cookie: a=b; c=d',
    'Authorization: Basic eDp5',
    'User-Agent: Nokia6600/1.0 (3.42.1)',
    'X-Wap-Profile: "http://nds.example/uaprof.xml"',
    'Accept-Charset: utf-8;q=1, *;q=0',
    'Cache-Control: no-store',
    'Via: 1.0 wap.example (Kannel)',
    'Forwarded: for=192.0.2.1',
    'X-Forwarded-For: 192.0.2.1',
    'Range: bytes=0-1',
    'If-None-Match: "x"',
    'Max-Forwards: 0',
    'Date: Mon, 01 Jan 2007 00:00:00 GMT',
    'Content-Language: en',
    'Content-Encoding: identity',
    'X-HTTP-Method-Override: DELETE',
    'X-Original-URL: /admin',
  ].map((line) => header(`${line} goes on`, [line], [line.endsWith(':') ? `${line} ` : line])),
  header('repeated ones in order', ['X-A: 1', 'X-B: 2', 'x-a: 3'], ['X-A: 1', 'X-B: 2', 'x-a: 3']),
  header('blanks around a value are cut off', ['X-A:  \t b c \t'], ['X-A: b c']),
  header('no blank behind the colon', ['X-A:b'], ['X-A: b']),
];

const LENGTHS: readonly EdgeCase[] = [
  ...[' 5', '\t5', '5 ', '0000000005'].map((length) =>
    passes(`Content-Length:${JSON.stringify(length)}`, `${post(HOST, `Content-Length:${length}`)}hello`, '/imps|hello'),
  ),
  ...[
    '5;',
    '5\x0b',
    '\xa05',
    '5\x85',
    '0b101',
    '5_0',
    '١',
    '5, 5',
    '5,6',
    'NaN',
    'Infinity',
    '1e3',
    '18446744073709551616',
  ].map((length) =>
    refused(`Content-Length ${JSON.stringify(length)}`, 400, `${post(HOST, `Content-Length: ${length}`)}hello`),
  ),
  ...['Content-Length : 5', 'Content-Length\x0b: 5', '\tContent-Length: 5', 'Content-\x00Length: 5'].map((line) =>
    refused(`the line ${JSON.stringify(line)}`, 400, `${post(HOST, line)}hello`),
  ),
];

const CODINGS: readonly EdgeCase[] = [
  ...['\tchunked', 'chunked ', 'chunkeD'].map((coding) =>
    passes(
      `Transfer-Encoding:${JSON.stringify(coding)}`,
      `${post(HOST, `Transfer-Encoding:${coding}`)}5\r\nhello\r\n0\r\n\r\n`,
      '/imps|hello',
    ),
  ),
  ...[
    '\x0bchunked',
    'chunked\x0b',
    'chunk\x00ed',
    'chunked,identity',
    'identity,chunked',
    'deflate',
    'br, chunked',
    "'chunked'",
  ].map((coding) =>
    refused(
      `Transfer-Encoding ${JSON.stringify(coding)}`,
      400,
      `${post(HOST, `Transfer-Encoding: ${coding}`)}0\r\n\r\n`,
    ),
  ),
  ...[
    'Transfer-Encoding : chunked',
    'Transfer_Encoding: chunked',
    'Transfer-Encoding\x00: chunked',
    ' Transfer-Encoding: chunked',
  ].map((line) => refused(`the line ${JSON.stringify(line)}`, 400, `${post(HOST, line)}0\r\n\r\n`)),
  ...[
    'X: y\rTransfer-Encoding: chunked',
    'X: y\nTransfer-Encoding: chunked',
    'X: y\r\n\tTransfer-Encoding: chunked',
  ].map((line) =>
    refused(`${JSON.stringify(line)} is no second header`, 400, `${post(HOST, line, 'Content-Length: 5')}0\r\n\r\n`),
  ),
];

const chunkedBody = (body: string): string => post(HOST, CHUNKED) + body;

const CHUNKS: readonly EdgeCase[] = [
  passes('a chunk size in capitals', chunkedBody('A\r\n0123456789\r\n0\r\n\r\n'), '/imps|0123456789'),
  passes('a chunk size with leading zeros', chunkedBody('0005\r\nhello\r\n000\r\n\r\n'), '/imps|hello'),
  passes('a quoted chunk extension', chunkedBody('5;a="b;c"\r\nhello\r\n0;x\r\n\r\n'), '/imps|hello'),
  passes('line ends inside a chunk', chunkedBody('7\r\na\r\n0\r\n\r\r\n0\r\n\r\n'), '/imps|a\r\n0\r\n\r'),
  passes('trailers stay here', chunkedBody('1\r\na\r\n0\r\nX-A: b\r\n\r\n'), '/imps|a'),
  refused('trailers that would be framing', 400, chunkedBody('1\r\na\r\n0\r\nContent-Length: 9\r\n\r\n')),
  ...[
    '5\r\nhelloX\r\n',
    '5\r\nhello\n0\r\n',
    '5\rhello\r\n',
    '5\nhello\r\n',
    '\r\n5\r\nhello\r\n',
    '5\r\nhello\r\n\r\n0\r\n',
  ].map((chunks) => refused(`the chunks ${JSON.stringify(chunks)}`, 400, chunkedBody(`${chunks}0\r\n\r\n`))),
  ...['fffffffffffffffff', '10000000000000005', '5 5', '0x5', '5\x00', '\x005', '5,', '५', '-0', '5.'].map((size) =>
    refused(`the chunk size ${JSON.stringify(size)}`, 400, chunkedBody(`${size}\r\nhello\r\n0\r\n\r\n`)),
  ),
  ...['X y: z', ': z', 'X\x00: z', ' X: z'].map((trailer) =>
    refused(`the trailer ${JSON.stringify(trailer)}`, 400, chunkedBody(`1\r\na\r\n0\r\n${trailer}\r\n\r\n`)),
  ),
];

const LINES: readonly EdgeCase[] = [
  ...['HTTP/1.1.1', 'HTTP/1.10', 'HTTP/-1.1', 'HTTP/1.a', 'HTTP/1,1', 'HTTP/4.0', 'HTTP1.1'].map((version) =>
    refused(`the version ${version}`, version === 'HTTP1.1' ? 400 : 505, request(`POST /imps ${version}`, HOST, EMPTY)),
  ),
  ...['HTTPS/1.1', 'XTTP/1.1', 'HTTP /1.1'].map((version) =>
    refused(`the protocol ${version}`, 400, request(`POST /imps ${version}`, HOST, EMPTY)),
  ),
  ...['ICY', 'RTSP', 'ANNOUNCE', 'DESCRIBE', 'SETUP', 'FLUSH'].map((method) =>
    refused(`the method ${method} of RTSP`, 400, request(`${method} /imps HTTP/1.1`, HOST, EMPTY)),
  ),
  ...['MKCOL', 'COPY', 'MOVE', 'REPORT', 'MERGE', 'NOTIFY', 'UNLOCK', 'LINK'].map((method) =>
    refused(`the method ${method}`, 405, request(`${method} /imps HTTP/1.1`, HOST, EMPTY)),
  ),
  ...[' POST', '\tPOST', 'POST\x00', 'PO\rST', '\x80POST'].map((method) =>
    refused(`the line begins ${JSON.stringify(method)}`, 400, request(`${method} /imps HTTP/1.1`, HOST, EMPTY)),
  ),
  passes('several spaces before the target', request('POST  /imps HTTP/1.1', HOST, EMPTY)),
  passes('several empty lines first', `\r\n\r\n${post(HOST, EMPTY)}`),
];

const OPAQUE: readonly EdgeCase[] = [
  passes('GET of an opaque path', request('GET /content/a%20b?x=//y HTTP/1.1', HOST), 'GET /content/a%20b?x=//y|'),
  passes('GET with an empty body announced', request('GET /content/1 HTTP/1.1', HOST, EMPTY), 'GET /content/1|'),
  { ...passes('HEAD of an opaque path', request('HEAD /content/1 HTTP/1.1', HOST), 'HEAD /content/1|') },
  passes('an opaque POST', `${request('POST /content/1 HTTP/1.1', HOST, 'Content-Length: 3')}abc`, '/content/1|abc'),
  passes(
    'an opaque POST in chunks',
    `${request('POST /content/1 HTTP/1.1', HOST, CHUNKED)}3\r\nabc\r\n0\r\n\r\n`,
    '/content/1|abc',
  ),
  passes('an opaque POST without a length', request('POST /content/1 HTTP/1.1', HOST), '/content/1|'),
  passes('an opaque absolute target', request('GET http://im.example/content/1 HTTP/1.1', HOST), 'GET /content/1|'),
  passes('an opaque request of HTTP/1.0', request('GET /content/1 HTTP/1.0'), 'GET /content/1|'),
  {
    ...passes(
      'hop-by-hop headers of an opaque request',
      request('GET /content/1 HTTP/1.1', HOST, 'Connection: x-1', 'X-1: a', 'TE: b', 'X-2: c'),
      'GET /content/1|',
    ),
    forwarded: ['X-2: c'],
  },
  passes(
    'a request in the body of an opaque one',
    `${request('POST /content/1 HTTP/1.1', HOST, 'Content-Length: 25')}GET /content/2 HTTP/1.1\r\n`,
    '/content/1|GET /content/2 HTTP/1.1\r\n',
  ),
  ...[
    '/content/../imps',
    '/content/%2e%2e/imps',
    '/content/..%2fimps',
    '/content//x',
    '/content/%00',
    '/content/a\\b',
  ].map((target) => refused(`GET ${target} is not opaque`, 405, request(`GET ${target} HTTP/1.1`, HOST))),
  ...['PUT', 'DELETE', 'OPTIONS', 'PATCH'].map((method) =>
    refused(`${method} of an opaque path`, 405, `${request(`${method} /content/1 HTTP/1.1`, HOST, CHUNKED)}0\r\n\r\n`),
  ),
  refused('an opaque GET with a body', 400, `${request('GET /content/1 HTTP/1.1', HOST, 'Content-Length: 3')}abc`),
  {
    name: 'an opaque request, then what is malformed',
    raw: `${request('GET /content/1 HTTP/1.1', HOST)}GARBAGE\r\n\r\n${FOLLOWING}`,
    statuses: [200, 400],
    seen: ['GET /content/1|'],
  },
];

export const MORE_EDGE_CASES: readonly EdgeCase[] = [
  ...HOP_BY_HOP,
  ...END_TO_END,
  ...LENGTHS,
  ...CODINGS,
  ...CHUNKS,
  ...LINES,
  ...OPAQUE,
];
