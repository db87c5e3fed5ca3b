-- Adds events to a stream in their order. After one that is refused the later ones of its key are not
-- added either.
-- KEYS: the stream. ARGV: about how many the stream keeps (0: all), then of each event its id, its
-- moment, its key with a letter before it (or nothing), and its data.
-- For each: '' (added), 'behind', or the server's words of refusal. An error for all of them if it is not
-- this stream that is refused, but the server takes no writes now: then nothing is wrong with the events.
local kept, held, answers = ARGV[1], {}, {}
local passing = {OOM = true, MISCONF = true, NOREPLICAS = true, READONLY = true, MASTERDOWN = true, CLUSTERDOWN = true}
for n = 2, #ARGV, 4 do
    local key = ARGV[n + 2]
    local words = {'XADD', KEYS[1]}
    if kept ~= '0' then
        words[3], words[4], words[5] = 'MAXLEN', '~', kept
    end
    for _, word in ipairs({'*', 'id', ARGV[n], 'at', ARGV[n + 1], 'data', ARGV[n + 3]}) do
        words[#words + 1] = word
    end
    if key ~= '' then
        words[#words + 1], words[#words + 2] = 'key', string.sub(key, 2)
    end
    if key ~= '' and held[key] then
        answers[#answers + 1] = 'behind'
    else
        local answer = redis.pcall(unpack(words))
        if type(answer) == 'table' and answer.err then
            if passing[string.match(answer.err, '^-?(%u+)')] then
                return answer
            end
            held[key] = true
            answers[#answers + 1] = answer.err
        else
            answers[#answers + 1] = ''
        end
    end
end
return answers
