/**
 * A few kept-alive connections that many simulated phones share, as those behind an operator's WAP gateway do: each request
 * takes a free one. Raw sockets, so that thousands of requests a second leave the machine to what is measured.
 */
import { connect, type Socket } from 'node:net';

/** The connection broke before the whole answer was there: nobody knows whether the gateway heard. */
export class Broken extends Error {}

interface Job {
  readonly head: string;
  readonly body: Buffer;
  readonly answered: (body: Buffer) => void;
  readonly failed: (error: Error) => void;
}

const HEAD_END = '\r\n\r\n';

export class Lanes {
  readonly #count: number;
  readonly #open = new Set<Lane>();
  readonly #idle: Lane[] = [];
  readonly #waiting: Job[] = [];
  #port: number;

  constructor(port: number, count: number) {
    this.#port = port;
    this.#count = count;
  }

  /** The gateway listens elsewhere from now on. */
  moveTo(port: number): void {
    this.close();
    this.#port = port;
  }

  /** The answer's body; rejects with {@link Broken}, or when the answer is not 200. */
  send(path: string, contentType: string, body: Buffer): Promise<Buffer> {
    const head =
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${this.#port}\r\nContent-Type: ${contentType}\r\n` +
      `Content-Length: ${body.length}\r\n\r\n`;
    return new Promise((answered, failed) => {
      this.#waiting.push({ head, body, answered, failed });
      this.#next();
    });
  }

  /** Breaks whatever is under way. */
  close(): void {
    for (const lane of [...this.#open]) lane.close();
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const lane = this.#idle.pop() ?? this.#another();
      const job = lane && this.#waiting.shift();
      if (lane === undefined || job === undefined) return;
      lane.take(job);
    }
  }

  #another(): Lane | undefined {
    if (this.#open.size >= this.#count) return undefined;
    const lane = new Lane(this.#port, {
      idle: () => {
        this.#idle.push(lane);
        this.#next();
      },
      closed: () => {
        this.#open.delete(lane);
        const at = this.#idle.indexOf(lane);
        if (at !== -1) this.#idle.splice(at, 1);
        this.#next();
      },
    });
    this.#open.add(lane);
    return lane;
  }
}

interface LaneEvents {
  readonly idle: () => void;
  readonly closed: () => void;
}

class Lane {
  readonly #socket: Socket;
  readonly #events: LaneEvents;
  #pending: Buffer = Buffer.alloc(0);
  #job: Job | undefined;
  #isClosed = false;

  constructor(port: number, events: LaneEvents) {
    this.#events = events;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk) => this.#read(chunk));
    this.#socket.on('error', () => this.close());
    this.#socket.on('close', () => this.close());
  }

  take(job: Job): void {
    this.#job = job;
    this.#socket.write(Buffer.concat([Buffer.from(job.head, 'latin1'), job.body]));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.destroy();
    const job = this.#job;
    this.#job = undefined;
    this.#events.closed();
    job?.failed(new Broken('the connection broke'));
  }

  #read(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const headEnd = this.#pending.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = this.#pending.toString('latin1', 0, headEnd);
    const bodyAt = headEnd + HEAD_END.length;
    const length = Number(/\r\ncontent-length: *([0-9]+)/i.exec(head)?.[1] ?? 0);
    if (this.#pending.length < bodyAt + length) return;
    const body = this.#pending.subarray(bodyAt, bodyAt + length);
    const job = this.#job;
    this.#pending = Buffer.alloc(0);
    this.#job = undefined;
    if (head.startsWith('HTTP/1.1 200 ')) job?.answered(body);
    else job?.failed(new Error(`answered ${head.split('\r\n')[0]}`));
    if (/\r\nconnection: *close/i.test(head)) this.close();
    else this.#events.idle();
  }
}
