/**
 * Changes in Redis are scripts: each one is a whole, and does the same whether it is run once or twice. Those that change
 * what a share holds also look who holds it, so that a node that has lost a share without knowing it changes nothing.
 */
import { createHash } from 'node:crypto';

export interface RedisScript {
  readonly lua: string;
  readonly sha: string;
}

/** @param lua may use KEYS and ARGV; must name every key that it touches in KEYS */
export function script(lua: string): RedisScript {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** The code with which a script of a share refuses a node that does not hold it. */
export const FENCED = 'FENCED';

/** A script whose last key is the share's lease and whose last argument is the caller's token; empty: whoever holds it. */
export function shareScript(lua: string): RedisScript {
  return script(`local token = table.remove(ARGV)
local lease = table.remove(KEYS)
if token ~= '' and redis.call('GET', lease) ~= token then
  return redis.error_reply('${FENCED} another node holds this share')
end
${lua}`);
}
