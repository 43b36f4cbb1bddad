/**
 * A VASP for tests of the running program: logs everybody in, challenges whoever names digests in XML, answers everything
 * else, and can be made to wait.
 */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encodeMessage } from '../../gateway/csp/codec.ts';
import { element } from '../../gateway/csp/element.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { answer } from '../../gateway/csp/status.ts';
import { encodingOfContentType } from '../../gateway/csp/versions.ts';
import { loginResponse, statusOk } from '../gateway/messages.ts';

export class TestVasp {
  /** Bodies of messages, in order. */
  readonly seen: Buffer[] = [];
  /** Resolves before each answer to anything but a login. */
  gate: Promise<void> = Promise.resolve();
  /** The code of every Login-Response. */
  loginCode = 200;
  /** Whether every login is challenged, with this nonce, whatever it offers. */
  challenges = false;
  nonce = 'nonce';
  /** Answers in the place of the VASP's own answers. */
  instead: ((response: ServerResponse) => void) | undefined;
  /** Addresses and headers of all requests, in order. */
  readonly heads: string[] = [];
  readonly #server: Server;
  readonly #sessionId: string;
  #arrived: (() => void) | undefined;

  private constructor(sessionId: string) {
    this.#sessionId = sessionId;
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        this.heads.push([request.url, ...request.rawHeaders].join('\n'));
        const contentType = request.headers['content-type'] ?? '';
        const encoding = encodingOfContentType(contentType);
        if (encoding === undefined || request.url?.startsWith('/content/')) {
          response.setHeader('X-Opaque', 'as it is');
          response.end(Buffer.concat([Buffer.from(`${request.method} ${request.url} `), body]));
          return;
        }
        this.seen.push(body);
        this.#arrived?.();
        if (this.instead !== undefined) {
          this.instead(response);
          return;
        }
        const envelope = scanEnvelope(body, encoding);
        const [transaction] = envelope.transactions;
        const isLogin = transaction?.primitive === 'Login-Request';
        const wantsChallenge = isLogin && (this.challenges || body.includes('SupportedDigestSchema'));
        const primitive = wantsChallenge
          ? loginResponse(401, undefined, element('Nonce', this.nonce), element('DigestSchema', 'MD5'))
          : isLogin
            ? loginResponse(this.loginCode, this.loginCode === 200 ? this.#sessionId : undefined)
            : statusOk;
        const message = answer({ ...envelope, transactionId: transaction?.id ?? '' }, primitive);
        const reply = (): unknown =>
          response.setHeader('Content-Type', contentType).end(encodeMessage(message, encoding));
        if (isLogin) reply();
        else void this.gate.then(reply);
      });
    });
  }

  static async listen(sessionId = 'S-0815'): Promise<TestVasp> {
    const vasp = new TestVasp(sessionId);
    vasp.#server.listen(0, '127.0.0.1');
    await once(vasp.#server, 'listening');
    return vasp;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** When the next message has arrived. */
  arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
