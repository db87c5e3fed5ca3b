-- A new session, and its line in its user's index. Those of `KEYS[3…]` end to make room for it.
--
-- KEYS  the session, the index, sessions to end
-- ARGV  its id, how many the user may have (0: any number), idle and absolute life in ms, the user,
--       data, about, ids of those to end
-- Gives how many the user has now, or 0 if there is no room.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local most, idle, life = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

-- Counted again here: another sign-in may have come first. (This one too, where an answer was lost.)
local others = redis.call('ZCARD', KEYS[2])
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then others = others - 1 end
for i = 8, #ARGV do
  if ARGV[i] ~= ARGV[1] and redis.call('ZSCORE', KEYS[2], ARGV[i]) then others = others - 1 end
end
if most > 0 and others >= most then return 0 end

for i = 3, #KEYS do
  redis.call('DEL', KEYS[i])
  redis.call('ZREM', KEYS[2], ARGV[i + 5])
end
redis.call('HSET', KEYS[1], 'user', ARGV[5], 'data', ARGV[6], 'about', ARGV[7], 'created', now,
  'seen', now, 'idle', idle, 'ends', now + life)
redis.call('PEXPIREAT', KEYS[1], now + math.min(idle, life))
redis.call('ZADD', KEYS[2], clock[1] * 1000000 + clock[2], ARGV[1])
-- The index outlives each session that it names.
if redis.call('PTTL', KEYS[2]) < life + 1000 then
  redis.call('PEXPIREAT', KEYS[2], now + life + 1000)
end
return others + 1
