/**
 * Changes in Redis are scripts: each one is a whole, and does the same whether it is run once or twice. Those that change
 * what a share holds also look who holds it, so that a node that has lost a share without knowing it changes nothing.
 */
import { createHash } from 'node:crypto';
import { FENCED } from '../../errors.ts';

export interface RedisScript {
  readonly lua: string;
  readonly sha: string;
}

/** @param lua may use KEYS and ARGV; must name every key that it touches in KEYS */
export function script(lua: string): RedisScript {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** A script whose last key is the share's lease and whose last argument is the caller's token, see `runInShare`. */
export interface ShareScript extends RedisScript {
  readonly isFenced: true;
}

/** @param lua sees its keys and arguments without the lease and the token; fails with `FENCED` where another node holds the share */
export function shareScript(lua: string): ShareScript {
  const fenced = script(`local token = table.remove(ARGV)
local lease = table.remove(KEYS)
if token ~= '' and redis.call('GET', lease) ~= token then
  return redis.error_reply('${FENCED} another node holds this share')
end
${lua}`);
  return { ...fenced, isFenced: true };
}
