/**
 * Every change of System Messages as a script. A message is a record under its id, and has a row in the index of ids, which
 * says whose it is, and one in that of users; all three change together.
 */
import { type ShareScript, shareScript } from './script.ts';

/** KEYS 1 and 2. A row of `ids`: id, NUL, user; of `users`: user, NUL, id. */
const INDEXES = `
local ids, users = KEYS[1], KEYS[2]
local function live(key, millis)
  if redis.call('PTTL', key) < millis then redis.call('PEXPIRE', key, string.format('%.0f', millis + 86400000)) end
end
local function leave(id)
  local row = redis.call('ZRANGEBYLEX', ids, '[' .. id .. '\\0', '(' .. id .. '\\1', 'LIMIT', 0, 1)[1]
  if not row then return end
  redis.call('ZREM', ids, row)
  redis.call('ZREM', users, string.sub(row, #id + 2) .. '\\0' .. id)
end
`;

/** KEYS 3 and on: what is forgotten of the user, and the record, of each. ARGV: id, user, record, life, life of its rows of each. */
export const PUT: ShareScript = shareScript(`${INDEXES}
for at = 0, #KEYS / 2 - 2 do
  local forgotten, message = KEYS[at * 2 + 3], KEYS[at * 2 + 4]
  local id, user, record, life, rowsLife = unpack(ARGV, at * 5 + 1, at * 5 + 5)
  if not redis.call('ZSCORE', forgotten, id) then
    redis.call('SET', message, record, 'PX', life)
    redis.call('ZADD', ids, 0, id .. '\\0' .. user)
    redis.call('ZADD', users, 0, user .. '\\0' .. id)
    live(ids, tonumber(rowsLife))
    live(users, tonumber(rowsLife))
  end
end
return 0`);

/** KEYS 3 and on: records. ARGV: their ids. Answers how many there were. */
export const REMOVE: ShareScript = shareScript(`${INDEXES}
local there = 0
for at = 3, #KEYS do
  there = there + redis.call('DEL', KEYS[at])
  leave(ARGV[at - 2])
end
return there`);

/** KEYS 3 and on: records. ARGV: their ids. Indexes let go of those that have gone by themselves. */
export const CLEAN: ShareScript = shareScript(`${INDEXES}
for at = 3, #KEYS do
  if redis.call('EXISTS', KEYS[at]) == 0 then leave(ARGV[at - 2]) end
end
return 0`);

/**
 * KEYS 3: what is forgotten of the user, settings; 5 and on: records. ARGV: life, how many are remembered, how many had not
 * ended, the ids of those, the ids of all. Answers how many there were.
 */
export const FORGET: ShareScript = shareScript(`${INDEXES}
local forgotten, settings = KEYS[3], KEYS[4]
local life, most, unended = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('DEL', settings)
local there = 0
for at = 5, #KEYS do
  there = there + redis.call('DEL', KEYS[at])
  leave(ARGV[3 + unended + at - 4])
end
local last = tonumber(redis.call('ZRANGE', forgotten, -1, -1, 'WITHSCORES')[2] or 0)
for at = 1, unended do
  local id = ARGV[3 + at]
  if not redis.call('ZSCORE', forgotten, id) then
    last = last + 1
    redis.call('ZADD', forgotten, last, id)
  end
end
if unended > 0 then
  redis.call('ZREMRANGEBYRANK', forgotten, 0, -most - 1)
  live(forgotten, tonumber(life))
end
return there`);
