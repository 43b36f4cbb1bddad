/**
 * Opens the store in Redis, which several machines may have open: each part from its own file, all under the keys of one
 * gateway. What would lose what was acknowledged is found out here and said in a sentence: a Redis that drops keys when its
 * memory is full is refused, one that keeps nothing on disk is warned of. A start never hangs on one that does not answer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { StoreWriteError } from '../../errors.ts';
import type { SharedStore, ShareStores } from '../../ports.ts';
import { ALL_SHARES } from '../../shares.ts';
import type { Seal } from '../ledger-tables.ts';
import { type RedisAddress, shownRedisAddress } from './address.ts';
import { openRedis, type RedisConnection } from './connection.ts';
import { KeySpace } from './keys.ts';
import { openRedisLedger } from './ledger.ts';
import { RedisMailbox } from './mailbox.ts';
import { RedisSystemMessages } from './messages.ts';
import { RedisAskAgain, RedisNotes } from './notes.ts';
import { refusalOf } from './refusals.ts';
import { bytesOf } from './replies.ts';
import { RedisSessions } from './sessions.ts';

export interface OpenedRedis {
  readonly kind: 'open';
  readonly store: SharedStore;
  readonly connection: RedisConnection;
  readonly keys: KeySpace;
  /** Whether what is acknowledged is written to disk; `unknown` where that may not be asked. */
  readonly onDisk: 'yes' | 'no' | 'unknown';
}

export type RedisOpenResult = OpenedRedis | { readonly kind: 'failed'; readonly problem: string };

/** Which keys there are and what is in them. */
const LAYOUT = '1';
/** For Redis to begin to answer: machines that start together are there by then. */
const START_MILLIS = 3_000;
const PAUSE_MILLIS = 100;
/** The library does not say why a handshake with a part of a Cluster failed. */
const TLS_HINT = '; by TLS: is its certificate trusted here, and made out to this name?';
const LEAST_VERSION = 7;

export async function openRedisStore({
  address,
  seal,
  whenNew = 'make',
  startMillis = START_MILLIS,
  requestMillis,
}: {
  readonly address: RedisAddress;
  /** Seals the head of the audit chain with the gateway's key, the same in all nodes. */
  readonly seal: Seal;
  /** Where there is no store under these keys. */
  readonly whenNew?: 'make' | 'fail';
  readonly startMillis?: number | undefined;
  /** What a command of a client's request may take. */
  readonly requestMillis?: number | undefined;
}): Promise<RedisOpenResult> {
  const connection = openRedis(address, requestMillis);
  const keys = new KeySpace(address.prefix);
  const problem =
    (await unreachable(connection, keys, startMillis, address.tls)) ??
    (await unfit(connection)) ??
    (await otherLayout(connection, keys, whenNew));
  if (problem !== undefined) {
    await connection.close();
    return { kind: 'failed', problem: `${shownRedisAddress(address)}: ${problem}` };
  }
  return { kind: 'open', store: storeIn(connection, keys, seal), connection, keys, onDisk: await isOnDisk(connection) };
}

/** The store that is known to be there and fit for use. */
export function storeIn(connection: RedisConnection, keys: KeySpace, seal: Seal): SharedStore {
  const ofShares = (shares: readonly number[], token: string): ShareStores => {
    const parts = { connection, keys, shares, token };
    return { systemMessages: new RedisSystemMessages(parts), mailbox: new RedisMailbox(parts) };
  };
  return {
    sessions: new RedisSessions(connection, keys),
    ...openRedisLedger({ connection, keys, seal }),
    askAgain: new RedisAskAgain(connection, keys),
    notes: new RedisNotes(connection, keys),
    ...ofShares(ALL_SHARES, ''),
    ofShare: (share, token) => ofShares([share], token),
    close: () => connection.close(),
  };
}

/** Asks every part of a Cluster. */
async function unreachable(
  connection: RedisConnection,
  keys: KeySpace,
  startMillis: number,
  isByTls: boolean,
): Promise<string | undefined> {
  const places = [...ALL_SHARES.map((share) => keys.inShare(share)), keys.at('common'), keys.at('ledger')];
  const end = performance.now() + startMillis;
  for (;;) {
    const said = await Promise.all(places.map((place) => codeOf(connection.requests.command('EXISTS', place))));
    const code = said.find((one) => one !== undefined);
    if (code === undefined) return undefined;
    const reason = connection.lastFailure() ?? code;
    const refusal = refusalOf(reason);
    if (refusal !== undefined) return refusal;
    if (performance.now() > end) return `does not answer (${reason})${isByTls ? TLS_HINT : ''}`;
    await delay(PAUSE_MILLIS);
  }
}

/** What it failed with. */
async function codeOf(sent: Promise<unknown>): Promise<string | undefined> {
  try {
    await sent;
    return undefined;
  } catch (error) {
    if (error instanceof StoreWriteError) return error.code;
    throw error;
  }
}

async function unfit(connection: RedisConnection): Promise<string | undefined> {
  const versions = await told(connection, 'server', 'redis_version');
  const old = versions.find((version) => Number.parseInt(version, 10) < LEAST_VERSION);
  if (old !== undefined) return `is Redis ${old}; ${LEAST_VERSION}.0 or a later one is needed`;
  const policies = await told(connection, 'memory', 'maxmemory_policy');
  const policy = policies.find((one) => one !== 'noeviction');
  if (policy === undefined) return undefined;
  return `drops what it keeps when its memory is full (maxmemory-policy ${policy}); set maxmemory-policy noeviction`;
}

async function isOnDisk(connection: RedisConnection): Promise<'yes' | 'no' | 'unknown'> {
  const enabled = await told(connection, 'persistence', 'aof_enabled');
  if (enabled.length === 0) return 'unknown';
  return enabled.every((one) => one === '1') ? 'yes' : 'no';
}

/** One line of what each server says of itself. */
async function told(connection: RedisConnection, section: string, name: string): Promise<readonly string[]> {
  const lines = (await connection.info(section)).flatMap((text) => text.split('\r\n'));
  return lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1));
}

/** Also finds out whether it can be written. */
async function otherLayout(
  { requests }: RedisConnection,
  keys: KeySpace,
  whenNew: 'make' | 'fail',
): Promise<string | undefined> {
  const key = keys.at('common', 'layout');
  try {
    const made = whenNew === 'make' ? await requests.command('SET', key, LAYOUT, 'NX') : null;
    if (made !== null) return undefined;
    const found = bytesOf(await requests.command('GET', key))?.toString();
    if (found === undefined) return 'holds no store of a gateway';
    return found === LAYOUT ? undefined : `has layout ${found}; this version reads ${LAYOUT}`;
  } catch (error) {
    if (error instanceof StoreWriteError) return `cannot be used (${error.code})`;
    throw error;
  }
}
