-- An event is done for a group: acknowledged, and its id remembered so that a repeat is known as one.
-- KEYS: the stream, the mark of the event's id. ARGV: group, entry, for how many ms it is remembered.
if tonumber(ARGV[3]) > 0 then
    redis.call('SET', KEYS[2], '1', 'PX', ARGV[3])
end
return redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
