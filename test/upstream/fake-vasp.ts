/** A VASP on raw sockets that does exactly what a test wants: records requests as bytes and answers with any bytes. */
import { createServer, type Server, type Socket } from 'node:net';

export class FakeVasp {
  readonly port: number;
  /** Every whole request received, as it came; characters are bytes. */
  readonly requests: string[] = [];
  /** Connections open now. */
  readonly open: Set<Socket>;
  /** Every connection there ever was, in order. */
  readonly sockets: Socket[] = [];
  readonly #server: Server;

  private constructor(server: Server, port: number, open: Set<Socket>) {
    this.#server = server;
    this.port = port;
    this.open = open;
  }

  /** `answer` is called for each whole request. */
  static start(answer: (socket: Socket, request: string, vasp: FakeVasp) => void): Promise<FakeVasp> {
    const open = new Set<Socket>();
    return new Promise((resolve) => {
      const server = createServer((socket) => {
        vasp.sockets.push(socket);
        open.add(socket);
        socket.on('close', () => open.delete(socket));
        socket.on('error', () => socket.destroy());
        let pending = '';
        socket.on('data', (chunk: Buffer) => {
          pending += chunk.toString('latin1');
          for (let end = endOfRequest(pending); end !== -1; end = endOfRequest(pending)) {
            const request = pending.slice(0, end);
            pending = pending.slice(end);
            vasp.requests.push(request);
            answer(socket, request, vasp);
          }
        });
      });
      let vasp: FakeVasp;
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        vasp = new FakeVasp(server, typeof address === 'object' ? (address?.port ?? 0) : 0, open);
        resolve(vasp);
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get connections(): number {
    return this.sockets.length;
  }

  /** Waits until the connection on which the first request came is closed. */
  async firstClosed(): Promise<void> {
    while (this.sockets[0] === undefined || this.open.has(this.sockets[0])) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Waits until no connection is left open. */
  async quiet(): Promise<void> {
    while (this.open.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  stop(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

function endOfRequest(bytes: string): number {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return -1;
  const head = bytes.slice(0, headEnd);
  if (/\r\ntransfer-encoding: chunked/i.test(head)) {
    const last = bytes.indexOf('0\r\n\r\n', headEnd + 4);
    return last === -1 ? -1 : last + 5;
  }
  const end = headEnd + 4 + Number(/\r\ncontent-length: *([0-9]+)/i.exec(head)?.[1] ?? 0);
  return end <= bytes.length ? end : -1;
}

/** A whole answer with that body. */
export function answerOf(body: string, ...headers: readonly string[]): string {
  return `${['HTTP/1.1 200 OK', ...headers, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`;
}
