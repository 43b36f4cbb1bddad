/** A client that sends whatever bytes it is told to, and reads answers as bytes. */
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly statusCode: number;
  /** Status line and headers as they came, without the empty line. */
  readonly head: string;
  readonly body: string;
}

export class RawClient {
  readonly socket: Socket;
  #received = '';
  #isClosed = false;
  #wake: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#notify();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#isClosed = true;
      this.#notify();
    });
  }

  static connect(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new RawClient(socket)));
      socket.once('error', reject);
    });
  }

  send(raw: string): void {
    this.socket.write(raw, 'latin1');
  }

  /** Everything received so far. */
  get received(): string {
    return this.#received;
  }

  /** Waits until that many answers are complete, or the connection is closed. Answers to HEAD have no body. */
  async answers(count: number, toHead = false): Promise<RawAnswer[]> {
    for (;;) {
      const parsed = parseAnswers(this.#received, toHead);
      if (parsed.length >= count || this.#isClosed) return parsed;
      await this.#change();
    }
  }

  async closed(): Promise<void> {
    while (!this.#isClosed) await this.#change();
  }

  destroy(): void {
    this.socket.destroy();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake.push(resolve);
    });
  }

  #notify(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}

/** The complete answers at the beginning of what was received. Understands lengths and chunks. */
export function parseAnswers(received: string, toHead = false): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = received;
  for (;;) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd === -1) return answers;
    const head = rest.slice(0, headEnd);
    const statusCode = Number(head.slice(9, 12));
    rest = rest.slice(headEnd + 4);
    let body = '';
    if (toHead) {
      answers.push({ statusCode, head, body });
      continue;
    }
    if (/\r\ntransfer-encoding: chunked/i.test(head)) {
      const chunks = /^((?:[0-9a-f]+\r\n[\s\S]*?\r\n)*?)0\r\n\r\n/i.exec(rest);
      if (chunks === null) return answers;
      body = (chunks[1] ?? '').replace(/[0-9a-f]+\r\n([\s\S]*?)\r\n/gi, '$1');
      rest = rest.slice(chunks[0].length);
    } else {
      const length = Number(/\r\ncontent-length: *([0-9]+)/i.exec(head)?.[1] ?? 0);
      if (rest.length < length) return answers;
      body = rest.slice(0, length);
      rest = rest.slice(length);
    }
    answers.push({ statusCode, head, body });
  }
}
