-- Hold a lock for longer, if it is still held. KEYS: lock. ARGV: whose, for how long.
local held = redis.call('GET', KEYS[1])
if held and held:sub(1, #ARGV[1]) == ARGV[1] then
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
