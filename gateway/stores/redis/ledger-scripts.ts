/**
 * The scripts of the audit chain. There is one that changes: it does what it is told when the chain is what its caller thinks,
 * and else says what the chain is, so that the caller's next try is right. Whoever was refused several times asks for the turn: the
 * others are refused until he has appended or has let some milliseconds go by, so that nobody tries for ever.
 */
import { script } from './script.ts';

/** What no head is, nor the count of changes. */
export const UNKNOWN = '?';

/** `HMGET` of many fields: Lua hands over only some thousand values at once. */
const MANY = `
local function many(key, from, to)
  local all = {}
  for at = from, to, 1000 do
    for _, value in ipairs(redis.call('HMGET', key, unpack(ARGV, at, math.min(at + 999, to)))) do
      all[#all + 1] = value
    end
  end
  return all
end
`;

/**
 * KEYS: all of the ledger. ARGV: the expected head and count of changes; the caller; milliseconds of a turn, 0 for none; how many ids,
 * texts and entries; these; then commands: name, place of the key, how many arguments, these.
 * Does the commands if the ids and entries are not there, and replies 1. Else replies whose turn it is; the head;
 * the count of changes; numbers of the ids; uses of the texts; the entries.
 */
export const CHANGE = script(`${MANY}
local head = redis.call('GET', KEYS[1]) or ''
local changes = redis.call('GET', KEYS[2]) or ''
local turn = redis.call('GET', KEYS[3])
local isFree = not turn or turn == ARGV[3]
local at = 8
local found = {}
for part = 1, 3 do
  local to = at + tonumber(ARGV[4 + part]) - 1
  found[part] = many(KEYS[3 + part], at, to)
  at = to + 1
end
local isAsThought = isFree and head == ARGV[1] and changes == ARGV[2]
for _, part in ipairs({ 1, 3 }) do
  for _, value in ipairs(found[part]) do
    if value then isAsThought = false end
  end
end
if not isAsThought then
  if isFree and ARGV[4] ~= '0' then
    redis.call('SET', KEYS[3], ARGV[3], 'PX', ARGV[4])
    turn = ARGV[3]
  end
  return { turn, head, changes, found[1], found[2], found[3] }
end
while at <= #ARGV do
  local to = at + 2 + tonumber(ARGV[at + 2])
  redis.call(ARGV[at], KEYS[tonumber(ARGV[at + 1])], unpack(ARGV, at + 3, to))
  at = to + 1
end
if turn then redis.call('DEL', KEYS[3]) end
return 1
`);

/**
 * Where the chain begins and ends when its head cannot be asked. KEYS: entries. ARGV: numbers that may be there.
 * Replies the first and the last number and their entries; nothing when there is none. What is deleted in the middle may hide
 * what stands behind it: whoever writes there is told by {@link CHANGE} and asks again with that number.
 */
export const ENDS = script(`
local function has(sequence)
  return sequence > 0 and redis.call('HEXISTS', KEYS[1], string.format('%.0f', sequence)) == 1
end
local low, high
local function try(text)
  local sequence = tonumber(text)
  if not sequence or not has(sequence) then return end
  low = math.min(low or sequence, sequence)
  high = math.max(high or sequence, sequence)
end
for _, text in ipairs(ARGV) do try(text) end
for _, text in ipairs(redis.call('HRANDFIELD', KEYS[1], 100)) do try(text) end
if not low then return {} end
local function edge(from, sign)
  local missing = 1
  while has(from + sign * missing) do missing = missing * 2 end
  local there = math.floor(missing / 2)
  while missing - there > 1 do
    local middle = math.floor((there + missing) / 2)
    if has(from + sign * middle) then there = middle else missing = middle end
  end
  return string.format('%.0f', from + sign * there)
end
local first, last = edge(low, -1), edge(high, 1)
return { first, last, redis.call('HGET', KEYS[1], first), redis.call('HGET', KEYS[1], last) }
`);

/**
 * A slice of entries. KEYS: all of the ledger. ARGV: 1 for all that is beside, numbers of entries.
 * Replies the head; the count of changes; the entries; how many entries, ids and users there are; uses; hashes of texts.
 */
export const SLICE = script(`${MANY}
local function beside(command, place)
  return ARGV[1] == '1' and redis.call(command, KEYS[place]) or {}
end
return {
  redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]), many(KEYS[6], 2, #ARGV),
  redis.call('HLEN', KEYS[6]), redis.call('HLEN', KEYS[4]), redis.call('ZCARD', KEYS[7]),
  beside('HGETALL', 5), beside('HKEYS', 8)
}
`);

/** Rows beside a slice. KEYS: changes, ids, users. ARGV: ids and members in turn. Replies the count of changes; for each a number, a score. */
export const ROWS = script(`
local rows = {}
for at = 1, #ARGV, 2 do
  rows[at] = redis.call('HGET', KEYS[2], ARGV[at])
  rows[at + 1] = redis.call('ZSCORE', KEYS[3], ARGV[at + 1])
end
return { redis.call('GET', KEYS[1]), rows }
`);

/**
 * A slice of all entries or of an index, with the entries that it names. KEYS: what is gone through, entries, head.
 * ARGV: `HSCAN` or `ZSCAN`, the cursor. Replies the next cursor; names and values in turn; for an index of ids the entries; the head.
 */
export const SCAN = script(`
local reply = redis.call(ARGV[1], KEYS[1], ARGV[2], 'COUNT', 200)
local named = {}
if KEYS[1] ~= KEYS[2] and ARGV[1] == 'HSCAN' then
  for at = 2, #reply[2], 2 do named[#named + 1] = redis.call('HGET', KEYS[2], reply[2][at]) end
end
return { reply[1], reply[2], named, redis.call('GET', KEYS[3]) }
`);
