/**
 * The way to Redis: one server, a Sentinel group or a Cluster. Nothing waits long: a command that has no answer in time fails,
 * and while the engine is away commands fail at once. What was sent and not answered is not sent again by itself: whoever
 * sends it again does so with a script that knows what was done. Requests and background work have connections of their own.
 */
import { Cluster, type Redis } from 'ioredis';
import { StoreWriteError } from '../../errors.ts';
import type { RedisAddress } from './address.ts';
import { closeClient, openClient, type RedisClient } from './client.ts';
import { failureOf, Link } from './link.ts';
import type { RedisScript } from './script.ts';
import { type RedisStanding, Standing, WHOLE } from './standing.ts';

export type RedisArgument = string | number | Uint8Array;
/** Bulk strings as bytes. */
export type RedisReply = Buffer | number | null | readonly RedisReply[];

/** One use of Redis, with its own patience. */
export interface RedisLink {
  /**
   * @throws StoreWriteError with `EAWAY` or `EBUSY` (nothing was sent: Redis is away, or 10,000 commands wait already),
   *   `ETIMEDOUT`, `ECONNRESET` or the like (nobody knows whether it was done), or Redis's own word such as `OOM`
   */
  command(name: string, ...args: readonly RedisArgument[]): Promise<RedisReply>;
  /** The same for a script. */
  run(script: RedisScript, keys: readonly string[], args: readonly RedisArgument[]): Promise<RedisReply>;
}

export interface RedisConnection {
  /** For what a client waits for: 650 ms, less while Redis is slow, and nothing while it is away. */
  readonly requests: RedisLink;
  /** For sweeps, reports and copies: 5 s. */
  readonly background: RedisLink;
  /** Whether Redis is there, as requests see it. */
  readonly standing: RedisStanding;
  /** Why the last try to connect failed: the system's code or Redis's word; undefined where none did. */
  lastFailure(): string | undefined;
  /** What every server that takes writes answers to `INFO section`; empty where that may not be asked. */
  info(section: string): Promise<readonly string[]>;
  /**
   * Some of the keys that match a glob on one of the servers that take writes, from 0; undefined where there is no such
   * server. A key may come twice.
   *
   * @param cursor `0` at the beginning, what was answered before after it, and `0` again when the server has no more
   * @throws StoreWriteError
   */
  scan(
    server: number,
    cursor: string,
    glob: string,
    count: number,
  ): Promise<{ readonly cursor: string; readonly keys: readonly string[] } | undefined>;
  /** How long a command of a client's request that is sent now may take: less while Redis is slow. In milliseconds. */
  leftMillis(): number;
  /** Another node was waited for so long: commands of clients' requests have less time until Redis is quick. */
  waited(millis: number): void;
  /** What waits for an answer fails; nothing goes on in the background. */
  close(): Promise<void>;
}

/** What a client that waits for an answer can spare for one command. */
const REQUEST_MILLIS = 650;
const BACKGROUND_MILLIS = 5_000;
/** A connection that owes an answer and says nothing for so long is made anew. */
const SILENT_REQUESTS_MILLIS = 2_000;
const SILENT_BACKGROUND_MILLIS = 2 * BACKGROUND_MILLIS;
/** Between two looks at where the slots of a Cluster are, while a part of it is away. */
const REFRESH_MILLIS = 500;

/** @param requestMillis what a command of a client's request may take */
export function openRedis(address: RedisAddress, requestMillis = REQUEST_MILLIS): RedisConnection {
  const clients = {
    requests: openClient(address, SILENT_REQUESTS_MILLIS),
    background: openClient(address, SILENT_BACKGROUND_MILLIS),
  };
  let lastFailure: string | undefined;
  const standing = new Standing(address.kind === 'cluster', (part) => probe(part));
  const requests = new Link(clients.requests, requestMillis, standing);
  const background = new Link(clients.background, BACKGROUND_MILLIS, undefined);
  const refresh = refreshing(clients.requests);
  async function probe(part: string): Promise<boolean> {
    // In a Cluster a command without a key goes anywhere.
    const isThere = await (part === WHOLE ? requests.answers('PING') : requests.answers('EXISTS', `{${part}}`));
    if (!isThere) refresh();
    return isThere;
  }
  clients.requests.on('error', (error: unknown) => {
    lastFailure = failureOf(error).code;
  });
  clients.requests.on('ready', () => {
    lastFailure = undefined;
  });
  clients.requests.on('close', () => standing.lost(WHOLE));
  return {
    requests,
    background,
    standing,
    lastFailure: () => lastFailure,
    leftMillis: () => requests.leftMillis(),
    waited: (millis) => requests.waited(millis),
    async info(section) {
      const told = await Promise.allSettled(serversOf(clients.background).map((server) => server.info(section)));
      return told.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    },
    async scan(server, cursor, glob, count) {
      const client = serversOf(clients.background)[server];
      if (client === undefined) return undefined;
      const [next, keys] = await timely(client.scan(cursor, 'MATCH', glob, 'COUNT', count), BACKGROUND_MILLIS);
      return { cursor: next, keys };
    },
    async close() {
      standing.close();
      await Promise.all([closeClient(clients.requests), closeClient(clients.background)]);
    },
  };
}

/** Those that take writes, in an order that stays. */
function serversOf(client: RedisClient): readonly Redis[] {
  if (!(client instanceof Cluster)) return [client];
  const placeOf = ({ options: { host, port } }: Redis): string => `${host}:${port}`;
  return client.nodes('master').sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
}

/** What a link does for its commands, for one that goes past it. */
async function timely<T>(work: Promise<T>, millis: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreWriteError('ETIMEDOUT')), millis);
  });
  try {
    return await Promise.race([work, over]);
  } catch (error) {
    throw error instanceof StoreWriteError ? error : new StoreWriteError(failureOf(error).code);
  } finally {
    clearTimeout(timer);
  }
}

export type Client = RedisClient;

/** A client of its own, for words. @param millis that a command may take, the wait for the connection included */
export function clientOf(address: RedisAddress, millis: number): Client {
  return openClient(address, 2 * millis, millis);
}

/** The library looks where a Cluster's slots are when it is told that they moved, which a machine that is gone does not tell. */
function refreshing(client: RedisClient): () => void {
  let before = Number.NEGATIVE_INFINITY;
  return () => {
    if (!(client instanceof Cluster) || client.status !== 'ready') return;
    const now = performance.now();
    if (now - before < REFRESH_MILLIS) return;
    before = now;
    client.refreshSlotsCache(() => undefined);
  };
}
