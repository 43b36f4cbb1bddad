/** A store in Redis with the way to copy all of it. */
import type { CopyableStore } from '../../gateway/copy-ports.ts';
import { parseRedisAddress } from '../../gateway/stores/redis/address.ts';
import { RedisCopy } from '../../gateway/stores/redis/copy.ts';
import { openRedisStore } from '../../gateway/stores/redis/open.ts';
import { seal } from '../stores/records-of-tests.ts';

export async function openRedisEnd(url: string): Promise<CopyableStore> {
  const address = parseRedisAddress(url);
  if (address === undefined) throw new Error(`${url} is no address`);
  const opened = await openRedisStore({ address, seal, requestMillis: 5_000 });
  if (opened.kind === 'failed') throw new Error(opened.problem);
  return { ...opened.store, copy: new RedisCopy(opened.connection, opened.keys) };
}
