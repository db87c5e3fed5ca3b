-- The tokens of tags, which last at least as long as what is stored with them (ms). ARGV: how long,
-- and a token for each that has none.
local answer = {}
for i = 1, #KEYS do
  local token = redis.call('GET', KEYS[i])
  if token then
    redis.call('PEXPIRE', KEYS[i], ARGV[1], 'GT')
  else
    token = ARGV[i + 1]
    redis.call('SET', KEYS[i], token, 'PX', ARGV[1])
  end
  answer[i] = token
end
return answer
