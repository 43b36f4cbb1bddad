/** One kept-alive connection of the load's clients: a raw socket, one request at a time, every answer compared. */
import { connect, type Socket } from 'node:net';
import { REPLY_BODY } from './upstream-server-messages.ts';

const HEAD_END = '\r\n\r\n';

export class LoadClient {
  readonly #socket: Socket;
  #pending: Buffer = Buffer.alloc(0);
  #answered: ((isRight: boolean) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => this.#finish(false));
    socket.on('close', () => this.#finish(false));
  }

  static open(port: number): Promise<LoadClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.off('error', reject);
        resolve(new LoadClient(socket));
      });
      socket.once('error', reject);
    });
  }

  /** A proxy may have closed what was idle. */
  get isOpen(): boolean {
    return this.#socket.readyState === 'open';
  }

  /** Sends a request; `answered` hears once whether the VASP's answer came back as it was. */
  send(wire: Buffer, answered: (isRight: boolean) => void): void {
    this.#answered = answered;
    if (this.isOpen) this.#socket.write(wire);
    else this.#finish(false);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const headEnd = this.#pending.indexOf(HEAD_END);
    if (headEnd === -1 || this.#pending.length < headEnd + HEAD_END.length + REPLY_BODY.length) return;
    const isRight =
      this.#pending.toString('latin1', 9, 12) === '200' &&
      this.#pending.subarray(headEnd + HEAD_END.length).equals(REPLY_BODY);
    this.#finish(isRight);
  }

  #finish(isRight: boolean): void {
    this.#pending = Buffer.alloc(0);
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(isRight);
  }
}
