-- A session goes on under a new id; the old one is dead in the same step.
--
-- KEYS  the old one, the new one, the index
-- ARGV  their ids; new data, if any

-- The answer to the first attempt may have been lost on its way.
if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('RENAME', KEYS[1], KEYS[2])
if ARGV[3] then redis.call('HSET', KEYS[2], 'data', ARGV[3]) end
local since = redis.call('ZSCORE', KEYS[3], ARGV[1]) or '0'
-- In this order: an index that is empty for a moment is gone, and when it ends with it.
redis.call('ZADD', KEYS[3], since, ARGV[2])
redis.call('ZREM', KEYS[3], ARGV[1])
if redis.call('TTL', KEYS[3]) < 0 then
  redis.call('PEXPIREAT', KEYS[3], redis.call('HGET', KEYS[2], 'ends') + 1000)
end
return 1
