/** Sends SUDP calls [X51, P9.2]: one datagram each, without a line's end. Nobody answers, and what cannot be sent is lost. */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { CirAddress } from '../cir-ports.ts';

export class Datagrams {
  readonly #socket: Socket;
  readonly #isIPv6: boolean;

  /** @param host where datagrams come from: an address of this machine, or 0.0.0.0 or :: for whichever is right. */
  constructor(host: string) {
    this.#isIPv6 = isIPv6(host);
    this.#socket = createSocket({ type: this.#isIPv6 ? 'udp6' : 'udp4' });
    // What a client's network says about a lost datagram is of no use to anybody.
    this.#socket.on('message', () => {});
  }

  /** Resolves with the address in use; port 0 takes a free one. Rejects with the system's error. */
  listen({ host, port }: CirAddress): Promise<CirAddress> {
    return new Promise((resolve, reject) => {
      this.#socket.once('error', reject);
      this.#socket.bind({ address: host, port }, () => {
        this.#socket.off('error', reject);
        this.#socket.on('error', () => {});
        this.#socket.unref();
        const { address, port: taken } = this.#socket.address();
        resolve({ host: address, port: taken });
      });
    });
  }

  send(text: string, host: string, port: number): void {
    // A socket of one family does not reach the other, but for IPv4 written as IPv6.
    if (isIPv6(host) && !this.#isIPv6) return;
    const address = this.#isIPv6 && !isIPv6(host) ? `::ffff:${host}` : host;
    this.#socket.send(text, port, address, () => {});
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#socket.close(() => resolve());
    });
  }
}
