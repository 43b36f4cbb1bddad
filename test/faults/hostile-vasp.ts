/** A VASP on raw sockets that knows what it should answer, in the request's own version and encoding, and does as told. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type Element, element } from '../../gateway/csp/element.ts';
import { type Envelope, scanEnvelope } from '../../gateway/csp/envelope.ts';
import { encodingOfContentType } from '../../gateway/csp/versions.ts';
import { loginResponse, message } from '../gateway/messages.ts';
import type { Hostility } from './hostile-answers.ts';

/** In whatever a client gets that was meant for nobody. */
export const FORGED = 'forged-answer';

export class HostileVasp {
  readonly url: string;
  readonly open = new Set<Socket>();
  /** Undefined: it answers as it should. */
  hostility: Hostility | undefined;
  readonly #close: () => Promise<unknown>;

  private constructor(url: string, close: () => Promise<unknown>) {
    this.url = url;
    this.#close = close;
  }

  static async listen(): Promise<HostileVasp> {
    const server = createServer((socket) => vasp.#serve(socket));
    server.listen({ port: 0, host: '127.0.0.1', backlog: 511 });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const vasp = new HostileVasp(`http://127.0.0.1:${port}`, () => {
      server.close();
      return once(server, 'close');
    });
    return vasp;
  }

  cut(): void {
    for (const socket of this.open) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await this.#close();
  }

  #serve(socket: Socket): void {
    this.open.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => this.open.delete(socket));
    socket.on('error', () => socket.destroy());
    this.hostility?.greet?.(socket);
    let pending: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      for (let found = requestIn(pending); found !== undefined; found = requestIn(pending)) {
        pending = pending.subarray(found.end);
        this.#answer(socket, found.contentType, found.body);
      }
    });
  }

  #answer(socket: Socket, contentType: string, body: Buffer): void {
    const envelope = scanEnvelope(body, encodingOfContentType(contentType) ?? 'xml');
    const id = envelope.transactions[0]?.id ?? '';
    const right = answerTo(envelope, id, primitiveFor(envelope, id));
    const forged = answerTo(envelope, FORGED, primitiveFor(envelope, FORGED));
    if (this.hostility === undefined) {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\nContent-Length: ${right.length}\r\n\r\n`);
      socket.write(right);
    } else {
      this.hostility.answer(socket, { contentType, right, forged });
    }
  }
}

function answerTo(envelope: Envelope, id: string, primitive: Element): Buffer {
  return Buffer.from(message(envelope, envelope.sessionId, [[id, primitive]], 'Response'));
}

/** The right answer says whose it is. */
function primitiveFor({ transactions }: Envelope, id: string): Element {
  const code = element('Code', 200);
  switch (transactions[0]?.primitive) {
    case 'Login-Request':
      return loginResponse(200, `S-${id}`);
    case 'SendMessage-Request':
      return element('SendMessage-Response', [element('Result', [code]), element('MessageID', id)]);
    default:
      return element('Status', [element('Result', [code, element('Description', id)])]);
  }
}

function requestIn(
  bytes: Buffer,
): { readonly contentType: string; readonly body: Buffer; readonly end: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const value = (name: string): string => new RegExp(`\r\n${name}: *([^\r]*)`, 'i').exec(head)?.[1] ?? '';
  const end = headEnd + 4 + Number(value('content-length'));
  if (end > bytes.length) return undefined;
  return { contentType: value('content-type'), body: bytes.subarray(headEnd + 4, end), end };
}
