-- Several limits as one step: all of them take their cost, or none does.
--
-- KEYS  one for each limit
-- ARGV  'hit', or 'peek' to take nothing; then for each limit its kind, how much fits, its period,
--       and the cost
-- Gives the time and whether all allow it; then for each limit whether it does, what remains, and
--       the microseconds until it would allow the cost and until it is as new.
--
-- A window ('w', period: its length) is a list of pairs: when, and the sum of all costs up to then.
-- The first pair is the last one that the window has left behind, so that any sum within the window
-- is the difference of two pairs, and no step is longer than a search through them.
-- A pace ('p', period: how long one unit takes to drain) is a level in microseconds, and its time.
--
-- All times are microseconds by this server's clock. A clock that is set back by a little counts as
-- standing still; by more than a window, the window begins anew, since it would never pass.

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local taking = ARGV[1] == 'hit'

-- The first pair after the left one whose time (field 0) or sum (field 1) reaches the bound: close
-- to the beginning first, where it mostly is.
local function find(key, field, bound)
  local pairs_ = redis.call('LLEN', key) / 2
  local low, high, step = 1, 1, 1
  while high < pairs_ and tonumber(redis.call('LINDEX', key, 2 * high + field)) < bound do
    low = high + 1
    step = step * 2
    high = high + step
  end
  high = math.min(high, pairs_)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if tonumber(redis.call('LINDEX', key, 2 * middle + field)) < bound then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end

local function ask_window(key, most, period, cost)
  local it = { at = now, sum = 0, used = 0, newest = now - period }
  local head = redis.call('LRANGE', key, 0, 3)
  if head[1] then
    local tail = redis.call('LRANGE', key, -2, -1)
    local newest = tonumber(tail[1])
    if newest > now + period then
      redis.call('DEL', key)
      head = {}
    else
      it.newest, it.sum = newest, tonumber(tail[2])
      it.at = math.max(now, newest)
      if head[3] and tonumber(head[3]) <= it.at - period then
        redis.call('LTRIM', key, 2 * find(key, 0, it.at - period + 1) - 2, -1)
        head = redis.call('LRANGE', key, 0, 1)
      end
      it.used = it.sum - head[2]
    end
  end
  it.new = not head[1]
  it.remaining = most - it.used
  it.allowed = cost <= it.remaining
  it.reset = it.newest + period - it.at
  it.retry = 0
  if not it.allowed then
    local leaves = find(key, 1, it.sum + cost - most)
    it.retry = redis.call('LINDEX', key, 2 * leaves) + period - it.at
  end
  return it
end

local function take_window(key, it, most, period, cost)
  if it.new then
    redis.call('RPUSH', key, 0, 0, it.at, cost)
  else
    redis.call('RPUSH', key, it.at, it.sum + cost)
  end
  -- Later than it could be, since this server counts a script's time from its beginning.
  redis.call('PEXPIRE', key, math.ceil(period / 1000) + 10)
  it.remaining = it.remaining - cost
  it.reset = period
end

-- What sums of fractions may be wrong by, in units of the cost.
local SLACK = 0.000001

local function ask_pace(key, most, period, cost)
  local it = { level = 0, retry = 0 }
  local kept = redis.call('GET', key)
  if kept then
    local level, at = string.match(kept, '(%S+) (%S+)')
    it.level = math.max(0, level - math.max(0, now - at))
  end
  it.remaining = math.floor(most - it.level / period + SLACK)
  it.allowed = it.level + cost * period <= (most + SLACK) * period
  it.reset = math.ceil(it.level)
  if not it.allowed then
    it.retry = math.ceil(it.level + (cost - most) * period)
  end
  return it
end

local function take_pace(key, it, most, period, cost)
  local level = it.level + cost * period
  local kept = string.format('%.17g %.0f', level, now)
  redis.call('SET', key, kept, 'PX', math.ceil(level / 1000) + 10)
  it.remaining = math.floor(most - level / period + SLACK)
  it.reset = math.ceil(level)
end

local asked, allowed = {}, true
for i, key in ipairs(KEYS) do
  local from = 4 * i - 2
  local most, period = tonumber(ARGV[from + 1]), tonumber(ARGV[from + 2])
  local ask = ARGV[from] == 'w' and ask_window or ask_pace
  asked[i] = ask(key, most, period, tonumber(ARGV[from + 3]))
  allowed = allowed and asked[i].allowed
end

local answer = { now, allowed and 1 or 0 }
for i, key in ipairs(KEYS) do
  local from, it = 4 * i - 2, asked[i]
  if taking and allowed then
    local take = ARGV[from] == 'w' and take_window or take_pace
    take(key, it, tonumber(ARGV[from + 1]), tonumber(ARGV[from + 2]), tonumber(ARGV[from + 3]))
  end
  local at = 4 * i - 1
  answer[at], answer[at + 1] = it.allowed and 1 or 0, math.max(0, it.remaining)
  answer[at + 2], answer[at + 3] = it.retry, it.reset
end
return answer
