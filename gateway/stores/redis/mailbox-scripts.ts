/**
 * Every change of a mailbox as a script. A message is a hash of its header and content under its id, and has a row in the
 * index of ids, which says what it counts, so that the counts stay right also where the record has gone by itself; its place
 * in the order of its user's, and while it waits its time, stand in two more. What there may not be room for is written first:
 * Redis refuses it before anything has changed.
 */
import { SHARES } from '../../shares.ts';
import { type ShareScript, shareScript } from './script.ts';

/** KEYS 1 to 5 of whatever changes a mailbox. A row of `ids`: id, NUL, sequence, kind and bytes, user. */
export const INDEXES = `
local ids, order, expiry, counts, totals = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
-- A zero that was made of a negative number is written like any other.
local function whole(number) return string.format('%.0f', number + 0) end
-- The share makes it one of its own among those of all shares.
local function nextSequence(share) return whole(redis.call('HINCRBY', totals, 'last', 1) * ${SHARES} + share) end
local function rowOf(id)
  local text = redis.call('ZRANGEBYLEX', ids, '[' .. id .. '\\0', '(' .. id .. '\\1', 'LIMIT', 0, 1)[1]
  if not text then return nil end
  local sequence, kind, bytes, user = string.match(text, '^%z(%d+) ([mr])(%d+) (.*)$', #id + 1)
  return { id = id, sequence = sequence, kind = kind, bytes = bytes, user = user }
end
local function textOf(row)
  return row.id .. '\\0' .. row.sequence .. ' ' .. row.kind .. row.bytes .. ' ' .. row.user
end
local function placeOf(row, state)
  return row.user .. '\\0' .. state .. string.rep('0', 12 - #row.sequence) .. row.sequence .. '\\0' .. row.id
end
local function count(row, state, by)
  if state == 'd' then
    redis.call('HINCRBY', totals, 'dead', by)
  elseif row.kind == 'r' then
    redis.call('HINCRBY', totals, 'reports', by)
  else
    local size = by * tonumber(row.bytes)
    redis.call('HINCRBY', totals, 'waiting', by)
    redis.call('HINCRBY', totals, 'bytes', whole(size))
    local messages, bytes = string.match(redis.call('HGET', counts, row.user) or '0 0', '^(%d+) (%d+)$')
    if messages + by > 0 then
      redis.call('HSET', counts, row.user, whole(messages + by) .. ' ' .. whole(bytes + size))
    else
      redis.call('HDEL', counts, row.user)
    end
  end
end
local function live(key, millis)
  if redis.call('PTTL', key) < millis then redis.call('PEXPIRE', key, whole(millis + 86400000)) end
end
local function add(row, state, expiresAt, millis)
  redis.call('ZADD', ids, 0, textOf(row))
  redis.call('ZADD', order, 0, placeOf(row, state))
  if state == 'w' then redis.call('ZADD', expiry, expiresAt, row.id) end
  count(row, state, 1)
  for at = 1, 5 do live(KEYS[at], millis) end
end
local function take(row)
  local state = redis.call('ZREM', expiry, row.id) == 1 and 'w' or 'd'
  redis.call('ZREM', ids, textOf(row))
  redis.call('ZREM', order, placeOf(row, state))
  count(row, state, -1)
end
`;

/**
 * KEYS 6: message, index of tries, what is remembered of this try, notifications, those that are due, this one. Where there is
 * no try or notification, an index stands for it. ARGV: see `MailboxDeposits`.
 */
