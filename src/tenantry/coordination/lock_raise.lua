-- Fences to come are greater than this one. KEYS: fence. ARGV: a fence that was seen elsewhere.
if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', 604800000)
end
return 1
