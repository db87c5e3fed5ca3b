-- What was delivered and never acknowledged comes to this consumer; what was delivered too often goes
-- to the dead letters.
-- KEYS: the stream, its dead letters. ARGV: group, consumer, how many ms it has waited at least, how
-- often it is delivered at most, how many at a time, whose ('' for anybody's), from which entry on.
-- The last entry that was looked at ('' when there are no more), and of each that is taken: its entry,
-- its fields, how often it was delivered.
local group, consumer, idle, most, whose = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[6]
local words = {'XPENDING', KEYS[1], group, 'IDLE', idle, ARGV[7], '+', ARGV[5]}
if whose ~= '' then
    words[#words + 1] = whose
end
local taken, pending = {}, redis.call(unpack(words))
for _, entry in ipairs(pending) do
    local id, times = entry[1], entry[4]
    if times < most then
        -- An entry that was trimmed away meanwhile is no longer pending by this.
        local claimed = redis.call('XCLAIM', KEYS[1], group, consumer, idle, id)
        if claimed[1] then
            taken[#taken + 1] = {claimed[1][1], claimed[1][2], times + 1}
        end
    else
        local found = redis.call('XRANGE', KEYS[1], id, id)
        if found[1] then
            local fields = found[1][2]
            for _, word in ipairs({'group', group, 'deliveries', times, 'entry', id}) do
                fields[#fields + 1] = word
            end
            redis.call('XADD', KEYS[2], '*', unpack(fields))
        end
        redis.call('XACK', KEYS[1], group, id)
    end
end
local last = pending[tonumber(ARGV[5])]
return {last and last[1] or '', taken}
