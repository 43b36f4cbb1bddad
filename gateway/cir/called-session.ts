/**
 * One session with CIR: its client's channel on the one side, the channel to its VASP on the other, and what is between
 * them: every call of the VASP is relayed, and while the VASP's channel is away the client is called now and then, so that
 * nothing is stuck [X51, X52]. Cookie and SessionID are here, in memory, and nowhere else.
 */
import type { CirMetrics, CirSession } from '../cir-ports.ts';
import { type CallSettings, ClientCalls } from './client-calls.ts';
import { callText, cookieForLine } from './lines.ts';
import type { Schedule, Timer } from './schedule.ts';
import { VaspLine, type VaspLineSettings } from './vasp-line.ts';
import { type VaspAsker, VaspPoll } from './vasp-poll.ts';

export interface CalledSessionSettings {
  readonly calls: CallSettings;
  readonly line: VaspLineSettings;
  /** Between two questions to a VASP's SHTTP. */
  readonly pollMillis: number;
  /** Between two calls of a client whose VASP has no channel that works. */
  readonly blindMillis: number;
}

export interface CalledSessionParts {
  readonly settings: CalledSessionSettings;
  readonly schedule: Schedule;
  readonly now: () => number;
  readonly random: () => number;
  readonly metrics: CirMetrics;
  readonly asker: VaspAsker;
  /** Sends a datagram to a client; undefined where none is served. */
  readonly sendDatagram: ((text: string, host: string, port: number) => void) | undefined;
  /** Room for one more channel to a VASP: false when there is none. */
  readonly takeRoom: (vasp: string) => boolean;
  readonly giveRoom: (vasp: string) => void;
  readonly connected: (vasp: string, by: 1 | -1) => void;
  readonly trouble: (vasp: string) => void;
}

export class CalledSession {
  readonly calls: ClientCalls;
  readonly #parts: CalledSessionParts;
  #session: CirSession;
  #cookie: string | undefined;
  #line: VaspLine | undefined;
  #poll: VaspPoll | undefined;
  #hasRoom = false;
  #blind: Timer | undefined;
  /** Whether a channel to the VASP was there before: the next one may come too late for a call. */
  #wasUp = false;

  constructor(parts: CalledSessionParts, session: CirSession, cookie: string | undefined) {
    this.#parts = parts;
    this.#session = session;
    this.#cookie = cookie === undefined ? undefined : cookieForLine(cookie);
    this.calls = new ClientCalls({
      ...parts,
      settings: parts.settings.calls,
      text: () => callText(this.#session.version, this.#cookie),
      datagram: () => this.#datagram(),
      asks: () => this.#session.agreement.shttp,
    });
    this.#open();
  }

  get session(): CirSession {
    return this.#session;
  }

  /** What is known of it now: a client that was heard after a restart, or has agreed on something else. */
  update(session: CirSession): void {
    const before = this.#session;
    const id = session.id === '' ? before.id : session.id;
    this.#session = { ...session, id };
    const same = JSON.stringify([before.id, before.agreement]) === JSON.stringify([id, session.agreement]);
    if (same) return;
    this.#closeVasp();
    this.#open();
  }

  close(): void {
    this.#closeVasp();
    this.calls.close();
  }

  #datagram(): ((text: string) => void) | undefined {
    const { sendDatagram } = this.#parts;
    const { udp } = this.#session.agreement;
    if (udp === undefined || sendDatagram === undefined) return undefined;
    return (text) => sendDatagram(text, udp.host, udp.port);
  }

  #open(): void {
    this.#openVasp();
    this.#watch();
  }

  /** The VASP's STCP where it has one and the SessionID is known; its SHTTP until that works, or in its place. */
  #openVasp(): void {
    const { vasp, id, agreement } = this.#session;
    const { vaspTcp, vaspUrl } = agreement;
    const wantsLine = vaspTcp !== undefined && id !== '';
    if (!wantsLine && vaspUrl === undefined) return;
    this.#hasRoom = this.#hasRoom || this.#parts.takeRoom(vasp);
    if (!this.#hasRoom) return;
    if (wantsLine) {
      this.#line = new VaspLine({
        ...this.#parts,
        settings: this.#parts.settings.line,
        address: vaspTcp,
        sessionId: id,
        events: {
          up: () => this.#lineUp(),
          down: (wasUp) => this.#lineDown(wasUp),
          rung: (cookie) => this.#rung(cookie),
        },
      });
    } else {
      this.#startPoll();
    }
  }

  #closeVasp(): void {
    const { vasp } = this.#session;
    if (this.#line?.isUp === true) this.#parts.connected(vasp, -1);
    this.#line?.close();
    this.#line = undefined;
    this.#stopPoll();
    this.#blind?.cancel();
    this.#blind = undefined;
    if (this.#hasRoom) this.#parts.giveRoom(vasp);
    this.#hasRoom = false;
  }

  #lineUp(): void {
    const { vasp } = this.#session;
    this.#parts.connected(vasp, 1);
    this.#parts.metrics.cirVasp(vasp, 'connected');
    this.#stopPoll();
    this.#up();
  }

  #lineDown(wasUp: boolean): void {
    const { vasp } = this.#session;
    if (wasUp) this.#parts.connected(vasp, -1);
    this.#parts.metrics.cirVasp(vasp, wasUp ? 'lost' : 'refused');
    if (!wasUp) this.#parts.trouble(vasp);
    if (this.#poll === undefined) this.#startPoll();
    this.#watch();
  }

  #startPoll(): void {
    const { vasp, agreement } = this.#session;
    if (agreement.vaspUrl === undefined) return;
    this.#poll = new VaspPoll({
      ...this.#parts,
      url: agreement.vaspUrl,
      everyMillis: this.#parts.settings.pollMillis,
      events: {
        isCalled: () => this.calls.isWaiting,
        rung: () => this.#rung(''),
        up: () => {
          this.#parts.metrics.cirVasp(vasp, 'connected');
          this.#up();
        },
        down: (wasUp) => {
          this.#parts.metrics.cirVasp(vasp, wasUp ? 'lost' : 'refused');
          if (!wasUp) this.#parts.trouble(vasp);
          this.#watch();
        },
      },
    });
  }

  #stopPoll(): void {
    this.#poll?.close();
    this.#poll = undefined;
  }

  #up(): void {
    this.#blind?.cancel();
    this.#blind = undefined;
    // What the VASP had to call for while nobody listened it may not call for again.
    if (this.#wasUp) this.calls.ring();
    this.#wasUp = true;
  }

  #rung(cookie: string): void {
    this.#parts.metrics.cirVasp(this.#session.vasp, 'rung');
    // After a restart the VASP's own call is where the cookie is learned from.
    this.#cookie ??= cookieForLine(cookie);
    this.calls.ring();
  }

  get #isUp(): boolean {
    return this.#line?.isUp === true || this.#poll?.isUp === true;
  }

  /** Calls blindly as long as no channel to the VASP works. */
  #watch(): void {
    if (this.#isUp || this.#blind !== undefined) return;
    const { schedule, settings, random } = this.#parts;
    this.#blind = schedule.after(settings.blindMillis * (0.9 + 0.2 * random()), () => {
      this.#blind = undefined;
      if (this.#isUp) return;
      this.#parts.metrics.cirVasp(this.#session.vasp, 'blind');
      this.calls.ring();
      if (!this.#hasRoom) this.#openVasp();
      this.#watch();
    });
  }
}
