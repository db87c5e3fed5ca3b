-- A session ends; gives whose it was. The index is the caller's next step, and one that names a
-- dead session does no harm.
--
-- KEYS  the session
local user = redis.call('HGET', KEYS[1], 'user')
if user then redis.call('DEL', KEYS[1]) end
return user
