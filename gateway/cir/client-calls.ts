/**
 * Calls one client until it polls [X51]: at once when something begins to wait, then after growing pauses, on every
 * channel that it agreed on. There is no acknowledgement but the poll, and a call that is lost leaves a client stuck that
 * trusts in being called, so the calls never end by themselves; datagrams, which nobody may be there for, do.
 */
import type { CirMetrics } from '../cir-ports.ts';
import type { Schedule, Timer } from './schedule.ts';

/** A client's open channel. */
export interface ClientChannel {
  call(text: string): void;
  /** Another has taken its place, or the session is over. */
  close(): void;
}

export interface CallSettings {
  readonly pauseMillis: number;
  /** Each pause is twice the one before, up to this. */
  readonly longestPauseMillis: number;
  /** Calls of the VASP that come within so many milliseconds of the last one are one. */
  readonly togetherMillis: number;
  /** Datagrams for one waiting. */
  readonly datagrams: number;
}

export const DEFAULT_CALLS: CallSettings = {
  pauseMillis: 3_000,
  longestPauseMillis: 300_000,
  togetherMillis: 1_000,
  datagrams: 8,
};

export interface ClientCallsParts {
  readonly settings: CallSettings;
  readonly schedule: Schedule;
  /** Milliseconds that only grow. */
  readonly now: () => number;
  readonly metrics: CirMetrics;
  /** The call as it is now, without the line's end. */
  readonly text: () => string;
  /** What sends a datagram; undefined when the client agreed on none. */
  readonly datagram: () => ((text: string) => void) | undefined;
  /** Whether the client asks by SHTTP, and finds out by itself. */
  readonly asks: () => boolean;
}

export class ClientCalls {
  readonly #parts: ClientCallsParts;
  #channel: ClientChannel | undefined;
  #timer: Timer | undefined;
  #isWaiting = false;
  #pauseMillis = 0;
  #datagramsLeft = 0;
  #calledAt = Number.NEGATIVE_INFINITY;

  constructor(parts: ClientCallsParts) {
    this.#parts = parts;
  }

  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  get channel(): ClientChannel | undefined {
    return this.#channel;
  }

  /** Something waits. */
  ring(): void {
    const { settings, now } = this.#parts;
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      this.#pauseMillis = settings.pauseMillis;
      this.#datagramsLeft = settings.datagrams;
      this.#call();
      this.#repeat();
    } else if (now() - this.#calledAt >= settings.togetherMillis) {
      this.#call();
    }
  }

  /** The client polls. */
  polled(): void {
    this.#isWaiting = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** A channel of the client's is there, the newest one wins; true when it took another's place. May be told twice. */
  attach(channel: ClientChannel): boolean {
    const before = this.#channel === channel ? undefined : this.#channel;
    this.#channel = channel;
    before?.close();
    if (this.#isWaiting) {
      channel.call(this.#parts.text());
      this.#parts.metrics.cirRing('stcp');
    }
    return before !== undefined;
  }

  detach(channel: ClientChannel): void {
    if (this.#channel === channel) this.#channel = undefined;
  }

  close(): void {
    this.polled();
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.close();
  }

  #repeat(): void {
    const { schedule, settings } = this.#parts;
    this.#timer = schedule.after(this.#pauseMillis, () => {
      this.#call();
      this.#pauseMillis = Math.min(this.#pauseMillis * 2, settings.longestPauseMillis);
      this.#repeat();
    });
  }

  #call(): void {
    const { text, datagram, metrics, now, asks } = this.#parts;
    this.#calledAt = now();
    const line = text();
    const send = datagram();
    if (this.#channel !== undefined) {
      this.#channel.call(line);
      metrics.cirRing('stcp');
    }
    if (send !== undefined && this.#datagramsLeft > 0) {
      this.#datagramsLeft -= 1;
      send(line);
      metrics.cirRing('sudp');
    }
    if (this.#channel === undefined && send === undefined && !asks()) metrics.cirRing('unreachable');
  }
}
