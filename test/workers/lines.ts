/** Two ends of one pipe in one process: what goes in at one side comes out at the other as plain data, a moment later. */
import { Channel, type Line } from '../../gateway/workers/channel.ts';

export interface Pipe {
  readonly primary: Channel;
  readonly worker: Channel;
  /** The other process is gone, for both. */
  cut(): void;
}

export function pipe(timeoutMillis?: number): Pipe {
  const ends = [new End(), new End()] as const;
  const [one, other] = ends;
  one.other = other;
  other.other = one;
  return {
    primary: new Channel(one, timeoutMillis),
    worker: new Channel(other, timeoutMillis),
    cut() {
      for (const end of ends) end.close();
    },
  };
}

class End implements Line {
  other: End | undefined;
  readonly #messages: ((message: unknown) => void)[] = [];
  readonly #closes: (() => void)[] = [];
  #isClosed = false;

  send(message: unknown, failed: () => void): void {
    const copy: unknown = structuredClone(message);
    if (this.#isClosed) failed();
    else setImmediate(() => this.other?.receive(copy));
  }

  receive(message: unknown): void {
    if (!this.#isClosed) for (const listener of this.#messages) listener(message);
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#messages.push(listener);
  }

  onClose(listener: () => void): void {
    this.#closes.push(listener);
  }

  close(): void {
    this.#isClosed = true;
    for (const listener of this.#closes) listener();
  }
}