export const PUT: ShareScript = shareScript(`${INDEXES}
local mail, tries, tried, notes, due, note = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local id, user, kind, bytes, header, content = unpack(ARGV, 1, 6)
local storedAt, expiresAt, life, indexLife = tonumber(ARGV[7]), ARGV[8], ARGV[9], tonumber(ARGV[10])
local quotaMessages, quotaBytes, elsewhere, most = ARGV[11], ARGV[12], tonumber(ARGV[13]), tonumber(ARGV[14])
local isElsewhere = ARGV[15] == '1'
local tryKey, tryUntil, tryRecord, tryLife, looksForTry = ARGV[16], ARGV[17], ARGV[18], ARGV[19], ARGV[20] == '1'
local noteName, noteBefore, noteAfter, noteDue, noteLife = unpack(ARGV, 21, 25)
if looksForTry then
  local record = redis.call('GET', tried)
  if record and tonumber(redis.call('ZSCORE', tries, tryKey) or 0) > storedAt then return { 'known', record } end
end
if isElsewhere or redis.call('EXISTS', mail) == 1 then return { 'stored' } end
local before = rowOf(id)
if before then take(before) end
if kind == 'm' then
  local messages, all = string.match(redis.call('HGET', counts, user) or '0 0', '^(%d+) (%d+)$')
  if quotaMessages ~= '' and (tonumber(messages) >= tonumber(quotaMessages) or all + bytes > tonumber(quotaBytes)) then
    return { 'full', 'recipient' }
  end
  if elsewhere + (redis.call('HGET', totals, 'waiting') or 0) >= most then return { 'full', 'mailbox' } end
end
if noteName ~= '' and (redis.call('GET', note) or '') ~= noteBefore then return { 'again' } end
local sequence = nextSequence(ARGV[26])
redis.call('HSET', mail, 'h', sequence .. ' ' .. header)
if content ~= '' then redis.call('HSET', mail, 'c', content) end
redis.call('PEXPIRE', mail, life)
add({ id = id, sequence = sequence, kind = kind, bytes = bytes, user = user }, 'w', expiresAt, indexLife)
if tryKey ~= '' then
  redis.call('SET', tried, tryRecord, 'PX', tryLife)
  redis.call('ZADD', tries, tryUntil, tryKey)
  live(tries, tonumber(tryLife))
end
if noteName ~= '' then
  redis.call('SET', note, noteAfter, 'PX', noteLife)
  redis.call('ZADD', notes, 0, noteName)
  redis.call('ZADD', due, noteDue, noteName)
  live(notes, tonumber(noteLife))
  live(due, tonumber(noteLife))
end
return { 'stored' }`);

/** KEYS 6 and on: messages; ARGV: their ids. Each is gone after; answers what it was: `m`, `r`, nothing, or `?`. */
export const END: ShareScript = shareScript(`${INDEXES}
local ended = {}
for at = 6, #KEYS do
  local isThere = redis.call('DEL', KEYS[at]) == 1
  local row = rowOf(ARGV[at - 5])
  if row then take(row) end
  ended[at - 5] = isThere and (row and row.kind or '?') or ''
end
return ended`);

/** KEYS 6 and on: messages; ARGV: their ids. Indexes let go of those that have gone by themselves. */
export const CLEAN: ShareScript = shareScript(`${INDEXES}
for at = 6, #KEYS do
  if redis.call('EXISTS', KEYS[at]) == 0 then
    local row = rowOf(ARGV[at - 5])
    if row then take(row) end
  end
end
return 0`);

/** KEYS: messages. Which of them are there. */
export const THERE: ShareScript = shareScript(`
local there = {}
for at = 1, #KEYS do there[at] = redis.call('EXISTS', KEYS[at]) end
return there`);

/** KEYS: message. ARGV: its header before and after, its content or nothing. 0: it was another header. */
export const CHANGE: ShareScript = shareScript(`
if redis.call('HGET', KEYS[1], 'h') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'h', ARGV[2])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'c', ARGV[3]) end
return 1`);

/** KEYS 6: message. ARGV: see `RedisMailbox`. To the dead, and back behind all that wait. 0: it was another header. */
export const MOVE: ShareScript = shareScript(`${INDEXES}
local mail = KEYS[6]
local id, user, kind, bytes, before, header = unpack(ARGV, 1, 6)
local state, sequence, expiresAt, life, indexLife = ARGV[7], ARGV[8], ARGV[9], ARGV[10], tonumber(ARGV[11])
if redis.call('HGET', mail, 'h') ~= before then return 0 end
if state == 'w' then sequence = nextSequence(ARGV[12]) end
redis.call('HSET', mail, 'h', sequence .. ' ' .. header)
redis.call('PEXPIRE', mail, life)
local row = rowOf(id)
if row then take(row) end
add({ id = id, sequence = sequence, kind = kind, bytes = bytes, user = user }, state, expiresAt, indexLife)
return 1`);

/** KEYS: index of tries, then what is remembered of each. ARGV: now, then their keys. Forgets those whose time is over. */
export const FORGET_TRIES: ShareScript = shareScript(`
for at = 2, #KEYS do
  local till = redis.call('ZSCORE', KEYS[1], ARGV[at])
  if till and tonumber(till) <= tonumber(ARGV[1]) then
    redis.call('DEL', KEYS[at])
    redis.call('ZREM', KEYS[1], ARGV[at])
  end
end
return 0`);
