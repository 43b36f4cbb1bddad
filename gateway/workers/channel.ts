/**
 * Questions and answers between the primary and a worker, over the pipe that Node gives them. Each side serves objects
 * by name, and has stand-ins for those of the other, with the same methods. What crosses is plain data in Node's advanced
 * serialization: Maps, Sets and bytes arrive whole, instances of classes do not. Every question ends: by its answer,
 * after a time, or when the other side is gone.
 */
import { errorCode } from '../error-code.ts';
import { GatewayError } from '../errors.ts';

/** The pipe to one other process. */
export interface Line {
  /** Hands a message over; `failed` is called when it cannot be sent. Throws when it holds what cannot be serialized. */
  send(message: unknown, failed: () => void): void;
  onMessage(listener: (message: unknown) => void): void;
  /** The other process is gone, or has closed the pipe. */
  onClose(listener: () => void): void;
}

/** An object can be served when all of its methods answer by promises. */
export type Service<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer _) => Promise<unknown> ? T[K] : never;
};

/** Why a question got no answer. `failed`: the other side could not do it, and logged nothing: the code is all there is. */
export type Unanswered = 'timeout' | 'gone' | 'failed';

export class ChannelError extends GatewayError {
  readonly why: Unanswered;
  /** The code of the error that the other side failed with; undefined where it did not. */
  readonly failure: string | undefined;

  constructor(why: Unanswered, question: string, failure?: string) {
    super('OTHER_PROCESS_FAILED', `${question}: ${why}${failure === undefined ? '' : ` (${failure})`}`);
    this.name = 'ChannelError';
    this.why = why;
    this.failure = failure;
  }
}

interface Question {
  readonly ask: number;
  readonly service: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

type Answer = { readonly answer: number } & (
  | { readonly value: unknown }
  /** The error's code. */
  | { readonly failed: string }
);

interface Waiting {
  readonly question: string;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: ChannelError) => void;
}

const TIMEOUT_MILLIS = 5_000;

export class Channel {
  readonly #line: Line;
  readonly #services = new Map<string, object>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #timeoutMillis: number;
  readonly #closeListeners: (() => void)[] = [];
  #next = 1;
  #isClosed = false;

  constructor(line: Line, timeoutMillis = TIMEOUT_MILLIS) {
    this.#line = line;
    this.#timeoutMillis = timeoutMillis;
    line.onMessage((message) => this.#receive(message));
    line.onClose(() => this.#close());
  }

  /** Answers questions to this name by the object's methods. */
  serve<T extends Service<T>>(name: string, service: T): void {
    this.#services.set(name, service);
  }

  /**
   * A stand-in for what the other side serves under this name. Its methods reject with {@link ChannelError}.
   * @param timeoutMillis how long an answer may take; 5 s unless told
   */
  remote<T extends Service<T>>(name: string, timeoutMillis = this.#timeoutMillis): T {
    const methods = new Map<string, (...args: readonly unknown[]) => Promise<unknown>>();
    const methodOf = (method: string) => {
      const known = methods.get(method);
      if (known !== undefined) return known;
      const made = (...args: readonly unknown[]) => this.#ask(name, method, args, timeoutMillis);
      methods.set(method, made);
      return made;
    };
    // `then` would make it a promise to whoever awaits it.
    const get = (_target: object, method: string | symbol) =>
      typeof method === 'string' && method !== 'then' ? methodOf(method) : undefined;
    return new Proxy<T>(Object.create(null), { get });
  }

  onClose(listener: () => void): void {
    if (this.#isClosed) listener();
    else this.#closeListeners.push(listener);
  }

  #ask(service: string, method: string, args: readonly unknown[], timeoutMillis: number): Promise<unknown> {
    const question = `${service}.${method}`;
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new ChannelError('gone', question));
        return;
      }
      const ask = this.#next++;
      const timer = setTimeout(() => this.#giveUp(ask, 'timeout'), timeoutMillis);
      this.#waiting.set(ask, { question, timer, resolve, reject });
      const message: Question = { ask, service, method, args };
      try {
        this.#line.send(message, () => this.#giveUp(ask, 'gone'));
      } catch (error) {
        this.#giveUp(ask, 'failed', errorCode(error));
      }
    });
  }

  #receive(message: unknown): void {
    if (typeof message !== 'object' || message === null) return;
    if ('ask' in message) void this.#answer(message as Question);
    else if ('answer' in message) this.#answered(message as Answer);
  }

  #answered(answer: Answer): void {
    if ('failed' in answer) {
      this.#giveUp(answer.answer, 'failed', answer.failed);
      return;
    }
    const waiting = this.#taken(answer.answer);
    waiting?.resolve(answer.value);
  }

  async #answer({ ask, service, method, args }: Question): Promise<void> {
    const unheard = (): void => {};
    try {
      const value = await this.#call(service, method, args);
      this.#line.send({ answer: ask, value } satisfies Answer, unheard);
    } catch (error) {
      this.#line.send({ answer: ask, failed: errorCode(error) } satisfies Answer, unheard);
    }
  }

  async #call(service: string, method: string, args: readonly unknown[]): Promise<unknown> {
    const target = this.#services.get(service);
    const called: unknown = target === undefined ? undefined : Reflect.get(target, method);
    if (typeof called !== 'function') throw new ChannelError('failed', `${service}.${method} is not served`);
    return Reflect.apply(called, target, args);
  }

  #giveUp(ask: number, why: Unanswered, code?: string): void {
    const waiting = this.#taken(ask);
    waiting?.reject(new ChannelError(why, waiting.question, code));
  }

  #taken(ask: number): Waiting | undefined {
    const waiting = this.#waiting.get(ask);
    this.#waiting.delete(ask);
    clearTimeout(waiting?.timer);
    return waiting;
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const ask of [...this.#waiting.keys()]) this.#giveUp(ask, 'gone');
    for (const listener of this.#closeListeners.splice(0)) listener();
  }
}

/** The part of a child process, and of `process` in one, that a line needs. */
export interface Piped {
  readonly connected: boolean;
  send?(message: unknown, handle: undefined, options: undefined, done: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
}

/** The line to a worker, or a worker's line to its primary. */
export function lineTo(piped: Piped): Line {
  return {
    send(message, failed) {
      if (!piped.connected || piped.send === undefined) failed();
      else piped.send(message, undefined, undefined, (error) => error !== null && failed());
    },
    onMessage: (listener) => piped.on('message', listener),
    onClose: (listener) => piped.on('disconnect', listener),
  };
}
