-- Let go of a lock, and wake one of those who wait. Whether nobody can have held it meanwhile.
-- KEYS: lock, fence, turn. ARGV: whose, their fence.
local held = redis.call('GET', KEYS[1])
if held and held:sub(1, #ARGV[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1], KEYS[3])
  redis.call('RPUSH', KEYS[3], 1)
  redis.call('PEXPIRE', KEYS[3], 1000)
  return 1
end
-- It ran out, or this is asked once more since the first answer was lost: what counts is whether
-- anybody came after.
if redis.call('GET', KEYS[2]) == ARGV[2] then
  return 1
end
return 0
