/**
 * A network that can be bad: hands bytes on between whoever connects and one server, later than they came, or not at all for
 * a while, or breaks every connection. What was sent while it held back arrives afterwards, in order.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Held {
  readonly to: Socket;
  readonly chunk: Buffer;
  readonly dueAt: number;
}

const TICK_MILLIS = 5;

export class FaultProxy {
  /** Each way. */
  delayMillis = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;
  #held: Held[] = [];
  #isPaused = false;
  #isRefusing = false;

  private constructor(port: number) {
    this.#server = createServer((client) => {
      if (this.#isRefusing) {
        client.resetAndDestroy();
        return;
      }
      const server = connect({ port, host: '127.0.0.1', noDelay: true });
      client.setNoDelay(true);
      this.#hand(client, server);
      this.#hand(server, client);
    });
    this.#timer = setInterval(() => this.#release(), TICK_MILLIS);
  }

  /** @param port of the server on this machine */
  static async to(port: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(port);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Nothing goes through, and nothing breaks. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  /** Breaks every connection, and those that are made until {@link accept}. */
  refuse(): void {
    this.#isRefusing = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  accept(): void {
    this.#isRefusing = false;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #hand(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('data', (chunk: Buffer) => {
      if (this.delayMillis === 0 && !this.#isPaused && this.#held.length === 0) to.write(chunk);
      else this.#held.push({ to, chunk, dueAt: performance.now() + this.delayMillis });
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }

  #release(): void {
    if (this.#isPaused || this.#held.length === 0) return;
    const now = performance.now();
    const isDue = ({ dueAt }: Held): boolean => dueAt <= now;
    const first = this.#held.findIndex((one) => !isDue(one));
    const due = first === -1 ? this.#held.splice(0) : this.#held.splice(0, first);
    for (const { to, chunk } of due) if (!to.destroyed) to.write(chunk);
  }
}
