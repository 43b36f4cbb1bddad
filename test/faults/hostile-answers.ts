/**
 * What a hostile VASP does with a request, by name, and what its client may be told: the codes of a protocol answer. 200
 * stands where the right answer came through whatever came with it.
 */
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

/** The answer that the request should get, and one that nobody asked for. */
export interface Answers {
  readonly contentType: string;
  readonly right: Buffer;
  readonly forged: Buffer;
}

export interface Hostility {
  readonly codes: readonly string[];
  /** Whether the gateway gives up only when the time is over. */
  readonly isSlow?: boolean;
  /** Whether only requests are sent whose answers are read: others may pass on what claims to be a message [X5]. */
  readonly isForReaders?: boolean;
  /** What it does when it is connected to. */
  readonly greet?: (socket: Socket) => void;
  /** What it does with a whole request. */
  readonly answer: (socket: Socket, answers: Answers) => void;
}

const REFUSED = ['503'];
const TIMED_OUT = ['504'];
/** Too much, or too late: whichever limit is reached first. */
const BOUNDED = [...REFUSED, ...TIMED_OUT];
const RIGHT = ['200'];
const OK = 'HTTP/1.1 200 OK';
const head = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const typed = ({ contentType }: Answers): string => `Content-Type: ${contentType}`;
const lengthOf = (body: Buffer | string): string => `Content-Length: ${body.length}`;

/** Bytes go out only while the connection stands. */
function write(socket: Socket, ...pieces: readonly (string | Buffer)[]): void {
  for (const piece of pieces) if (socket.writable) socket.write(piece, 'latin1');
}

function whole(body: Buffer, ...lines: readonly string[]): Buffer {
  return Buffer.concat([Buffer.from(head(OK, ...lines, lengthOf(body))), body]);
}

/** Writes piece after piece until the connection is closed. */
function drip(socket: Socket, piece: (count: number) => string): void {
  let count = 0;
  const timer = setInterval(() => write(socket, piece(count++)), 5);
  socket.once('close', () => clearInterval(timer));
}

function pour(socket: Socket, piece: string): void {
  if (socket.writable && !socket.destroyed)
    socket.write(piece, 'latin1', (error) => !error && setImmediate(pour, socket, piece));
}

function fixed(bytes: (answers: Answers) => string): Hostility {
  return { codes: REFUSED, answer: (socket, answers) => write(socket, bytes(answers)) };
}

const HTML = `<html><body>${'It works! '.repeat(50)}</body></html>`;

