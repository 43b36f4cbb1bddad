/**
 * The STCP server for clients [X51, P9.1]: `HELO <SessionID>` is answered `OK`, or by closing without a word; every other line is
 * a ping and is answered `OK`; a call is written when there is something to poll. Lines, waits and connections are bounded.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { CirAddress, CirMetrics } from '../cir-ports.ts';
import { listenAt } from '../listening.ts';
import type { ClientChannel } from './client-calls.ts';
import type { CirHub } from './hub.ts';
import { LineReader } from './lines.ts';
import type { Schedule, Timer } from './schedule.ts';

export interface StcpServerSettings {
  readonly connections: number;
  readonly lineBytes: number;
  /** For HELO to arrive. */
  readonly helloMillis: number;
  /** Of silence: phones ping every 15 or 20 minutes. */
  readonly idleMillis: number;
  /** Calls that a client leaves unread before it is given up. */
  readonly unreadBytes: number;
}

export const DEFAULT_STCP_SERVER: StcpServerSettings = {
  connections: 20_000,
  lineBytes: 128,
  helloMillis: 30_000,
  idleMillis: 3_600_000,
  unreadBytes: 16_384,
};

export interface StcpServerParts {
  readonly hub: Pick<CirHub, 'attach' | 'detach'>;
  readonly settings: StcpServerSettings;
  readonly schedule: Schedule;
  readonly metrics: CirMetrics;
}

export class StcpServer {
  readonly #server: Server;
  readonly #open = new Set<StcpConnection>();

  constructor(parts: StcpServerParts) {
    const server = createServer({ noDelay: true, allowHalfOpen: false }, (socket) => {
      const connection = new StcpConnection(parts, socket, () => {
        this.#open.delete(connection);
        parts.metrics.cirConnections('client', this.#open.size);
      });
      this.#open.add(connection);
      parts.metrics.cirConnections('client', this.#open.size);
    });
    server.maxConnections = parts.settings.connections;
    server.on('drop', () => parts.metrics.cirClient('full'));
    this.#server = server;
  }

  /** Resolves with the address in use; port 0 takes a free one. Rejects with the system's error. */
  listen(address: CirAddress): Promise<CirAddress> {
    return listenAt(this.#server, address);
  }

  async close(): Promise<void> {
    for (const connection of this.#open) connection.close();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

class StcpConnection implements ClientChannel {
  readonly #parts: StcpServerParts;
  readonly #socket: Socket;
  readonly #reader: LineReader;
  readonly #hello: Timer;
  #lines: string[] = [];
  #isWorking = false;
  /** What HELO said, and the session that it named. */
  #sessionId: string | undefined;
  #sessionKey: string | undefined;

  constructor(parts: StcpServerParts, socket: Socket, closed: () => void) {
    this.#parts = parts;
    this.#socket = socket;
    this.#reader = new LineReader(parts.settings.lineBytes);
    this.#hello = parts.schedule.after(parts.settings.helloMillis, () => this.#giveUp('no-hello'));
    socket.setTimeout(parts.settings.idleMillis, () => this.#giveUp('idle'));
    socket.on('data', (chunk: Buffer) => this.#heard(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#hello.cancel();
      if (this.#sessionKey !== undefined) parts.hub.detach(this.#sessionKey, this);
      closed();
    });
  }

  call(text: string): void {
    if (this.#socket.destroyed) return;
    if (this.#socket.writableLength > this.#parts.settings.unreadBytes) this.#giveUp('slow-reader');
    else this.#socket.write(`${text}\r\n`);
  }

  close(): void {
    this.#socket.destroy();
  }

  #giveUp(why: Parameters<CirMetrics['cirClient']>[0]): void {
    this.#parts.metrics.cirClient(why);
    this.#socket.destroy();
  }

  #heard(chunk: Buffer): void {
    const lines = this.#reader.read(chunk);
    if (lines === undefined) {
      this.#giveUp('line-too-long');
      return;
    }
    this.#lines.push(...lines);
    if (!this.#isWorking) void this.#work();
  }

  /** One line after the other: nothing more is read while a session is looked up, or while answers wait to be read. */
  async #work(): Promise<void> {
    this.#isWorking = true;
    this.#socket.pause();
    for (let line = this.#lines.shift(); line !== undefined && !this.#socket.destroyed; line = this.#lines.shift()) {
      await this.#take(line);
    }
    this.#isWorking = false;
    if (this.#socket.writableNeedDrain) this.#socket.once('drain', () => this.#socket.resume());
    else this.#socket.resume();
  }

  async #take(line: string): Promise<void> {
    const said = /^HELO\s+(\S+)$/i.exec(line)?.[1];
    if (said === undefined || said === this.#sessionId) {
      this.#socket.write('OK\r\n');
      return;
    }
    // One connection is of one session; another would need another.
    const attached = this.#sessionId === undefined ? await this.#attach(said) : undefined;
    if (attached === undefined) {
      this.#giveUp('unknown-session');
      return;
    }
    this.#hello.cancel();
    this.#sessionId = said;
    this.#sessionKey = attached.key;
    this.#parts.metrics.cirClient(attached.replaced ? 'replaced' : 'accepted');
    // It may have gone while its session was looked up.
    if (this.#socket.destroyed) this.#parts.hub.detach(attached.key, this);
  }

  #attach(sessionId: string): ReturnType<CirHub['attach']> {
    return this.#parts.hub.attach(sessionId, this, () => this.#socket.write('OK\r\n'));
  }
}
