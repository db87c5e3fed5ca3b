-- Set values, whoever is computing them: what those began with is older.
-- KEYS: each value and its lease. ARGV: each value and how long it lasts (ms).
-- SET comes first: after another write a server that is full would not refuse it any more.
local refused = false
for i = 1, #KEYS, 2 do
  local answer = redis.pcall('SET', KEYS[i], ARGV[i], 'PX', ARGV[i + 1])
  if answer.err then
    -- What is there is older than what should be.
    redis.call('UNLINK', KEYS[i])
    refused = answer
  end
  redis.call('UNLINK', KEYS[i + 1])
end
return refused or #KEYS / 2
