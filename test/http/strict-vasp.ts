/**
 * A VASP that reads requests by the letter (`strict-http.ts`) and records what it really read, on the bytes of its sockets.
 * Answers `X-Seen` with the request's `X-Marker`. What it cannot read is a violation: somebody let through what two
 * parsers read differently.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { readRequest, type StrictRequest, valuesOf } from './strict-http.ts';

export class StrictVasp {
  readonly port: number;
  readonly requests: StrictRequest[] = [];
  /** Bytes that were no request. */
  readonly violations: string[] = [];
  readonly open: Set<Socket>;
  readonly #server: Server;

  private constructor(server: Server, port: number, open: Set<Socket>) {
    this.#server = server;
    this.port = port;
    this.open = open;
  }

  /** `answer` says when and with what a request is answered; at once and empty unless given. */
  static start(answer: (socket: Socket, marker: string) => void = answerSeen): Promise<StrictVasp> {
    const open = new Set<Socket>();
    return new Promise((resolve) => {
      const server = createServer((socket) => {
        open.add(socket);
        socket.setNoDelay(true);
        socket.on('close', () => open.delete(socket));
        socket.on('error', () => socket.destroy());
        let pending = '';
        socket.on('data', (chunk: Buffer) => {
          pending += chunk.toString('latin1');
          for (let read = readRequest(pending); read.kind !== 'incomplete'; read = readRequest(pending)) {
            if (read.kind === 'malformed') {
              vasp.violations.push(pending);
              socket.destroy();
              return;
            }
            pending = pending.slice(read.end);
            vasp.requests.push(read.request);
            answer(socket, markerOf(read.request));
          }
        });
        // What is left half is no harm when the gateway gave it up; a whole head without its end would be.
        socket.on('end', () => socket.end());
      });
      let vasp: StrictVasp;
      server.listen(0, '127.0.0.1', 1024, () => {
        const address = server.address();
        vasp = new StrictVasp(server, typeof address === 'object' ? (address?.port ?? 0) : 0, open);
        resolve(vasp);
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  stop(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

export const markerOf = ({ headers }: StrictRequest): string => valuesOf(headers, 'x-marker').join(',');

export function answerSeen(socket: Socket, marker: string): void {
  socket.write(`HTTP/1.1 200 OK\r\nX-Seen: ${marker}\r\nContent-Length: 0\r\n\r\n`, 'latin1');
}
