/**
 * The changes of what is kept of logins that are under way. An entry and its place in the index of its share, by the time at
 * which it is over, change together; a value leaves by one script run alone, so that whoever ran that counts it, once. The
 * index lives as long as the last entry of it.
 */
import { script } from './script.ts';

const KEEP = `
if ARGV[2] == '' then
  if redis.call('DEL', KEYS[1]) == 1 then redis.call('ZREM', KEYS[2], ARGV[1]) end
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[4])
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
  if redis.call('PEXPIRE', KEYS[2], ARGV[4], 'NX') == 0 then redis.call('PEXPIRE', KEYS[2], ARGV[4], 'GT') end
end
return redis.call('ZCARD', KEYS[2])`;

/**
 * Keys: entry, index. Arguments: name in the index, value (empty: drop it), when it is over, how long the key lives. Gives how
 * many entries there are.
 */
export const KEEP_ENTRY = script(KEEP);

/** The same, and behind that what must stand there now (empty: nothing); gives what does stand there when it is another. */
export const REPLACE_ENTRY = script(`
local stands = redis.call('GET', KEYS[1]) or ''
if stands ~= ARGV[5] then return stands end
${KEEP}`);

/**
 * Takes away what is over. Keys: index, entries. Arguments: the time up to which something counts as over, then the entries'
 * names in the index. Gives the values, empty where an entry is not over, not there any more, or taken.
 */
export const TAKE_ENTRIES = script(`
local taken = {}
for i = 2, #KEYS do
  local ends = redis.call('ZSCORE', KEYS[1], ARGV[i])
  local value = ''
  if ends and tonumber(ends) <= tonumber(ARGV[1]) then
    value = redis.call('GET', KEYS[i]) or ''
    redis.call('DEL', KEYS[i])
    redis.call('ZREM', KEYS[1], ARGV[i])
  end
  taken[i - 1] = value
end
return taken`);

/** Keys: tokens. Arguments: how long they stay claimed. All, when none of them is; gives 1 then. */
export const CLAIM_TOKENS = script(`
for i = 1, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then return 0 end
end
for i = 1, #KEYS do redis.call('SET', KEYS[i], '', 'PX', ARGV[1]) end
return 1`);
