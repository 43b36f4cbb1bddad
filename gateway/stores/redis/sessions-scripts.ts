/**
 * How sessions change in Redis. A session is the bytes of `records.ts` under a key of its own; the scripts read of them when
 * it ends and of which VASP it is, and write a later end in its place.
 */
import { script } from './script.ts';

/** Behind the end of a session, so that nodes whose clocks differ still find it; whoever sweeps removes it before. */
const MARGIN_MILLIS = 10 * 60_000;
/** Where the end lies in the past by Redis's clock, which then is not the clock that ends are judged by. */
const PAST_MILLIS = 86_400_000;

/**
 * `lifeOf` an end, in Redis's time; `endOf` a record: its end, where that stands, its VASP; nothing where it is of another
 * form.
 */
const COMMON = `
local function lifeOf(ending)
  local time = redis.call('TIME')
  local now = time[1] * 1000
  if ending > now then return ending + ${MARGIN_MILLIS} end
  return now + ${PAST_MILLIS}
end
local function endOf(bytes)
  local format, flags = string.byte(bytes, 1, 2)
  if flags == nil or format < 1 or format > 5 then return end
  local at = 3
  for bit = 4, 8, 4 do
    if math.floor(flags / bit) % 2 == 0 then at = at + 16
    else at = at + 1 + (string.byte(bytes, at) or 0) end
  end
  at = at + 14
  local a, b, c, d, e, f = string.byte(bytes, at, at + 5)
  if f == nil then return end
  local ending = ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
  local name = at + 6
  if math.floor(flags / 2) % 2 == 1 then name = name + 4 end
  local length = string.byte(bytes, name)
  if length == nil then return end
  return ending, at, string.sub(bytes, name + 1, name + length)
end
`;

/** KEYS: session, index of its VASP, VASPs. ARGV: bytes, session key, end, VASP. 1: one was there. */
export const PUT = script(`${COMMON}
local ending = tonumber(ARGV[3])
local replaces = redis.call('EXISTS', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PXAT', string.format('%.0f', lifeOf(ending)))
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
redis.call('SADD', KEYS[3], ARGV[4])
return replaces`);

/**
 * KEYS: session. ARGV: end, its 6 bytes. Leaves the index: whoever sweeps looks at the session. 0: no such session, -1: of
 * another form.
 */
export const PROLONG = script(`${COMMON}
local bytes = redis.call('GET', KEYS[1])
if not bytes then return 0 end
local ending, at = endOf(bytes)
if ending == nil then return -1 end
local later = tonumber(ARGV[1])
if later > ending then
  redis.call('SETRANGE', KEYS[1], at - 1, ARGV[2])
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', lifeOf(later)))
end
return 1`);

/** KEYS: session, index of its VASP. ARGV: session key. */
export const DELETE = script(`
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])`);

/**
 * Of sessions that are over by the index: those that are, go; the others get their place. How many cannot be read, and stay.
 * KEYS: index of a VASP, sessions. ARGV: now, VASP, session keys.
 */
export const SWEEP = script(`${COMMON}
local now = tonumber(ARGV[1])
local unreadable = 0
for at = 2, #KEYS do
  local bytes = redis.call('GET', KEYS[at])
  local key = ARGV[at + 1]
  if not bytes then
    redis.call('ZREM', KEYS[1], key)
  else
    local ending, _, vasp = endOf(bytes)
    if ending == nil then
      unreadable = unreadable + 1
    elseif vasp ~= ARGV[2] then
      redis.call('ZREM', KEYS[1], key)
    elseif ending <= now then
      redis.call('ZREM', KEYS[1], key)
      redis.call('DEL', KEYS[at])
    else
      redis.call('ZADD', KEYS[1], string.format('%.0f', ending), key)
    end
  end
end
return unreadable`);

/** KEYS: index of a VASP, VASPs. ARGV: VASP. */
export const DROP_EMPTY = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('SREM', KEYS[2], ARGV[1]) end
return 1`);
