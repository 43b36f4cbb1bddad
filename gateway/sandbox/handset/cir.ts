/**
 * The handset's side of CIR [P9]: a channel on which the service says that there is something to poll. A channel that
 * ends is not made again: who holds the handset polls now and then besides.
 */
import { connect, type Socket } from 'node:net';
import { child, childInteger, childText, type Element } from '../../csp/element.ts';
import { HandsetError } from './transport.ts';

export type HandsetCirMethod = 'STCP' | 'SHTTP';

export interface CirChannel {
  readonly method: HandsetCirMethod;
  isOpen(): boolean;
  /** Resolves with true at the next call, at once when there was one since the last time; false when the channel ends, or at `stop`. */
  called(stop?: AbortSignal): Promise<boolean>;
  close(): void;
}

const PING_MILLIS = 900_000;
const ASK_MILLIS = 10_000;
const OK_WITHIN_MILLIS = 5_000;

/** Waits for calls, whatever brings them. */
class Calls {
  #pending = false;
  isOver = false;
  #waiters: ((called: boolean) => void)[] = [];

  call(): void {
    this.#pending = this.#waiters.length === 0;
    this.#tell(true);
  }

  end(): void {
    this.isOver = true;
    this.#tell(false);
  }

  next(stop?: AbortSignal): Promise<boolean> {
    if (this.#pending || this.isOver || stop?.aborted === true) {
      const called = this.#pending;
      this.#pending = false;
      return Promise.resolve(called);
    }
    return new Promise((resolve) => {
      const stopped = (): void => {
        this.#waiters = this.#waiters.filter((one) => one !== told);
        resolve(false);
      };
      const told = (called: boolean): void => {
        stop?.removeEventListener('abort', stopped);
        resolve(called);
      };
      stop?.addEventListener('abort', stopped, { once: true });
      this.#waiters.push(told);
    });
  }

  #tell(called: boolean): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const tell of waiters) tell(called);
  }
}

/** The channel that an answered capability list agrees on, made; undefined when it agrees on none. @throws {HandsetError} */
export async function openCir(list: Element | undefined, sessionId: string): Promise<CirChannel | undefined> {
  const host = childText(list, 'TCPAddress');
  const port = childInteger(list, 'TCPPort');
  const url = childText(child(list, 'CIRURL') ?? child(list, 'CIRHTTPAddress'), 'URL');
  if (host !== undefined && port !== undefined) return stcpChannel(host, port, sessionId);
  return url === undefined ? undefined : shttpChannel(url);
}

function stcpChannel(host: string, port: number, sessionId: string): Promise<CirChannel> {
  const calls = new Calls();
  const socket: Socket = connect({ host, port, noDelay: true });
  const ping = setInterval(() => socket.write('PING\r\n'), PING_MILLIS);
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('connect', () => socket.write(`HELO ${sessionId}\r\n`));
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => socket.destroy(), OK_WITHIN_MILLIS);
    const channel: CirChannel = {
      method: 'STCP',
      isOpen: () => !calls.isOver,
      called: (stop) => calls.next(stop),
      close: () => socket.destroy(),
    };
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split(/\r?\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('WVCI')) calls.call();
        else if (line === 'OK') {
          clearTimeout(late);
          resolve(channel);
        }
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearInterval(ping);
      clearTimeout(late);
      calls.end();
      reject(new HandsetError('BROKEN', 'the service did not take the CIR connection'));
    });
  });
}

function shttpChannel(url: string): CirChannel {
  const calls = new Calls();
  const ask = async (): Promise<void> => {
    try {
      const response = await fetch(url);
      if (response.status === 200) calls.call();
    } catch {
      close();
    }
  };
  const timer = setInterval(() => void ask(), ASK_MILLIS);
  timer.unref();
  const close = (): void => {
    clearInterval(timer);
    calls.end();
  };
  return { method: 'SHTTP', isOpen: () => !calls.isOver, called: (stop) => calls.next(stop), close };
}
