/**
 * Makes attempts to smuggle: one connection's bytes each, in which a request stands whose framing is unclear, wrong or
 * damaged, with another request inside its body and an innocent one behind it. By rule: method × target × framing ×
 * mutation, out of a seed.
 */

export type Random = () => number;

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
const upTo = (random: Random, most: number): number => Math.floor(random() * (most + 1));

const METHODS = [
  'POST',
  'POST',
  'POST',
  'POST',
  'GET',
  'HEAD',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'post',
  'M-SEARCH',
];
const TARGETS = ['/imps', '/content/x', '/content/x?q=1', 'http://im.example/imps', '/content//x', '/content/../imps'];

const CODINGS = [
  'chunked',
  'Chunked',
  'xchunked',
  'chunked, identity',
  'identity, chunked',
  'gzip, chunked',
  '\x0bchunked',
  'chunked\x00',
  '"chunked"',
  'chunked;q=1',
  'chu nked',
  '',
];
const LENGTHS = [
  '+N',
  'N,N',
  'N N',
  '0N',
  '-N',
  '0xN',
  'N.0',
  'N\x0b',
  '\x00N',
  '1eN',
  ' N',
  'N\t',
  '99999999999999999999',
];
const LINES = [
  'Transfer-Encoding: chunked',
  'Transfer_Encoding: chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding\x00: chunked',
  'X: y\rTransfer-Encoding: chunked',
  'X: y\nTransfer-Encoding: chunked',
  'X: y\nContent-Length: 0',
  'Content-Length: 0',
  'Content-Length : 3',
  'Content_Length: 3',
  ' Content-Length: 3',
  'content-length: 3',
  'Connection: content-length',
  'Connection: transfer-encoding, x-other',
  'Connection: close',
  'Keep-Alive: x',
  'Upgrade: h2c',
  'Expect: 100-continue',
  'Host: other.example',
  'Trailer: Content-Length',
  'TE: trailers',
  'X-Folded: a\r\n b',
  'X-HTTP-Method-Override: DELETE',
];
const INSERTS = ['\r', '\n', '\0', ' ', '\t', '\x0b', ':', '\r\n', '\xa0', '\x85', '0', 'a', ';', '\x7f'];

const chunked = (body: string, size = body.length.toString(16)): string => `${size}\r\n${body}\r\n0\r\n\r\n`;

/** Header lines and a body by one of the ways in which bodies are announced, right and wrong. */
function framed(random: Random, body: string): { readonly lines: string[]; readonly bytes: string } {
  const length = `Content-Length: ${body.length}`;
  const coding = 'Transfer-Encoding: chunked';
  const written = chunked(body);
  switch (upTo(random, 15)) {
    case 0:
      return { lines: [], bytes: '' };
    case 1:
      return { lines: [], bytes: body };
    case 2:
      return { lines: [length], bytes: body };
    case 3:
      return { lines: [`Content-Length: ${upTo(random, body.length)}`], bytes: body };
    case 4:
      return { lines: [`Content-Length: ${body.length + 1 + upTo(random, 40)}`], bytes: body };
    case 5:
      return { lines: [coding], bytes: written };
    case 6:
      return { lines: [length, coding], bytes: written };
    case 7:
      return { lines: [coding, `Content-Length: ${written.length}`], bytes: written };
    case 8:
      return { lines: [length, `Content-Length: ${upTo(random, 9)}`], bytes: body };
    case 9:
      return { lines: [`Transfer-Encoding: ${pick(random, CODINGS)}`], bytes: written };
    case 10:
      return { lines: [coding, `Transfer-Encoding: ${pick(random, CODINGS)}`], bytes: written };
    case 11:
      return { lines: [`Content-Length: ${pick(random, LENGTHS).replaceAll('N', String(body.length))}`], bytes: body };
    case 12:
      return { lines: [coding], bytes: `0\r\n\r\n${body}` };
    case 13:
      return {
        lines: [coding],
        bytes: chunked(body, `${body.length.toString(16)};x="\r\n`.slice(0, 2 + upTo(random, 6))),
      };
    case 14:
      return { lines: [coding], bytes: `${written.slice(0, -2)}Content-Length: 5\r\n\r\n` };
    default:
      return {
        lines: [coding],
        bytes: chunked(
          body,
          `${pick(random, ['0', '-', '0x', '+', ' ', ''])}${(body.length + upTo(random, 3) - 1).toString(16)}${pick(random, ['', ' ', '\t', '\n', 'g'])}`,
        ),
      };
  }
}

function mutated(random: Random, text: string): string {
  const at = upTo(random, text.length - 1);
  const lineEnds = [...text.matchAll(/\r\n/g)].map(({ index }) => index);
  const lineEnd = pick(random, lineEnds);
  switch (upTo(random, 7)) {
    case 0:
      return text.slice(0, at) + pick(random, INSERTS) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return `${text.slice(0, lineEnd)}\n${text.slice(lineEnd + 2)}`;
    case 3:
      return `${text.slice(0, lineEnd)}\r${text.slice(lineEnd + 2)}`;
    case 4:
      return `${text.slice(0, lineEnd)}\r\n${pick(random, LINES)}${text.slice(lineEnd)}`;
    case 5:
      return text.slice(0, at) + String.fromCharCode(upTo(random, 255)) + text.slice(at + 1);
    case 6: {
      const colon = text.indexOf(':', lineEnd);
      return colon === -1 ? text : `${text.slice(0, colon)} ${text.slice(colon)}`;
    }
    default: {
      const [first = '', ...rest] = text.split('\r\n');
      return [
        first,
        pick(
          random,
          rest.filter((line) => line.includes(':')),
        ) ?? 'X: y',
        ...rest,
      ].join('\r\n');
    }
  }
}

const innocent = (marker: string): string =>
  `POST /imps HTTP/1.1\r\nHost: im.example\r\nX-Marker: ${marker}\r\nContent-Length: 4\r\n\r\nGET `;

/** The bytes of one connection. */
export function attemptOf(random: Random, number: number): string {
  const smuggled = `GET /content/evil HTTP/1.1\r\nHost: im.example\r\nX-Marker: ${number}-evil\r\n\r\n`;
  const body = pick(random, [smuggled, `0\r\n\r\n${smuggled}`, `5\r\nhello\r\n0\r\n\r\n${smuggled}`, 'hello', '']);
  const { lines, bytes } = framed(random, body);
  const version = pick(random, ['1.1', '1.1', '1.1', '1.1', '1.0', '2.0', '1.2']);
  const extra = random() < 0.3 ? [pick(random, LINES)] : [];
  const head = [
    `${pick(random, METHODS)} ${pick(random, TARGETS)} HTTP/${version}`,
    'Host: im.example',
    `X-Marker: ${number}-b`,
  ];
  const headers = random() < 0.5 ? [...lines, ...extra] : [...extra, ...lines];
  let request = `${[...head, ...headers].join('\r\n')}\r\n\r\n`;
  for (let mutations = pick(random, [0, 0, 1, 1, 2]); mutations > 0; mutations--) request = mutated(random, request);
  const before = random() < 0.3 ? innocent(`${number}-a`) : '';
  return before + request + bytes + innocent(`${number}-c`);
}

/** The bytes in pieces, cut anywhere. */
export function inSegments(random: Random, bytes: string): string[] {
  const cuts = Array.from({ length: pick(random, [0, 0, 1, 2, 5]) }, () => upTo(random, bytes.length)).toSorted(
    (a, b) => a - b,
  );
  return [0, ...cuts].map((cut, index) => bytes.slice(cut, cuts[index])).filter((piece) => piece !== '');
}
