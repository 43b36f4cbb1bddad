/**
 * Hears what is published, on a connection of its own. One that is lost is made anew at once, and whoever listens is told:
 * what was published meanwhile is gone. A connection that looks alive and hears nothing is for its owner to find out.
 */
import type { RedisAddress } from './address.ts';
import { closeClient, dropClient, openClient, type RedisClient } from './client.ts';

export interface SubscriptionListener {
  message(channel: string, bytes: Buffer): void;
  /** Everything that is published from now on is heard. */
  up(): void;
  /** Words may be lost until it is up again. */
  down(): void;
}

export interface Subscription {
  /** The connection is not trusted any more: another one is made. */
  renew(): void;
  close(): Promise<void>;
}

/** Words come every second: a connection without any is dead. */
const SILENT_MILLIS = 3_000;
/** To connect and to subscribe. */
const BEGIN_MILLIS = 3_000;
const SHORTEST_PAUSE_MILLIS = 20;
const LONGEST_PAUSE_MILLIS = 500;

/** Begins to hear these channels, and goes on until closed. */
export function subscribe(
  address: RedisAddress,
  channels: readonly string[],
  listener: SubscriptionListener,
): Subscription {
  return new RenewedSubscription(address, channels, listener);
}

class RenewedSubscription implements Subscription {
  readonly #address: RedisAddress;
  readonly #channels: readonly string[];
  readonly #listener: SubscriptionListener;
  #client: RedisClient;
  #isUp = false;
  #isClosed = false;
  /** Until the next one is made; and within which the one that is made has to be up. */
  #timer: NodeJS.Timeout | undefined;
  #beginning: NodeJS.Timeout | undefined;
  #failures = 0;

  constructor(address: RedisAddress, channels: readonly string[], listener: SubscriptionListener) {
    this.#address = address;
    this.#channels = channels;
    this.#listener = listener;
    this.#client = this.#connected();
  }

  renew(): void {
    this.#lost(this.#client);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#beginning);
    return closeClient(this.#client);
  }

  #connected(): RedisClient {
    const client = openClient(this.#address, SILENT_MILLIS);
    client.on('messageBuffer', (channel: Buffer, bytes: Buffer) => {
      if (client === this.#client && this.#isUp) this.#listener.message(channel.toString(), bytes);
    });
    client.on('close', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.once('ready', () => {
      client.subscribe(...this.#channels).then(
        () => this.#up(client),
        () => this.#lost(client),
      );
    });
    clearTimeout(this.#beginning);
    this.#beginning = setTimeout(() => this.#lost(client), BEGIN_MILLIS);
    return client;
  }

  #up(client: RedisClient): void {
    if (this.#isClosed || client !== this.#client || this.#timer !== undefined) return;
    clearTimeout(this.#beginning);
    this.#isUp = true;
    this.#failures = 0;
    this.#listener.up();
  }

  /** A client that came back by itself would not say what it has missed: each is used once. */
  #lost(client: RedisClient): void {
    if (this.#isClosed || client !== this.#client || this.#timer !== undefined) return;
    clearTimeout(this.#beginning);
    const pause = Math.min(SHORTEST_PAUSE_MILLIS * 2 ** this.#failures++, LONGEST_PAUSE_MILLIS);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#client = this.#connected();
    }, pause);
    dropClient(client);
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#listener.down();
  }
}
