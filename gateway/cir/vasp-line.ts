/**
 * The gateway as the VASP's CIR client on STCP [X52, P9.1]: one connection for a session, with `HELO`, then `PING` now and
 * then. Whatever ends it, it is made again after growing pauses, until the session is over.
 */
import { connect, type Socket } from 'node:net';
import type { CirAddress } from '../cir-ports.ts';
import { cookieOfCall, LineReader } from './lines.ts';
import type { Schedule, Timer } from './schedule.ts';

export interface VaspLineSettings {
  /** For the connection and the OK to HELO or PING. */
  readonly answerMillis: number;
  readonly pingMillis: number;
  /** The first pause before it is made again; each is three times the one before, up to the longest. */
  readonly pauseMillis: number;
  readonly longestPauseMillis: number;
  /** After so long a life the pauses begin anew. */
  readonly steadyMillis: number;
}

export const DEFAULT_VASP_LINE: VaspLineSettings = {
  answerMillis: 30_000,
  pingMillis: 600_000,
  pauseMillis: 1_000,
  longestPauseMillis: 300_000,
  steadyMillis: 5_000,
};

export interface VaspLineEvents {
  /** The VASP has said OK. */
  up(): void;
  /** The connection is gone, or could not be made; it is being made again. */
  down(wasUp: boolean): void;
  /** The VASP calls; `cookie` is empty when it names none. */
  rung(cookie: string): void;
}

export interface VaspLineParts {
  readonly address: CirAddress;
  readonly sessionId: string;
  readonly settings: VaspLineSettings;
  readonly schedule: Schedule;
  /** From 0 to 1: keeps the connections of many sessions apart. */
  readonly random: () => number;
  readonly events: VaspLineEvents;
}

/** A VASP has nothing longer to say than a call. */
const MOST_LINE_BYTES = 512;

export class VaspLine {
  readonly #parts: VaspLineParts;
  #socket: Socket | undefined;
  #timer: Timer | undefined;
  #steady: Timer | undefined;
  #failures = 0;
  #isUp = false;
  #isClosed = false;

  constructor(parts: VaspLineParts) {
    this.#parts = parts;
    this.#connect();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  #connect(): void {
    const { address, sessionId } = this.#parts;
    const reader = new LineReader(MOST_LINE_BYTES);
    const socket = connect({ host: address.host, port: address.port, noDelay: true });
    this.#socket = socket;
    socket.on('connect', () => socket.write(`HELO ${sessionId}\r\n`));
    socket.on('data', (chunk: Buffer) => this.#heard(reader.read(chunk)));
    // A connection that the VASP ends in halves is of no use, and an error is followed by close.
    socket.on('end', () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.#socket === socket) this.#lost();
    });
    this.#within(this.#parts.settings.answerMillis);
  }

  #heard(lines: readonly string[] | undefined): void {
    if (lines === undefined) {
      this.#lost();
      return;
    }
    for (const line of lines) {
      const cookie = cookieOfCall(line);
      if (line.toUpperCase() === 'OK') this.#answered();
      if (cookie !== undefined) this.#parts.events.rung(cookie);
    }
  }

  #answered(): void {
    const { settings, events, schedule, random } = this.#parts;
    this.#timer?.cancel();
    this.#timer = schedule.after(settings.pingMillis * (0.9 + 0.2 * random()), () => this.#ping());
    if (this.#isUp) return;
    this.#isUp = true;
    this.#steady = schedule.after(settings.steadyMillis, () => {
      this.#failures = 0;
    });
    events.up();
  }

  #ping(): void {
    this.#socket?.write('PING\r\n');
    this.#within(this.#parts.settings.answerMillis);
  }

  #within(millis: number): void {
    this.#timer?.cancel();
    this.#timer = this.#parts.schedule.after(millis, () => this.#lost());
  }

  #lost(): void {
    if (this.#isClosed) return;
    const wasUp = this.#isUp;
    this.#drop();
    const { settings, schedule, random, events } = this.#parts;
    const pause = Math.min(settings.pauseMillis * 3 ** this.#failures, settings.longestPauseMillis);
    this.#failures += 1;
    this.#timer = schedule.after(pause * (0.8 + 0.4 * random()), () => this.#connect());
    events.down(wasUp);
  }

  #drop(): void {
    this.#timer?.cancel();
    this.#steady?.cancel();
    this.#isUp = false;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }
}
