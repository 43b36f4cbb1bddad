/**
 * The changes of a session that the gateway holds. Their keys are the session, the lock of its turn and the index of its share,
 * by the time at which sessions end. A value begins with the part of the session's id that chance made, so that whoever has
 * the id of a session that stood there before finds none. The index lives as long as the last session of it.
 */
import { script } from './script.ts';

/** Puts the session in place; `ARGV[1]` names it in the index, then value, when it ends, how long its key lives. */
const KEEP = `
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[4])
  redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
  if redis.call('PEXPIRE', KEYS[3], ARGV[4], 'NX') == 0 then redis.call('PEXPIRE', KEYS[3], ARGV[4], 'GT') end
end`;

/** In the place of an older one, whose turn ends. Gives how many sessions there are in the share. */
export const OPEN_SESSION = script(`
redis.call('DEL', KEYS[2])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', (tonumber(ARGV[3]) or 0) - (tonumber(ARGV[4]) or 0))
${KEEP}
return redis.call('ZCARD', KEYS[3])`);

/** Arguments: chance, owner's token, milliseconds. Gives the session; nothing when there is none, 0 when another has the turn. */
export const BEGIN_TURN = script(`
local stands = redis.call('GET', KEYS[1])
if not stands or string.sub(stands, 1, #ARGV[1]) ~= ARGV[1] then return false end
local owner = redis.call('GET', KEYS[2])
if owner and owner ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return stands`);

/**
 * Arguments as for keeping, then chance and the owner's token. Gives 0, and changes nothing, when the turn is another's by now;
 * a session that was ended meanwhile stays ended.
 */
export const FINISH_TURN = script(`
local isOwn = redis.call('GET', KEYS[2]) == ARGV[6]
local stands = redis.call('GET', KEYS[1])
if not stands or string.sub(stands, 1, #ARGV[5]) ~= ARGV[5] then
  if isOwn then redis.call('DEL', KEYS[2]) end
  return 1
end
if not isOwn then return 0 end
redis.call('DEL', KEYS[2])
${KEEP}
return 1`);

/** Argument: the owner's token. */
export const CANCEL_TURN = script(`
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 1`);

/** Argument: the session's name in the index. */
export const END_SESSION = script(`
local ended = redis.call('DEL', KEYS[1])
if ended == 1 then redis.call('DEL', KEYS[2]) end
redis.call('ZREM', KEYS[3], ARGV[1])
return ended`);
