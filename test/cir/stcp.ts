/** Both ends of an STCP channel for tests: a phone that says what it is told to say, and a VASP that hears and calls. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A socket whose lines can be awaited one after the other. */
export class Line {
  readonly socket: Socket;
  readonly #lines: string[] = [];
  #rest = '';
  #isClosed = false;
  #changed: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      const parts = (this.#rest + chunk).split('\r\n');
      this.#rest = parts.pop() ?? '';
      this.#lines.push(...parts);
      this.#changed?.();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isClosed = true;
      this.#changed?.();
    });
  }

  static async to(port: number): Promise<Line> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const line = new Line(socket);
    await once(socket, 'connect');
    return line;
  }

  send(text: string): void {
    this.socket.write(text);
  }

  /** The next line; `closed` when the other side has closed and said nothing more. */
  async next(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#isClosed) return 'closed';
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  /** Says something and hears the answer. */
  ask(text: string): Promise<string> {
    this.send(text);
    return this.next();
  }

  /** Lines that came and were not read. */
  get unread(): readonly string[] {
    return this.#lines;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A VASP's STCP server that hands over each connection, its HELO read. */
export class StcpVasp {
  readonly #server: Server;
  readonly #waiting: Line[] = [];
  readonly #open = new Set<Socket>();
  #arrived: (() => void) | undefined;
  /** Connections so far. */
  connections = 0;

  private constructor() {
    this.#server = createServer((socket) => {
      this.connections += 1;
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
      this.#waiting.push(new Line(socket));
      this.#arrived?.();
    });
  }

  static async listen(): Promise<StcpVasp> {
    const vasp = new StcpVasp();
    vasp.#server.listen(0, '127.0.0.1');
    await once(vasp.#server, 'listening');
    return vasp;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next connection, with what it said first. */
  async next(): Promise<{ readonly line: Line; readonly said: string }> {
    while (this.#waiting.length === 0) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    const line = this.#waiting.shift() as Line;
    return { line, said: await line.next() };
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
