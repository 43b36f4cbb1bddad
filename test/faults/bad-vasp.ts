/**
 * A VASP on raw sockets that answers as it should, or in one of the ways in which VASPs fail: not there, silent, too late,
 * and hostile in every way that a test thought of. How it behaves can be changed between requests.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { encodeMessage } from '../../gateway/csp/codec.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { answer } from '../../gateway/csp/status.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { loginResponse, statusOk } from '../gateway/messages.ts';

const TYPE = contentTypeOf('1.3', 'xml');
const head = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const OK = 'HTTP/1.1 200 OK';

/** Every way to fail but not being there: what is done with a whole request. */
const FAULTS = {
  silent: () => {},
  late: (socket, right) => void setTimeout(() => write(socket, right), 2_000).unref(),
  'half an answer, then silence': (socket) =>
    write(socket, `${head(OK, `Content-Type: ${TYPE}`, 'Content-Length: 500')}<WV-CSP`),
  'a byte now and then': (socket) => {
    write(socket, head(OK, `Content-Type: ${TYPE}`, 'Content-Length: 500'));
    const timer = setInterval(() => write(socket, ' '), 20);
    socket.once('close', () => clearInterval(timer));
  },
  'half a head, then silence': (socket) => write(socket, `${OK}\r\nContent-Ty`),
  'half an answer, then the end': (socket) => {
    socket.end(`${head(OK, `Content-Type: ${TYPE}`, 'Content-Length: 500')}<WV-CSP`);
  },
  'the end at once': (socket) => void socket.end(),
  'a reset': (socket) => void socket.resetAndDestroy(),
  garbage: (socket) => write(socket, '\0\x01\xff garbage \r\n\r\n'.repeat(20)),
  'a flood of headers': (socket) =>
    write(socket, `${OK}\r\n${'X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(5_000)}`),
  'a flood': (socket) => {
    write(socket, head(OK, `Content-Type: ${TYPE}`, 'Transfer-Encoding: chunked'));
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    const pour = (): void => {
      // Never in the same turn: a write that fails calls back before the socket knows of it.
      if (!socket.destroyed && socket.writable) socket.write(chunk, 'latin1', (error) => !error && setImmediate(pour));
    };
    pour();
  },
  'a page of HTML': (socket) => {
    const page = '<html><body>It works!</body></html>';
    write(socket, `${head('HTTP/1.1 500 Oops', 'Content-Type: text/html', `Content-Length: ${page.length}`)}${page}`);
  },
  nothing: (socket) => write(socket, head(OK, `Content-Type: ${TYPE}`, 'Content-Length: 0')),
  'two answers at once': (socket) => {
    const half = `${head(OK, `Content-Type: ${TYPE}`, 'Content-Length: 5')}<WV/>`;
    write(socket, half + half);
  },
} satisfies Readonly<Record<string, (socket: Socket, right: Buffer) => void>>;

export type Fault = keyof typeof FAULTS | 'refused';
export const FAULT_NAMES: readonly Fault[] = ['refused', ...(Object.keys(FAULTS) as (keyof typeof FAULTS)[])];
/** Those that keep clients waiting: they get 504. The others get 503 at once. */
export const SLOW_FAULTS: ReadonlySet<Fault> = new Set<Fault>([
  'silent',
  'late',
  'half an answer, then silence',
  'a byte now and then',
  'half a head, then silence',
]);

function write(socket: Socket, bytes: string | Buffer): void {
  if (!socket.destroyed && socket.writable) socket.write(bytes, 'latin1');
}

export class BadVasp {
  /** Whole requests received. */
  requests = 0;
  readonly #session: string;
  readonly #sockets = new Set<Socket>();
  #fault: Fault | undefined;
  #server = createServer((socket) => this.#serve(socket));
  #port = 0;

  private constructor(session: string) {
    this.#session = session;
  }

  /** @param session the SessionID that every login gets. */
  static async listen(session: string): Promise<BadVasp> {
    const vasp = new BadVasp(session);
    await vasp.#listen();
    return vasp;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** From now on it fails so; undefined: it answers as it should. Connections that are open are cut. */
  async behave(fault: Fault | undefined): Promise<void> {
    const isThere = this.#fault !== 'refused';
    this.#fault = fault;
    for (const socket of this.#sockets) socket.destroy();
    if (isThere && fault === 'refused') await this.#close();
    else if (!isThere && fault !== 'refused') await this.#listen();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#fault !== 'refused') await this.#close();
  }

  async #listen(): Promise<void> {
    this.#server = createServer((socket) => this.#serve(socket));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    const bound = this.#server.address();
    this.#port = typeof bound === 'object' ? (bound?.port ?? 0) : 0;
  }

  async #close(): Promise<void> {
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    let pending: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      for (let body = bodyOf(pending); body !== undefined; body = bodyOf(pending)) {
        pending = pending.subarray(body.end);
        this.requests++;
        this.#answer(socket, body.bytes);
      }
    });
  }

  #answer(socket: Socket, body: Buffer): void {
    const envelope = scanEnvelope(body, 'xml');
    const [transaction] = envelope.transactions;
    const primitive = transaction?.primitive === 'Login-Request' ? loginResponse(200, this.#session) : statusOk;
    const message = answer({ ...envelope, transactionId: transaction?.id ?? '' }, primitive);
    const bytes = Buffer.from(encodeMessage(message, 'xml'));
    const right = Buffer.concat([
      Buffer.from(head(OK, `Content-Type: ${TYPE}`, `Content-Length: ${bytes.length}`)),
      bytes,
    ]);
    const fault = this.#fault;
    if (fault === undefined || fault === 'refused') write(socket, right);
    else FAULTS[fault](socket, right);
  }
}

/** The body of the first whole request; the gateway always tells its length. */
function bodyOf(bytes: Buffer): { readonly bytes: Buffer; readonly end: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [, length = '0'] = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, headEnd)) ?? [];
  const end = headEnd + 4 + Number(length);
  return end > bytes.length ? undefined : { bytes: bytes.subarray(headEnd + 4, end), end };
}
