"""How often a name may be tried: five times, then ever more rarely.

A try counts from before its password is looked at, so that of many at once no more are looked at than
one after the other; success takes it back. It counts for the name as it was typed, whether there is such
a user or not.
"""

from __future__ import annotations

import hashlib
from typing import Final

from tenantry.handles import ServiceTransaction

ALLOWED: Final = 5
LONGEST_LOCK_S: Final = 900
FORGOTTEN_AFTER: Final = "1 day"

#: In lower case as the database has it, which is how users are found: were it another's rule, a spelling
#: could be tried anew that finds the same user, or find none.
_HASH: Final = "sha256(convert_to(lower($1), 'UTF8'))"
#: No row: the name is locked. What waited for another's try has that one's lock before it.
_COUNT: Final = f"""
    INSERT INTO tenantry.sign_in_attempts AS a (name_hash, failures) VALUES ({_HASH}, 1)
    ON CONFLICT (name_hash) DO UPDATE SET (failures, failed_at, locked_until) = (
        SELECT n.failures, now(), CASE WHEN n.failures >= {ALLOWED} THEN now() + make_interval(
            secs => least({LONGEST_LOCK_S}, 2 ^ least(n.failures - {ALLOWED - 1}, 30))) END
        FROM (SELECT CASE WHEN a.failed_at < now() - interval '{FORGOTTEN_AFTER}' THEN 1
                          ELSE a.failures + 1 END AS failures) AS n)
    WHERE a.locked_until IS NULL OR a.locked_until <= now()
    RETURNING a.failures"""  # noqa: S608 - numbers of ours
#: Some with each try, so that they become fewer however fast new names are tried.
_FORGET: Final = f"""
    DELETE FROM tenantry.sign_in_attempts WHERE name_hash IN (
        SELECT o.name_hash FROM tenantry.sign_in_attempts AS o
        WHERE o.failed_at < now() - interval '{FORGOTTEN_AFTER}'
        ORDER BY o.failed_at LIMIT 20 FOR UPDATE SKIP LOCKED)"""  # noqa: S608
_CLEAR: Final = f"DELETE FROM tenantry.sign_in_attempts WHERE name_hash = {_HASH}"  # noqa: S608
_LONGEST: Final = 255


def name_of(typed: str) -> str:
    """What was typed as an e-mail address. In place of what can be none stands another that nobody has."""
    name = typed.strip()
    told = name.encode("utf-8", "surrogatepass")
    is_text = "\0" not in name and told == name.encode("utf-8", "replace")
    return name if is_text and len(name) <= _LONGEST else hashlib.sha256(told).hexdigest()


async def count(s: ServiceTransaction, name: str) -> int | None:
    """The how manieth failure this try would be; None while the name is locked."""
    row = await s.fetch_one(_COUNT, name)
    await s.execute(_FORGET)
    return None if row is None else int(row["failures"])


async def clear(s: ServiceTransaction, name: str) -> None:
    await s.execute(_CLEAR, name)
