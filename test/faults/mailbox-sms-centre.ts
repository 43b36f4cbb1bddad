/**
 * Where notifications go, as a webhook bearer calls it: writes down when whom it was told to tell, and can be down, drop the
 * connection after taking the call, or never answer.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const KEY = 'mailbox-bearer-key-0123456789-0123456789';

/** One call, taken or not. */
export interface Call {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly body: string;
  /** The user id in it. */
  readonly user: string;
  readonly mood: Mood;
}

/** What a call meets: an answer 200, an answer 503, a connection that breaks, or nothing for ever. */
export type Mood = 'takes' | 'refuses' | 'drops' | 'hangs';

export class SmsCentre {
  readonly calls: Call[] = [];
  mood: Mood = 'takes';
  readonly #port: number;
  #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.#port = port;
  }

  static async listen(): Promise<SmsCentre> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const centre = new SmsCentre(server, (server.address() as AddressInfo).port);
    centre.#serve();
    return centre;
  }

  /** Writes the key that calls are signed with into a folder. */
  keyFile(folder: string): string {
    const file = join(folder, 'bearer-key');
    writeFileSync(file, KEY);
    return file;
  }

  /** Lines of the gateway's configuration; the key goes into its folder. */
  config(name: string, folder: string): string {
    this.keyFile(folder);
    return `bearers: { ${name}: { kind: webhook, url: "${this.url}", keyFile: ./bearer-key } }\n`;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/tell`;
  }

  /** Calls that were answered with success, by user. */
  taken(): ReadonlyMap<string, readonly Call[]> {
    const taken = new Map<string, Call[]>();
    for (const call of this.calls) {
      if (call.mood === 'takes') taken.set(call.user, [...(taken.get(call.user) ?? []), call]);
    }
    return taken;
  }

  /** Nobody listens any more, until {@link rise}. */
  async fall(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async rise(): Promise<void> {
    this.#server = createServer();
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#serve();
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.fall();
  }

  #serve(): void {
    this.#server.on('request', async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const { mood } = this;
      const user = /wv:[^"\\\s]+@im\.example/.exec(body)?.[0] ?? 'nobody';
      this.calls.push({ at: performance.now(), body, user, mood });
      if (mood === 'drops') response.destroy();
      else if (mood !== 'hangs') response.writeHead(mood === 'takes' ? 200 : 503).end();
    });
  }
}
