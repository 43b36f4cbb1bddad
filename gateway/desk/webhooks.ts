/**
 * Calls that answers lead to, on their way out: in the store before the user hears that the answer was taken, again after
 * growing pauses until the other side has one, and given up after a day. The same call has the same id every time.
 */
import { isRecord } from '../yaml/data.ts';
import type { DeskParts, WebhookCall } from './parts.ts';

interface Waiting {
  readonly call: WebhookCall;
  readonly tries: number;
  /** Wall-clock milliseconds. */
  readonly nextAt: number;
}

/** The name of the note of a desk that is the only one on its store. */
const NOTE = 'system-message-webhooks';
const PAUSES_MILLIS = [1_000, 5_000, 30_000, 120_000, 600_000, 3_600_000];
const GIVEN_UP_MILLIS = 86_400_000;
const MOST_WAITING = 10_000;
/** Calls that are out at the same time. */
const MOST_RUNNING = 8;

export class Webhooks {
  readonly #parts: DeskParts;
  readonly #note: string;
  readonly #waiting = new Map<string, Waiting>();
  readonly #running = new Set<string>();
  #writing: Promise<void> = Promise.resolve();
  #isDirty = false;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.#note = parts.webhooksNote ?? NOTE;
  }

  async load(): Promise<void> {
    const text = await this.#parts.notes.get(this.#note);
    const rows: unknown = text === undefined ? [] : JSON.parse(text);
    if (!Array.isArray(rows)) return;
    for (const row of rows) {
      if (isWaiting(row)) this.#waiting.set(keyOf(row.call), row);
    }
  }

  /** Resolved when the calls are in the store; they go out with the next look. */
  async add(calls: readonly WebhookCall[]): Promise<void> {
    if (calls.length === 0) return;
    const { log, metrics, clock } = this.#parts;
    for (const call of calls) {
      if (this.#waiting.size >= MOST_WAITING) {
        metrics.systemMessageEffect('webhook', 'failed');
        log.warn('webhooks are full', { policy: call.policy });
      } else this.#waiting.set(keyOf(call), { call, tries: 0, nextAt: clock.wall() });
    }
    await this.#write();
  }

  /** Sends what is due, a few at a time. To be called about once a second; resolves when what it began has ended. */
  async sweep(): Promise<void> {
    const free = MOST_RUNNING - this.#running.size;
    await Promise.all(Array.from({ length: free }, () => this.#sendDue()));
  }

  async #sendDue(): Promise<void> {
    for (let due = this.#nextDue(); due !== undefined; due = this.#nextDue()) await this.#send(...due);
  }

  #nextDue(): readonly [key: string, Waiting] | undefined {
    const now = this.#parts.clock.wall();
    for (const one of this.#waiting) if (one[1].nextAt <= now && !this.#running.has(one[0])) return one;
    return undefined;
  }

  async #send(key: string, { call, tries }: Waiting): Promise<void> {
    const { webhook, metrics, log, clock } = this.#parts;
    this.#running.add(key);
    try {
      const outcome = webhook === undefined ? 'refused' : await webhook(call);
      const isTooOld = clock.wall() - call.at > GIVEN_UP_MILLIS;
      if (outcome === 'try-again' && !isTooOld) {
        const pause = PAUSES_MILLIS[Math.min(tries, PAUSES_MILLIS.length - 1)] ?? 0;
        this.#waiting.set(key, { call, tries: tries + 1, nextAt: clock.wall() + pause });
      } else {
        this.#waiting.delete(key);
        metrics.systemMessageEffect('webhook', outcome === 'delivered' ? 'done' : 'failed');
        if (outcome === 'try-again') log.warn('a webhook was given up', { policy: call.policy, tries });
      }
      await this.#write();
    } finally {
      this.#running.delete(key);
    }
  }

  /** One write at a time; what changes meanwhile is in the next one. */
  #write(): Promise<void> {
    if (this.#isDirty) return this.#writing;
    this.#isDirty = true;
    const write = async (): Promise<void> => {
      this.#isDirty = false;
      await this.#parts.notes.put(this.#note, JSON.stringify([...this.#waiting.values()]));
    };
    this.#writing = this.#writing.then(write, write);
    return this.#writing;
  }
}

function keyOf({ id, url }: WebhookCall): string {
  return `${id} ${url}`;
}

function isWaiting(row: unknown): row is Waiting {
  if (!isRecord(row) || typeof row.tries !== 'number' || typeof row.nextAt !== 'number') return false;
  const { call } = row;
  return (
    isRecord(call) && ['url', 'id', 'policy', 'option', 'vasp', 'user'].every((key) => typeof call[key] === 'string')
  );
}
