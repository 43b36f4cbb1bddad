/**
 * Raw answers of VASPs and what each comes to: the table that the reader is held to, whole and cut at every byte.
 * `broken` and `too-large` are for the connection too; `more` is an answer that never ends by itself.
 */

/** Bytes of a body at most, in this table. */
export const MAX_BODY_BYTES = 64;

export interface Whole {
  readonly statusCode: number;
  readonly body: string;
  readonly headers?: readonly string[];
  /** Whether the connection may be used again; true unless told. */
  readonly isKept?: boolean;
  readonly keepAliveSeconds?: number;
  /** Whether bytes stand behind the answer. */
  readonly hasExcess?: boolean;
}

/** A name, the bytes, and what comes of them; `closed` for answers that the VASP ends by closing. */
export interface RawAnswer {
  readonly name: string;
  readonly raw: string;
  readonly closes?: boolean;
  readonly comesTo: Whole | 'broken' | 'too-large' | 'more';
}

const ok = (body: string, more: Partial<Whole> = {}): Whole => ({ statusCode: 200, body, ...more });
const answer = (name: string, raw: string, comesTo: RawAnswer['comesTo'], closes = false): RawAnswer => ({
  name,
  raw,
  comesTo,
  closes,
});
const head = (...lines: readonly string[]): string => `${['HTTP/1.1 200 OK', ...lines].join('\r\n')}\r\n\r\n`;
const chunked = (...pieces: readonly string[]): string => head('Transfer-Encoding: chunked') + pieces.join('');
const A = 'Content-Length: 1';

