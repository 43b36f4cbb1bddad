/**
 * The gateway as the VASP's CIR client on SHTTP [X52, P9.4]: asks the session's URL now and then whether something waits.
 * It asks no more often than phones do, and not at all while the client has been called and has not polled.
 */
import { Agent, request } from 'undici';
import type { Schedule, Timer } from './schedule.ts';

/** Asks one URL: 200 something waits, 204 nothing. */
export interface VaspAsker {
  ask(url: string): Promise<'waiting' | 'nothing' | 'failed'>;
  close(): Promise<void>;
}

export interface VaspAskerLimits {
  /** Connections to one VASP. */
  readonly connections: number;
  readonly timeoutMillis: number;
}

/** Over kept-alive connections; never follows a redirection. */
export function httpAsker({ connections, timeoutMillis }: VaspAskerLimits): VaspAsker {
  const agent = new Agent({
    connections,
    pipelining: 1,
    connect: { timeout: timeoutMillis },
    headersTimeout: timeoutMillis,
    bodyTimeout: timeoutMillis,
  });
  return {
    async ask(url) {
      try {
        const { statusCode, body } = await request(url, { dispatcher: agent, method: 'GET' });
        await body.dump({ limit: 16_384 });
        return statusCode === 200 ? 'waiting' : statusCode === 204 ? 'nothing' : 'failed';
      } catch {
        return 'failed';
      }
    },
    close: () => agent.destroy(),
  };
}

export interface VaspPollEvents {
  /** Whether the client has been called already, so that there is nothing to ask. */
  isCalled(): boolean;
  rung(): void;
  up(): void;
  down(wasUp: boolean): void;
}

export interface VaspPollParts {
  readonly url: string;
  readonly everyMillis: number;
  readonly schedule: Schedule;
  readonly random: () => number;
  readonly asker: VaspAsker;
  readonly events: VaspPollEvents;
}

export class VaspPoll {
  readonly #parts: VaspPollParts;
  #timer: Timer;
  #isUp = false;
  #isClosed = false;

  constructor(parts: VaspPollParts) {
    this.#parts = parts;
    this.#timer = this.#next();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  close(): void {
    this.#isClosed = true;
    this.#isUp = false;
    this.#timer.cancel();
  }

  #next(): Timer {
    const { schedule, everyMillis, random } = this.#parts;
    return schedule.after(everyMillis * (0.8 + 0.4 * random()), () => void this.#ask());
  }

  async #ask(): Promise<void> {
    const { asker, url, events } = this.#parts;
    if (!events.isCalled()) {
      const answer = await asker.ask(url);
      if (this.#isClosed) return;
      const wasUp = this.#isUp;
      this.#isUp = answer !== 'failed';
      if (!this.#isUp) events.down(wasUp);
      else if (!wasUp) events.up();
      if (answer === 'waiting') events.rung();
    }
    this.#timer = this.#next();
  }
}
