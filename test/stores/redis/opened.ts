/** The store in Redis as tests open it. */

import { parseRedisAddress, type RedisAddress } from '../../../gateway/stores/redis/address.ts';
import { type OpenedRedis, openRedisStore, type RedisOpenResult } from '../../../gateway/stores/redis/open.ts';
import { seal } from '../records-of-tests.ts';

export function addressOf(url: string): RedisAddress {
  const address = parseRedisAddress(url);
  if (address === undefined) throw new Error(`${url} is no address`);
  return address;
}

/** @param startMillis for Redis to begin to answer */
export function tryToOpen(
  url: string,
  startMillis = 3_000,
  whenNew: 'make' | 'fail' = 'make',
): Promise<RedisOpenResult> {
  return openRedisStore({ address: addressOf(url), seal, startMillis, whenNew });
}

/** @param requestMillis what a command of a client's request may take */
export async function openedRedis(url: string, requestMillis?: number): Promise<OpenedRedis> {
  const opened = await openRedisStore({ address: addressOf(url), seal, requestMillis });
  if (opened.kind === 'failed') throw new Error(opened.problem);
  return opened;
}
