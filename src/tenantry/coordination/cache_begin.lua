-- Begin to compute a value, unless another is at it.
-- KEYS: the value, its lease, its tags. ARGV: a token, how long the lease and the tags last (ms),
-- and a token for each tag that has none.
-- Answers: who is at it (nobody: it is ours), the value as it is, the tags' tokens.
local held = redis.call('GET', KEYS[2])
-- "w": a transaction that will write the value, and has not committed. Nobody waits for that one.
if held and string.sub(held, 1, 1) == 'w' then held = false end
if not held then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
end
local answer = {held, redis.call('GET', KEYS[1])}
for i = 3, #KEYS do
  local token = redis.call('GET', KEYS[i])
  if token then
    redis.call('PEXPIRE', KEYS[i], ARGV[3], 'GT')
  else
    token = ARGV[i + 1]
    redis.call('SET', KEYS[i], token, 'PX', ARGV[3])
  end
  answer[i] = token
end
return answer
