/**
 * The changes of what is set aside for one session. Their keys are the list, the sum of its bytes and the index of its share, by
 * the time at which nobody will have come for it; all of them live until then, by the engine's clock. Each gives the engine's
 * time in microseconds too: what nodes tell each other of a session counts in that order, however it arrives.
 */
import { script } from './script.ts';

const NOW = `
local time = redis.call('TIME')
local at = time[1] * 1000000 + time[2]
local now = math.floor(at / 1000)`;

/**
 * Arguments: session, how long messages are kept, how many of them at most, how many bytes, then messages. Gives how many found
 * room, how many stood there before, how many stand there now, the time, and how many sessions there are in the share.
 */
export const PUT_ASIDE = script(`${NOW}
local before = redis.call('LLEN', KEYS[1])
local bytes = tonumber(redis.call('GET', KEYS[2])) or 0
local length = before
for i = 5, #ARGV do
  if length < tonumber(ARGV[3]) and bytes + #ARGV[i] <= tonumber(ARGV[4]) then
    redis.call('RPUSH', KEYS[1], ARGV[i])
    length = length + 1
    bytes = bytes + #ARGV[i]
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
if length > 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  redis.call('SET', KEYS[2], bytes, 'PX', ARGV[2])
  redis.call('ZADD', KEYS[3], now + ARGV[2], ARGV[1])
  redis.call('PEXPIRE', KEYS[3], ARGV[2])
end
return {length - before, before, length, at, redis.call('ZCARD', KEYS[3])}`);

/** Argument: session. Gives the first message, or an empty one when there is none, how many are left, and the time. */
export const TAKE_ASIDE = script(`${NOW}
local message = redis.call('LPOP', KEYS[1])
local length = redis.call('LLEN', KEYS[1])
if length > 0 then redis.call('DECRBY', KEYS[2], #message)
else
  redis.call('DEL', KEYS[2])
  redis.call('ZREM', KEYS[3], ARGV[1])
end
return {message or '', length, at}`);

/** Argument: session. Gives how many messages were dropped, and the time. */
export const DROP_ASIDE = script(`${NOW}
local length = redis.call('LLEN', KEYS[1])
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('ZREM', KEYS[3], ARGV[1])
return {length, at}`);

/** Key: the index. Gives the time, and the sessions for which something waits. */
export const WAITING_ASIDE = script(`${NOW}
local sessions = redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')
table.insert(sessions, 1, at)
return sessions`);