export const HOSTILITIES: Readonly<Record<string, Hostility>> = {
  'never answers': { codes: TIMED_OUT, isSlow: true, answer: () => {} },
  'resets the connection': { codes: REFUSED, answer: (socket) => void socket.resetAndDestroy() },
  'closes the connection': { codes: REFUSED, answer: (socket) => void socket.end() },
  'ends inside the head': { codes: REFUSED, answer: (socket) => void socket.end(`${OK}\r\nContent-Ty`) },
  'drips its head': {
    codes: TIMED_OUT,
    isSlow: true,
    answer: (socket) => drip(socket, (count) => `${OK}\r\nX: ${'y'.repeat(500)}`.charAt(count)),
  },
  'sends headers without end': {
    codes: BOUNDED,
    answer: (socket) => {
      write(socket, `${OK}\r\n`);
      pour(socket, 'X-Flood: aaaaaaaaaaaaaaaa\r\n'.repeat(100));
    },
  },
  'sends a body without end': {
    codes: BOUNDED,
    answer: (socket) => {
      write(socket, head(OK));
      pour(socket, 'x'.repeat(16_384));
    },
  },
  'announces a body without end': fixed((answers) => head(OK, typed(answers), 'Content-Length: 99999999')),
  'sends less than its length, and ends': {
    codes: REFUSED,
    answer: (socket, answers) =>
      void socket.end(
        Buffer.concat([
          Buffer.from(head(OK, typed(answers), `Content-Length: ${answers.right.length + 1}`)),
          answers.right,
        ]),
      ),
  },
  'sends more than its length': {
    codes: RIGHT,
    answer: (socket, answers) => write(socket, Buffer.concat([whole(answers.right, typed(answers)), answers.forged])),
  },
  'drips its body': {
    codes: TIMED_OUT,
    isSlow: true,
    answer: (socket, answers) => {
      write(socket, head(OK, typed(answers), 'Content-Length: 5000'));
      drip(socket, () => ' ');
    },
  },
  'drips its chunks': {
    codes: TIMED_OUT,
    isSlow: true,
    answer: (socket, answers) => {
      write(socket, head(OK, typed(answers), 'Transfer-Encoding: chunked'));
      drip(socket, () => '1\r\n \r\n');
    },
  },
  'tells two lengths': fixed((answers) => `${head(OK, typed(answers), 'Content-Length: 1', 'Content-Length: 2')}xx`),
  'tells a length and sends chunks': {
    codes: REFUSED,
    answer: (socket, answers) =>
      write(socket, head(OK, typed(answers), 'Transfer-Encoding: chunked', lengthOf(answers.right)), answers.right),
  },
  'sends chunks of a bad size': fixed(
    (answers) => `${head(OK, typed(answers), 'Transfer-Encoding: chunked')}-5\r\nhello\r\n0\r\n\r\n`,
  ),
  'sends a chunk without an end': fixed(
    (answers) => `${head(OK, typed(answers), 'Transfer-Encoding: chunked')}5\r\nhello0\r\n\r\n`,
  ),
  'sends another transfer encoding': fixed((answers) => head(OK, typed(answers), 'Transfer-Encoding: gzip')),
  'sends a page of HTML': fixed(() => head(OK, 'Content-Type: text/html', lengthOf(HTML)) + HTML),
  'sends a page of HTML as an error': fixed(
    () => head('HTTP/1.1 500 Oops', 'Content-Type: text/html', 'Connection: close', lengthOf(HTML)) + HTML,
  ),
  'sends HTML in the name of a message': {
    ...fixed((answers) => head(OK, typed(answers), lengthOf(HTML)) + HTML),
    isForReaders: true,
  },
  'sends nothing': fixed((answers) => head(OK, typed(answers), 'Content-Length: 0')),
  'sends 204': fixed(() => head('HTTP/1.1 204 No Content')),
  'sends elsewhere': fixed(() => head('HTTP/1.1 302 Found', 'Location: http://127.0.0.1:1/', 'Content-Length: 0')),
  'switches protocols': fixed(() => head('HTTP/1.1 101 Switching Protocols', 'Connection: upgrade', 'Upgrade: h2c')),
  'sends informational answers without end': {
    codes: BOUNDED,
    answer: (socket) => pour(socket, head('HTTP/1.1 103 Early Hints', 'Link: </x>')),
  },
  'speaks another protocol': fixed(() => 'SSH-2.0-OpenSSH_3.9\r\n'),
  'speaks line feeds alone': {
    codes: REFUSED,
    answer: (socket, answers) =>
      write(socket, `HTTP/1.1 200 OK\n${typed(answers)}\n${lengthOf(answers.right)}\n\n`, answers.right),
  },
  'folds a header': {
    codes: REFUSED,
    answer: (socket, answers) =>
      write(socket, head(OK, 'X: 1', `\t${typed(answers)}`, lengthOf(answers.right)), answers.right),
  },
  'answers twice': {
    codes: RIGHT,
    answer: (socket, answers) =>
      write(socket, Buffer.concat([whole(answers.right, typed(answers)), whole(answers.forged, typed(answers))])),
  },
  'answers twice, one after the other': {
    codes: RIGHT,
    answer: (socket, answers) =>
      write(socket, whole(answers.right, typed(answers)), whole(answers.forged, typed(answers))),
  },
  'answers a second time when nobody asked': {
    codes: RIGHT,
    answer: (socket, answers) => {
      write(socket, whole(answers.right, typed(answers), 'Keep-Alive: timeout=9'));
      setImmediate(write, socket, whole(answers.forged, typed(answers)));
    },
  },
  'answers before it is asked': {
    codes: REFUSED,
    greet: (socket) => write(socket, head('HTTP/1.1 503 Busy', 'Content-Length: 0')),
    answer: () => {},
  },
  'has compressed its answer': {
    codes: REFUSED,
    isForReaders: true,
    answer: (socket, answers) =>
      write(socket, whole(gzipSync(answers.right), typed(answers), 'Content-Encoding: gzip')),
  },
  'tells a wrong type': {
    codes: RIGHT,
    answer: (socket, answers) => write(socket, whole(answers.right, 'Content-Type: text/html')),
  },
  'closes after each answer, and does not say so': {
    codes: RIGHT,
    answer: (socket, answers) => void socket.end(whole(answers.right, typed(answers), 'Connection: keep-alive')),
  },
};
