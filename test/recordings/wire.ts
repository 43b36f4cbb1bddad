/**
 * Both ends of the wire as octets: a VASP that answers with exactly the bytes that it is told, malformed headers, closed
 * connections and all, and a client that sends exactly the bytes that it is told.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { headerOf, octetsOf, type RecordedAnswer, type RecordedMessage } from './recording.ts';

/** A VASP on a TCP port. Each request takes the next answer; with none left, an empty 200. */
export class ReplayVasp {
  /** Every request, in order, since `reset`. */
  readonly seen: RecordedMessage[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #answers: RecordedAnswer[] = [];

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async listen(): Promise<ReplayVasp> {
    const vasp = new ReplayVasp();
    vasp.#server.listen(0, '127.0.0.1');
    await once(vasp.#server, 'listening');
    return vasp;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Forgets what was seen and sets the answers to come. */
  reset(...answers: readonly RecordedAnswer[]): void {
    this.seen.length = 0;
    this.#answers = [...answers];
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const reader = new MessageReader((message) => {
      this.seen.push(message);
      const answer = this.#answers.shift() ?? EMPTY_ANSWER;
      if (answer.kind === 'closed') socket.destroy();
      else if (answer.kind === 'answer') {
        socket.write(octetsOf(answer.message));
        if (answer.closes) socket.end();
      }
    });
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
  }
}

const EMPTY_ANSWER: RecordedAnswer = {
  kind: 'answer',
  message: { startLine: 'HTTP/1.1 200 OK', headers: ['Content-Length', '0'], body: Buffer.alloc(0) },
  closes: false,
};

/** Sends the octets on a connection of their own; undefined when it is closed before an answer was complete. */
export async function exchange(port: number, octets: Uint8Array): Promise<RecordedMessage | undefined> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  const toHead = Buffer.from(octets.subarray(0, 5)).toString() === 'HEAD ';
  try {
    return await new Promise((resolve) => {
      const reader = new MessageReader((message) => {
        // An interim answer announces the one that counts.
        if (!/^HTTP\/1\.[01] 1/.test(message.startLine)) resolve(message);
      }, toHead);
      socket.on('data', (chunk: Buffer) => reader.push(chunk));
      socket.on('close', () => resolve(undefined));
      socket.write(octets);
    });
  } finally {
    socket.destroy();
  }
}

/** The number in a status line. */
export function statusOf({ startLine }: RecordedMessage): number {
  return Number(startLine.split(' ')[1]);
}

/** Cuts a stream into messages by their Content-Length; answers to HEAD have none of what that announces. */
class MessageReader {
  readonly #take: (message: RecordedMessage) => void;
  readonly #isBodiless: boolean;
  #received = Buffer.alloc(0);

  constructor(take: (message: RecordedMessage) => void, isBodiless = false) {
    this.#take = take;
    this.#isBodiless = isBodiless;
  }

  push(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      const headEnd = this.#received.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      const [startLine = '', ...lines] = this.#received.subarray(0, headEnd).toString('latin1').split('\r\n');
      const headers = lines.flatMap((line) => [
        line.slice(0, line.indexOf(':')),
        line.slice(line.indexOf(':') + 1).trim(),
      ]);
      const length = this.#isBodiless ? 0 : Number(headerOf(headers, 'content-length') ?? 0);
      const end = headEnd + 4 + length;
      if (this.#received.length < end) return;
      const body = Buffer.from(this.#received.subarray(headEnd + 4, end));
      this.#received = this.#received.subarray(end);
      this.#take({ startLine, headers, body });
    }
  }
}
