-- All of a user's sessions end, but one that may be kept. Gives how many did, or -1 if the index
-- names one that the caller did not: then he looks again.
--
-- KEYS  the index, the sessions
-- ARGV  the id to keep or '', the sessions' ids
local told = {}
for i = 2, #ARGV do told[ARGV[i]] = true end
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if not told[id] then return -1 end
end
local ended = 0
for i = 2, #KEYS do
  if ARGV[i] ~= ARGV[1] then
    ended = ended + redis.call('DEL', KEYS[i])
    redis.call('ZREM', KEYS[1], ARGV[i])
  end
end
return ended
