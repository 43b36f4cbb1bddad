/**
 * The way to Redis: one server, a Sentinel group or a Cluster. Nothing waits long: a command that has no answer in time fails,
 * and while the engine is away commands fail at once. What was sent and not answered is not sent again by itself: whoever
 * sends it again does so with a script that knows what was done. Requests and background work have connections of their own.
 */
import { Cluster, Redis } from 'ioredis';
import { errorCode } from '../../error-code.ts';
import { StoreWriteError } from '../store-error.ts';
import type { RedisAddress } from './address.ts';
import type { RedisScript } from './script.ts';

export type RedisArgument = string | number | Uint8Array;
/** Bulk strings as bytes. */
export type RedisReply = Buffer | number | null | readonly RedisReply[];

/** One use of Redis, with its own patience. */
export interface RedisLink {
  /** @throws StoreWriteError with `ETIMEDOUT`, `ECONNREFUSED` or the like, or Redis's own word such as `OOM` */
  command(name: string, ...args: readonly RedisArgument[]): Promise<RedisReply>;
  /** The same for a script. */
  run(script: RedisScript, keys: readonly string[], args: readonly RedisArgument[]): Promise<RedisReply>;
}

export interface RedisConnection {
  /** For what a client waits for. */
  readonly requests: RedisLink;
  /** For sweeps, reports and copies. */
  readonly background: RedisLink;
  close(): Promise<void>;
}

/** What a client that waits for an answer can spare for one command. */
const REQUEST_MILLIS = 250;
const BACKGROUND_MILLIS = 5_000;
const CONNECT_MILLIS = 1_000;
const LONGEST_PAUSE_MILLIS = 500;

export function openRedis(address: RedisAddress): RedisConnection {
  const requests = clientOf(address, REQUEST_MILLIS);
  const background = clientOf(address, BACKGROUND_MILLIS);
  return {
    requests: linkOf(requests),
    background: linkOf(background),
    async close() {
      requests.disconnect();
      background.disconnect();
    },
  };
}

export type Client = Redis | Cluster;

/** A way of its own, that comes back by itself when it is lost. @param millis what each of its commands has */
export function clientOf({ kind, hosts, db, group, username, password, tls }: RedisAddress, millis: number): Client {
  const common = {
    commandTimeout: millis,
    connectTimeout: CONNECT_MILLIS,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  };
  const retryStrategy = (times: number): number => Math.min(20 * times, LONGEST_PAUSE_MILLIS);
  const [first] = hosts;
  const client =
    kind === 'cluster'
      ? new Cluster([...hosts], { redisOptions: common, clusterRetryStrategy: retryStrategy })
      : kind === 'sentinel'
        ? new Redis({ ...common, retryStrategy, sentinels: [...hosts], name: group, db })
        : new Redis({ ...common, retryStrategy, host: first?.host ?? '', port: first?.port ?? 0, db });
  // Each command says what failed; the client comes back by itself.
  client.on('error', () => undefined);
  return client;
}

function linkOf(client: Client): RedisLink {
  const command = async (name: string, ...args: readonly RedisArgument[]): Promise<RedisReply> => {
    try {
      return (await client.callBuffer(name, args.map(argument))) as RedisReply;
    } catch (error) {
      throw new StoreWriteError(codeOf(error));
    }
  };
  return {
    command,
    async run({ lua, sha }, keys, args) {
      try {
        return await command('EVALSHA', sha, keys.length, ...keys, ...args);
      } catch (error) {
        if (!(error instanceof StoreWriteError) || error.code !== 'NOSCRIPT') throw error;
        return command('EVAL', lua, keys.length, ...keys, ...args);
      }
    },
  };
}

function argument(value: RedisArgument): string | number | Buffer {
  return typeof value === 'object' ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

/** An error that Redis itself answers with begins with its code. */
function codeOf(error: unknown): string {
  const code = errorCode(error);
  if (code !== 'UNKNOWN' || !(error instanceof Error)) return code;
  if (error.name === 'ReplyError') return /^[A-Z]+/.exec(error.message)?.[0] ?? 'ERR';
  return 'ETIMEDOUT';
}
