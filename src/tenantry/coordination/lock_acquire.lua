-- Take a lock, or tell for how many milliseconds it is held yet.
-- KEYS: lock, fence. ARGV: whose, for how long.
local held = redis.call('GET', KEYS[1])
if held and held:sub(1, #ARGV[1]) ~= ARGV[1] then
  return {0, redis.call('PTTL', KEYS[1])}
end
if held then
  -- Asked once more, since the first answer was lost on its way.
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {1, held:sub(#ARGV[1] + 2)}
end
-- One more than the last, and no less than the time in microseconds: a server that lost what it
-- knew (its disk, or in a failover the last moment) goes on above what it gave before.
local time = redis.call('TIME')
local fence = math.max(
  tonumber(redis.call('GET', KEYS[2]) or '0') + 1, tonumber(time[1]) * 1000000 + tonumber(time[2])
)
fence = string.format('%.0f', fence)
-- It outlives its holder by a week, to tell whether anybody came after; the time is enough to go on
-- above it. Kept for good, there would be one for every name that was ever locked.
redis.call('SET', KEYS[2], fence, 'PX', tonumber(ARGV[2]) + 604800000)
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. fence, 'PX', ARGV[2])
return {1, fence}
