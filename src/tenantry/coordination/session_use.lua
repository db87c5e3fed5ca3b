-- A session that lives: what is in it. Never makes one, so that what was ended stays ended.
--
-- KEYS  the session
-- ARGV  how old its last use may get before it is written again, in ms; new data, if any
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local found = redis.call('HMGET', KEYS[1], 'user', 'data', 'about', 'created', 'seen', 'idle', 'ends')
if not found[1] then return false end

if ARGV[2] then
  redis.call('HSET', KEYS[1], 'data', ARGV[2])
  found[2] = ARGV[2]
end
-- A short life is prolonged in short steps.
if now - found[5] >= math.min(tonumber(ARGV[1]), found[6] / 20) then
  redis.call('HSET', KEYS[1], 'seen', now)
  redis.call('PEXPIREAT', KEYS[1], math.min(now + found[6], tonumber(found[7])))
  found[5] = now
end
return found