export const RAW_ANSWERS: readonly RawAnswer[] = [
  answer('a length', `${head('Content-Length: 5')}hello`, ok('hello')),
  answer('a length of nothing', head('Content-Length: 0'), ok('')),
  answer('a length with zeros before it', `${head('Content-Length: 005')}hello`, ok('hello')),
  answer('a body of all bytes', `${head('Content-Length: 5')}\r\n\r\n\xff`, ok('\r\n\r\n\xff')),
  answer(
    'headers as they were spelled',
    `${head('X_odd: 1', 'set-COOKIE:a', 'Set-Cookie:  caf\xe9 \t', 'Empty:', A)}x`,
    ok('x', { headers: ['X_odd', '1', 'set-COOKIE', 'a', 'Set-Cookie', 'caf\xe9', 'Empty', '', 'Via', '1.1 sapgw'] }),
  ),
  answer(
    'what Connection names is left out, Content-Type never',
    `${head('Connection: X-Hop, content-type', 'x-hop: 1', 'Content-Type: a/b', 'Keep-Alive: max=3', A)}x`,
    ok('x', { headers: ['Content-Type', 'a/b', 'Via', '1.1 sapgw'] }),
  ),
  answer('a status line without words', 'HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx', ok('x')),
  answer('a status line with a blank alone', 'HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx', ok('x')),
  answer('an error status', 'HTTP/1.1 500 Oh no\r\nContent-Length: 1\r\n\r\nx', { statusCode: 500, body: 'x' }),
  answer('204 has no body', 'HTTP/1.1 204 No Content\r\n\r\n', { statusCode: 204, body: '' }),
  answer('304 has no body, whatever its length', 'HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n', {
    statusCode: 304,
    body: '',
  }),
  answer('Connection: close', `${head('Connection: Close', A)}x`, ok('x', { isKept: false })),
  answer(
    'two Connection headers',
    `${head('Connection: keep-alive', 'Connection: close', A)}x`,
    ok('x', { isKept: false }),
  ),
  answer('Keep-Alive', `${head('Keep-Alive: timeout=15, max=100', A)}x`, ok('x', { keepAliveSeconds: 15 })),
  answer('Keep-Alive without a time', `${head('Keep-Alive: max=100', A)}x`, ok('x')),
  answer(
    'HTTP/1.0',
    'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx',
    ok('x', { isKept: false, headers: ['Via', '1.0 sapgw'] }),
  ),
  answer(
    'HTTP/1.0 with keep-alive',
    'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx',
    ok('x'),
  ),
  answer('a close as the end', `${head()}hello`, ok('hello', { isKept: false }), true),
  answer('a close as the end, in HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\n', ok('', { isKept: false }), true),
  answer('no end', `${head()}hello`, 'more'),
  answer('a large body without end', `${head()}${'x'.repeat(65)}`, 'too-large'),
  answer('a length over the limit', head('Content-Length: 65'), 'too-large'),
  answer('a body of the limit', head('Content-Length: 64') + 'x'.repeat(64), ok('x'.repeat(64))),
  answer('a close inside the body', `${head('Content-Length: 9')}half`, 'broken', true),
  answer('a close inside the head', 'HTTP/1.1 200 OK\r\nContent-', 'broken', true),
  answer('a close before a byte', '', 'broken', true),

  answer('chunks', chunked('2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'), ok('hello')),
  answer('chunks, no bytes', chunked('0\r\n\r\n'), ok('')),
  answer('chunked in another case', `${head('transfer-encoding: CHUNKED')}1\r\nx\r\n0\r\n\r\n`, ok('x')),
  answer(
    'sizes in both cases with zeros before them',
    chunked(`00A\r\n${'x'.repeat(10)}\r\nb\r\n${'y'.repeat(11)}\r\n000\r\n\r\n`),
    ok('x'.repeat(10) + 'y'.repeat(11)),
  ),
  answer('extensions are read over', chunked('1;a=b;c="d e"\r\nx\r\n0;z\r\n\r\n'), ok('x')),
  answer('sizes filled up with blanks', chunked('1   \r\nx\r\n0 \t\r\n\r\n'), ok('x')),
  answer(
    'trailers are dropped',
    chunked('1\r\nx\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n'),
    ok('x', { headers: ['Via', '1.1 sapgw'] }),
  ),
  answer('chunks over the limit', chunked('41\r\n'), 'too-large'),
  answer('many chunks over the limit', chunked('20\r\n'.padEnd(36, 'x'), '\r\n', '21\r\n'), 'too-large'),
  answer('a size beyond all numbers', chunked('fffffffffffffff\r\n'), 'too-large'),
  answer('a size with too many digits', chunked(`${'0'.repeat(17)}\r\n\r\n`), 'broken'),
  answer('a size that is none', chunked('xyz\r\n'), 'broken'),
  answer('a size below nothing', chunked('-1\r\n'), 'broken'),
  answer('a size with 0x', chunked('0x1\r\nx\r\n'), 'broken'),
  answer('a size with digits apart', chunked('1 0\r\n'), 'broken'),
  answer('an empty size', chunked('\r\n'), 'broken'),
  answer('a chunk longer than its size', chunked('1\r\nxy\r\n0\r\n\r\n'), 'broken'),
  answer('a chunk without CRLF behind it', chunked('1\r\nx0\r\n\r\n'), 'broken'),
  answer('a line feed alone behind a size', chunked('1\nx\r\n0\r\n\r\n'), 'broken'),
  answer('a carriage return inside an extension', chunked('1;a\rb\r\nx\r\n'), 'broken'),
  answer('extensions without end', chunked(`1;${'a'.repeat(5000)}`), 'broken'),
  answer('blanks without end', chunked(`1${' '.repeat(5000)}`), 'broken'),
  answer('trailers without end', chunked(`0\r\n${'X: 1\r\n'.repeat(3000)}`), 'broken'),
  answer('a trailer that is an answer', chunked('0\r\nHTTP/1.1 200 OK\r\n\r\n'), 'broken'),
  answer('a folded trailer', chunked('0\r\nX: 1\r\n 2\r\n\r\n'), 'broken'),
  answer('a control character in a trailer', chunked('0\r\nX: \x01\r\n\r\n'), 'broken'),
  answer('a close between chunks', chunked('1\r\nx\r\n'), 'broken', true),
  answer('a close before the last line', chunked('1\r\nx\r\n0\r\n'), 'broken', true),

  answer('an informational answer first', `HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n${head(A)}x`, ok('x')),
  answer('several', `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(8)}${head(A)}x`, ok('x')),
  answer('too many', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(9), 'broken'),
  answer('informational answers alone', 'HTTP/1.1 102 Processing\r\n\r\n', 'more'),
  answer('an upgrade that nobody asked for', 'HTTP/1.1 101 Hm\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n', 'broken'),

  answer('two answers', `${head(A)}x${head(A)}y`, ok('x', { hasExcess: true })),
  answer('a body longer than its length', `${head(A)}xy`, ok('x', { hasExcess: true })),
  answer('a body behind 204', 'HTTP/1.1 204 No\r\n\r\nx', { statusCode: 204, body: '', hasExcess: true }),
  answer('bytes behind the last chunk', chunked('0\r\n\r\n', 'x'), ok('', { hasExcess: true })),

  answer('two lengths', `${head('Content-Length: 1', 'Content-Length: 2')}xy`, 'broken'),
  answer('the same length twice', `${head(A, A)}x`, 'broken'),
  answer('lengths in one header', `${head('Content-Length: 1, 1')}x`, 'broken'),
  answer('a length with a sign', `${head('Content-Length: +1')}x`, 'broken'),
  answer('a length in hexadecimal', `${head('Content-Length: 0x1')}x`, 'broken'),
  answer('an empty length', head('Content-Length:'), 'broken'),
  answer('a length beyond all numbers', head(`Content-Length: ${'9'.repeat(20)}`), 'broken'),
  answer('both framings', `${head('Transfer-Encoding: chunked', A)}0\r\n\r\n`, 'broken'),
  answer('both framings, the other way', `${head(A, 'Transfer-Encoding: chunked')}0\r\n\r\n`, 'broken'),
  answer('two transfer encodings', head('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), 'broken'),
  answer('another transfer encoding', head('Transfer-Encoding: gzip, chunked'), 'broken'),
  answer('identity', head('Transfer-Encoding: identity'), 'broken'),
  answer('chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'broken'),

  answer('a folded header', `${head('X: 1', ' 2', A)}x`, 'broken'),
  answer('a folded first header', `${head(' X: 1', A)}x`, 'broken'),
  answer('a blank before the colon', `${head('X : 1', A)}x`, 'broken'),
  answer('a header without a name', `${head(': 1', A)}x`, 'broken'),
  answer('a header without a colon', `${head('X', A)}x`, 'broken'),
  answer('a last header without a colon', `${head(A, 'X')}x`, 'broken'),
  answer('a name with a blank', `${head('X Y: 1', A)}x`, 'broken'),
  answer('a line feed in a value', `${head('X: 1\nY: 2', A)}x`, 'broken'),
  answer('a carriage return in a value', `${head('X: 1\rY: 2', A)}x`, 'broken'),
  answer('NUL in a value', `${head('X: \0', A)}x`, 'broken'),
  answer('DEL in a value', `${head('X: \x7f', A)}x`, 'broken'),
  answer('line feeds alone', 'HTTP/1.1 200 OK\nContent-Length: 1\n\nx', 'broken'),
  answer('an empty line first', `\r\n${head(A)}x`, 'broken'),
  answer('another protocol', 'SSH-2.0-Server\r\n', 'broken'),
  answer('HTTP/2', 'HTTP/2 200\r\n\r\n', 'broken'),
  answer('HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n', 'broken'),
  answer('HTTP/0.9', '<html>hello</html>', 'broken'),
  answer('a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'broken'),
  answer('a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'broken'),
  answer('a status out of range', 'HTTP/1.1 600 Hm\r\n\r\n', 'broken'),
  answer('two blanks before the status', 'HTTP/1.1  200 OK\r\n\r\n', 'broken'),
  answer('a head without end', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(33_000)}`, 'broken'),
  answer('headers without end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(300)}\r\n`, 'broken'),
];
