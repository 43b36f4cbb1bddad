/** A VASP's side of HTTP for programs that play one: messages in, whatever their encoding, and an answer out. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeMessage, encodeMessage } from '../../gateway/csp/codec.ts';
import type { CspMessage } from '../../gateway/csp/message.ts';
import { encodingOfContentType } from '../../gateway/csp/versions.ts';

/** `nothing`: the connection is cut. Undefined: a body without a byte. */
export type Answering = (asked: CspMessage) => CspMessage | 'nothing' | undefined;

export class VaspServer {
  readonly #server: Server;

  constructor(answering: Answering) {
    this.#server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const contentType = request.headers['content-type'] ?? '';
        const encoding = encodingOfContentType(contentType) ?? 'xml';
        const answer = answering(decodeMessage(Buffer.concat(chunks), encoding));
        if (answer === 'nothing') {
          response.destroy();
          return;
        }
        const body = answer === undefined ? Buffer.alloc(0) : encodeMessage(answer, encoding);
        response.writeHead(200, { 'content-type': contentType, 'content-length': body.length }).end(body);
      });
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/imps`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
