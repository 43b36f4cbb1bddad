/**
 * One client of the library `ioredis`, set so that it does nothing by itself that a caller would not know of: nothing is
 * queued while there is no connection, nothing that was sent is sent again, and it comes back by itself without an end.
 */
import { Cluster, Redis } from 'ioredis';
import type { RedisAddress } from './address.ts';

export type RedisClient = Redis | Cluster;

const CONNECT_MILLIS = 1_000;
const SHORTEST_PAUSE_MILLIS = 20;
const LONGEST_PAUSE_MILLIS = 500;
/** For the other side to say good-bye. */
const DISCONNECT_MILLIS = 100;
/** What one Sentinel may take for an answer. */
const SENTINEL_MILLIS = 500;
const TRY_AGAIN_MILLIS = 50;
/** Of a Cluster's slots that moved, for one command. */
const MOST_REDIRECTIONS = 4;

/**
 * @param silentMillis after which a connection that owes an answer, and says nothing at all, is given up and made anew
 * @param commandMillis where commands may wait for the connection: how long each may take
 */
export function openClient(address: RedisAddress, silentMillis: number, commandMillis?: number): RedisClient {
  const { kind, hosts, db, group, username, password, isAuthOfSentinels, tls } = address;
  const common = { ...commonOptions(address, silentMillis), ...waitingFor(commandMillis) };
  const [first] = hosts;
  const client =
    kind === 'cluster'
      ? openCluster(address, common)
      : kind === 'sentinel'
        ? new Redis({
            ...common,
            retryStrategy,
            sentinelRetryStrategy: retryStrategy,
            sentinelCommandTimeout: SENTINEL_MILLIS,
            sentinels: hosts.map(({ host, port }) => ({ host, port })),
            name: group,
            db,
            ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
            ...(isAuthOfSentinels && username !== undefined ? { sentinelUsername: username } : {}),
            ...(isAuthOfSentinels && password !== undefined ? { sentinelPassword: password } : {}),
          })
        : new Redis({
            ...common,
            // Asking who loads needs a right of its own, and a pause of a second; the probes see it as well.
            enableReadyCheck: false,
            retryStrategy,
            host: first?.host ?? '',
            port: first?.port ?? 0,
            db,
          });
  // Each command says what failed; the client comes back by itself.
  client.on('error', () => undefined);
  return client;
}

function commonOptions({ username, password, tls }: RedisAddress, silentMillis: number) {
  return {
    // Its replies are of a few plain types.
    protocol: 2,
    connectTimeout: CONNECT_MILLIS,
    disconnectTimeout: DISCONNECT_MILLIS,
    socketTimeout: silentMillis,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    // After a failover the old address may be that of a replica: who is asked for anew says where the master is.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } as const;
}

function waitingFor(commandMillis: number | undefined) {
  return commandMillis === undefined
    ? { enableOfflineQueue: false }
    : { enableOfflineQueue: true, commandTimeout: commandMillis };
}

/** What was sent on a connection that broke is not sent again: `0` of these pauses says so. */
function openCluster({ hosts, tls }: RedisAddress, redisOptions: ReturnType<typeof commonOptions>): Cluster {
  return new Cluster([...hosts], {
    redisOptions,
    clusterRetryStrategy: retryStrategy,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    retryDelayOnTryAgain: TRY_AGAIN_MILLIS,
    maxRedirections: MOST_REDIRECTIONS,
    // A certificate names hosts.
    ...(tls ? { dnsLookup: (host: string, told: (error: null, host: string) => void) => told(null, host) } : {}),
  });
}

function retryStrategy(times: number): number {
  return Math.min(SHORTEST_PAUSE_MILLIS * times, LONGEST_PAUSE_MILLIS);
}

/** Ends the connection, now; what has no answer yet fails. */
export function dropClient(client: RedisClient): void {
  for (const { stream } of client instanceof Cluster ? client.nodes() : [client]) {
    // A handshake that is broken off may fail twice, and the library listens once: the second would end the process.
    stream?.on('error', () => undefined);
  }
  client.disconnect();
}

/** Ends the connection; what has no answer yet fails. Resolves when it is over. */
export async function closeClient(client: RedisClient): Promise<void> {
  const isOver = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, 2 * DISCONNECT_MILLIS);
    client.once('end', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  if (client.status === 'end') return;
  dropClient(client);
  await isOver;
}
