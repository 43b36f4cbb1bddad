/** Where answers are told to: takes every call, says now and then that it has no time, and keeps what it heard. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export const WEBHOOK_KEY = 'webhook-key-of-tests-0123456789-0123456789';
/** Every so manyth call is asked to come again. */
const BUSY_EVERY = 7;

export class WebhookReceiver {
  /** By Idempotency-Key: the bodies of its calls, each once. */
  readonly calls = new Map<string, Set<string>>();
  /** What was wrong with calls. */
  readonly wrong: string[] = [];
  times = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const key = String(request.headers['idempotency-key']);
        const signature = `sha256=${createHmac('sha256', WEBHOOK_KEY).update(body).digest('hex')}`;
        if (request.headers['x-sapgw-signature'] !== signature) this.wrong.push(`signed wrongly: ${body}`);
        if ((JSON.parse(body) as { id?: string }).id !== key) this.wrong.push(`${key} is not the id of ${body}`);
        this.times += 1;
        if (this.times % BUSY_EVERY === 0) {
          response.writeHead(503).end();
          return;
        }
        this.calls.set(key, new Set([...(this.calls.get(key) ?? []), body]));
        response.writeHead(204).end();
      });
    });
  }

  static async listen(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/answers`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
