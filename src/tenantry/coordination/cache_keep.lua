-- Keep what was computed, if its lease still stands: an invalidation took it away.
-- KEYS: the value, its lease. ARGV: the lease's token, the value, how long it lasts (ms), and
-- whether an older value has to go in any case.
if string.sub(redis.call('GET', KEYS[2]) or '', 1, #ARGV[1]) ~= ARGV[1] then
  if ARGV[4] == '1' then redis.call('UNLINK', KEYS[1], KEYS[2]) end
  return 0
end
-- First: after another write a server that is full would not refuse it any more.
local answer = redis.pcall('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if answer.err then
  redis.call('UNLINK', KEYS[1], KEYS[2])
  return answer
end
redis.call('UNLINK', KEYS[2])
return 1
