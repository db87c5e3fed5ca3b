-- Several limits as one step: all of them take their cost, or none does.
--
-- KEYS  one for each limit
-- ARGV  'hit', or 'peek' to take nothing; then for each limit its kind, how much fits, its period,
--       and the cost
-- Gives the time and whether all allow it; then for each limit whether it does, what remains, and
-- the microseconds until it would allow the cost and until it is as new.
--
-- A window ('w', period: its length) is a list of pairs: when, and the sum of all costs up to then.
-- The first pair is the last one that the window has left behind, so that any sum within the window
-- is the difference of two pairs, and no step is longer than a search through them.
-- A pace ('p', period: how long one unit takes to drain) is a level in microseconds, and its time.
--
-- All times are microseconds by this server's clock. A clock that is set back by a little counts as
-- standing still; by more than a window, or than a pace takes to drain, it begins anew, since it
-- would never pass.
--
-- This runs for every request there is: numbers for Redis are text where they can be, and nothing is
-- asked twice.

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
-- What sums of fractions may be wrong by, in units of the cost.
local SLACK = 0.000001

-- The first pair after the left one whose time (field 0) or sum (field 1) reaches the bound: close
-- to the beginning first, where it mostly is.
local function find(key, field, bound)
  local size = redis.call('LLEN', key) / 2
  local low, high, step = 1, 1, 1
  while high < size and tonumber(redis.call('LINDEX', key, 2 * high + field)) < bound do
    low = high + 1
    step = step * 2
    high = high + step
  end
  high = math.min(high, size)
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

-- Ask all of them. `kept` is what each has: a window's sum (nil if it is new), or a pace's level.
local answer, kept, allowed = { now, 1 }, {}, true
for i = 1, #KEYS do
  local key, from = KEYS[i], 4 * i - 2
  local most, period, cost = tonumber(ARGV[from + 1]), tonumber(ARGV[from + 2]), tonumber(ARGV[from + 3])
  local remaining, retry, reset, fits = most, 0, 0, true

  if ARGV[from] == 'w' then
    local head = redis.call('LRANGE', key, '0', '3')
    if head[1] then
      local last = redis.call('LRANGE', key, '-2', '-1')
      local newest, sum = tonumber(last[1]), tonumber(last[2])
      if newest > now + period then
        redis.call('DEL', key)
      else
        now = math.max(now, newest)
        local left = now - period
        if head[3] and tonumber(head[3]) <= left then
          redis.call('LTRIM', key, 2 * find(key, 0, left + 1) - 2, '-1')
          head = redis.call('LRANGE', key, '0', '3')
        end
        kept[i] = sum
        remaining = most - sum + head[2]
        reset = math.max(0, newest - left)
        fits = cost <= remaining
        if not fits then
          local leaving = sum + cost - most
          local at = head[3]
          if tonumber(head[4]) < leaving then
            at = redis.call('LINDEX', key, 2 * find(key, 1, leaving))
          end
          retry = at - left
        end
      end
    end
  else
    local level, before = 0, redis.call('GET', key)
    if before then
      local then_level, at = string.match(before, '(%S+) (%S+)')
      -- Ahead by more than even a full one takes to drain: the clock was set back.
      if at - now <= most * period then
        level = math.max(0, then_level - math.max(0, now - at))
      end
    end
    kept[i] = level
    remaining = math.floor(most - level / period + SLACK)
    reset = math.ceil(level)
    fits = level + cost * period <= (most + SLACK) * period
    if not fits then
      retry = math.ceil(level + (cost - most) * period)
    end
  end

  allowed = allowed and fits
  local to = 4 * i - 1
  answer[to], answer[to + 1] = fits and 1 or 0, math.max(0, remaining)
  answer[to + 2], answer[to + 3] = retry, reset
end

answer[1] = now
if not allowed then
  answer[2] = 0
end
if not allowed or ARGV[1] == 'peek' then
  return answer
end

-- Take from all of them.
for i = 1, #KEYS do
  local key, from, to = KEYS[i], 4 * i - 2, 4 * i - 1
  local most, period, cost = tonumber(ARGV[from + 1]), tonumber(ARGV[from + 2]), tonumber(ARGV[from + 3])
  if ARGV[from] == 'w' then
    if kept[i] then
      redis.call('RPUSH', key, now, kept[i] + cost)
    else
      redis.call('RPUSH', key, '0', '0', now, ARGV[from + 3])
    end
    -- A little later than need be: the server counts a script's time from its beginning.
    redis.call('PEXPIRE', key, math.ceil(period / 1000) + 10)
    answer[to + 1], answer[to + 3] = answer[to + 1] - cost, period
  else
    local level = kept[i] + cost * period
    local text = string.format('%.17g %.0f', level, now)
    redis.call('SET', key, text, 'PX', math.ceil(level / 1000) + 10)
    answer[to + 1] = math.floor(most - level / period + SLACK)
    answer[to + 3] = math.ceil(level)
  end
end
return answer
