-- Begin to compute a value, unless another is at it.
-- KEYS: the value, its lease, its tags. ARGV: a token, how long the lease and the tags last (ms),
-- and a token for each tag that has none.
-- Answers: who is at it (nobody: it is ours), the value as it is, the tags' tokens.
local answer, tags = {false, false}, ''
for i = 3, #KEYS do
  local token = redis.call('GET', KEYS[i])
  if token then
    redis.call('PEXPIRE', KEYS[i], ARGV[3], 'GT')
  else
    token = ARGV[i + 1]
    redis.call('SET', KEYS[i], token, 'PX', ARGV[3])
  end
  answer[i] = token
  tags = tags .. token
end
local held = redis.call('GET', KEYS[2])
-- "w": a transaction that will write the value, and has not committed. Nobody waits for that one,
-- nor for who began before a tag was invalidated.
-- Our own is there where this is asked once more, since the first answer was lost on its way.
if held and string.sub(held, 1, 1) ~= 'w' and string.sub(held, 1, #ARGV[1]) ~= ARGV[1]
  and string.sub(held, #ARGV[1] + 1) == tags then
  answer[1] = held
else
  redis.call('SET', KEYS[2], ARGV[1] .. tags, 'PX', ARGV[2])
end
answer[2] = redis.call('GET', KEYS[1])
return answer
