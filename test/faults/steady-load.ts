/** Polls at an even pace, whatever becomes of them: how long each took, and which were not answered as they should be. */
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { element } from '../../gateway/csp/element.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { message } from '../gateway/messages.ts';

/** A gateway that answers nobody must not take the memory of whoever measures it. */
const MOST_RUNNING = 2_000;

const SPELLING = { version: '1.3', encoding: 'xml' } as const;

export interface LoadSlice {
  readonly millis: readonly number[];
  /** What was wrong with an answer, or that there was none. */
  readonly wrong: readonly string[];
}

export class SteadyLoad {
  readonly #url: string;
  readonly #session: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #timer: NodeJS.Timeout;
  readonly #running = new Set<Promise<void>>();
  #millis: number[] = [];
  #wrong: string[] = [];
  #sent = 0;

  constructor(url: string, session: string, perSecond: number) {
    this.#url = url;
    this.#session = session;
    const started = performance.now();
    this.#timer = setInterval(() => {
      // As many as are due, so that a late timer sends none less.
      for (const due = ((performance.now() - started) * perSecond) / 1000; this.#sent < due; ) this.#send();
    }, 5);
  }

  get sent(): number {
    return this.#sent;
  }

  /** What came in since the last slice. */
  slice(): LoadSlice {
    const slice = { millis: this.#millis, wrong: this.#wrong };
    this.#millis = [];
    this.#wrong = [];
    return slice;
  }

  /** Sends no more, and waits for what runs. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#running);
    this.#agent.destroy();
  }

  #send(): void {
    const id = `t${this.#sent++}`;
    if (this.#running.size >= MOST_RUNNING) {
      this.#wrong.push(`${id}: not sent, because too many before it have no answer yet`);
      return;
    }
    const started = performance.now();
    const running = this.#ask(id).then((answer) => {
      this.#millis.push(performance.now() - started);
      const isRight = answer.includes(`<TransactionID>${id}<`) && answer.includes('<Code>200<');
      if (!isRight) this.#wrong.push(`${id}: ${answer.slice(0, 500)}`);
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  #ask(id: string): Promise<string> {
    const body = message(SPELLING, this.#session, [[id, element('Polling-Request')]]);
    return new Promise((resolve) => {
      const headers = { 'content-type': contentTypeOf('1.3', 'xml'), 'content-length': body.length };
      const sent = request(this.#url, { method: 'POST', agent: this.#agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks).toString()));
        response.on('error', (error) => resolve(String(error)));
      });
      sent.on('error', (error) => resolve(String(error)));
      sent.end(body);
    });
  }
}

/** `p50 0.8, p99 3.1, longest 5.0 ms of 400`. */
export function distribution({ millis }: LoadSlice): string {
  const sorted = millis.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)} ms of ${sorted.length}`;
}
