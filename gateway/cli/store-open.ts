/**
 * The two stores of a migration, by their addresses. The source and the keys have to be there; the target is made where it is
 * a directory that is not there yet. A damaged environment is never moved aside here.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { auditSeal } from '../audit/seal.ts';
import type { Config, RedisAddress, StoreConfig } from '../config.ts';
import type { CopyableStore } from '../copy-ports.ts';
import type { Secrets } from '../ports.ts';
import { openSecrets } from '../secrets.ts';
import { openLmdbStore } from '../stores/lmdb.ts';
import { damageOf } from '../stores/lmdb-header.ts';
import { parseRedisAddress, REDIS_FORM, shownRedisAddress } from '../stores/redis/address.ts';
import { RedisCopy } from '../stores/redis/copy.ts';
import { openRedisStore } from '../stores/redis/open.ts';
import type { Ends } from './store-lines.ts';

export interface OpenedEnds extends Ends {
  readonly kind: 'open';
  readonly source: CopyableStore;
  readonly target: CopyableStore;
  /** Tells these keys from others. */
  readonly keys: string;
  close(): Promise<void>;
}

interface Failed {
  readonly kind: 'failed';
  readonly problem: string;
}

/** Where a store is; `name` as it is shown, without a password. */
type Place =
  | { readonly kind: 'lmdb'; readonly directory: string; readonly name: string }
  | { readonly kind: 'redis'; readonly address: RedisAddress; readonly name: string };

/** Other work of a busy Redis may take longer than a client of the gateway would wait. */
const REQUEST_MILLIS = 5_000;

/** @param asked as on the command line; the configured store stands for the one of which nothing is said */
export async function openEnds(
  config: Config,
  asked: { readonly from: string | undefined; readonly to: string | undefined },
): Promise<OpenedEnds | Failed> {
  if (asked.from === undefined && asked.to === undefined)
    return failed('name --to, --from or both: the configured store is the other one');
  const from = asked.from === undefined ? configured(config.store) : placeOf('--from', asked.from);
  if (from.kind === 'failed') return from;
  const to = asked.to === undefined ? configured(config.store) : placeOf('--to', asked.to);
  if (to.kind === 'failed') return to;
  if (from.name === to.name) return failed(`--to: ${to.name} is where it comes from`);
  const opened = keysOf(config);
  if (opened.kind === 'failed') return opened;
  const { secrets } = opened;
  const source = await openAt(from, secrets, 'fail');
  if (source.kind === 'failed') return source;
  const target = await openAt(to, secrets, 'make');
  if (target.kind === 'failed') {
    await source.store.close();
    return target;
  }
  return {
    kind: 'open',
    from: from.name,
    to: to.name,
    isConfigured: asked.to === undefined,
    source: source.store,
    target: target.store,
    keys: secrets.keyedHash('store-migration'),
    async close() {
      await source.store.close();
      await target.store.close();
    },
  };
}

function configured(store: StoreConfig): Place | Failed {
  switch (store.kind) {
    case 'memory':
      return failed('store memory: lives inside the running gateway only; name --from and --to');
    case 'lmdb':
      return lmdbAt(store.directory);
    case 'redis':
      return redisAt(store.address);
  }
}

function placeOf(option: string, text: string): Place | Failed {
  if (text.startsWith('lmdb:') && text.length > 5) return lmdbAt(text.slice(5));
  const address = parseRedisAddress(text);
  if (address !== undefined) return redisAt(address);
  // What was written may hold a password.
  return failed(`${option}: is no store that can be migrated; write lmdb:DIRECTORY, ${REDIS_FORM}`);
}

function lmdbAt(written: string): Place {
  const directory = resolve(written);
  return { kind: 'lmdb', directory, name: `lmdb:${directory}` };
}

const redisAt = (address: RedisAddress): Place => ({ kind: 'redis', address, name: shownRedisAddress(address) });

function keysOf({ secret }: Config): { readonly kind: 'ready'; readonly secrets: Secrets } | Failed {
  if (secret.kind === 'file' && !existsSync(secret.path))
    return failed(`${secret.path}: is not there; the gateway's keys go with its store: --secret-file names them`);
  return openSecrets(secret);
}

type Opened = { readonly kind: 'open'; readonly store: CopyableStore } | Failed;

async function openAt(place: Place, secrets: Secrets, whenNew: 'make' | 'fail'): Promise<Opened> {
  return place.kind === 'lmdb'
    ? openLmdb(place.directory, secrets, whenNew)
    : openRedis(place.address, secrets, whenNew);
}

function openLmdb(directory: string, secrets: Secrets, whenNew: 'make' | 'fail'): Opened {
  if (whenNew === 'fail' && !existsSync(join(directory, 'data.mdb')))
    return failed(`lmdb:${directory}: holds no store`);
  const damage = damageOf(directory);
  if (damage !== undefined) return failed(`lmdb:${directory}: is damaged: ${damage}`);
  return openLmdbStore(directory, 0, auditSeal(secrets), 'fail');
}

async function openRedis(address: RedisAddress, secrets: Secrets, whenNew: 'make' | 'fail'): Promise<Opened> {
  const seal = auditSeal(secrets);
  const opened = await openRedisStore({ address, seal, whenNew, requestMillis: REQUEST_MILLIS });
  if (opened.kind === 'failed') return opened;
  const { store, connection, keys } = opened;
  return { kind: 'open', store: { ...store, copy: new RedisCopy(connection, keys) } };
}

const failed = (problem: string): Failed => ({ kind: 'failed', problem });
