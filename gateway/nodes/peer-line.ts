/** The line to one other node, as a channel needs it: what is sent goes out sealed, and it closes when the node is gone. */
import type { Line } from '../workers/channel.ts';

export class PeerLine implements Line {
  readonly #publish: (message: unknown, failed: () => void) => void;
  readonly #messages: ((message: unknown) => void)[] = [];
  readonly #closes: (() => void)[] = [];
  #isClosed = false;

  /** @param publish throws what cannot be sent for its own sake */
  constructor(publish: (message: unknown, failed: () => void) => void) {
    this.#publish = publish;
  }

  send(message: unknown, failed: () => void): void {
    if (this.#isClosed) failed();
    else this.#publish(message, failed);
  }

  receive(message: unknown): void {
    if (!this.#isClosed) for (const listener of this.#messages) listener(message);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const listener of this.#closes) listener();
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#messages.push(listener);
  }

  onClose(listener: () => void): void {
    this.#closes.push(listener);
  }
}
