"""How often a name may be tried: five times, then ever more rarely.

A try counts from before its password is looked at, so that of many at once no more are looked at than
one after the other; success takes it back. It counts for the name as it was typed, whether there is such
a user or not.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from tenantry.handles import ServiceTransaction

ALLOWED: Final = 5
LONGEST_LOCK_S: Final = 900
FORGOTTEN_AFTER: Final = "1 day"

#: No row: the name is locked. What waited for another's try has that one's lock before it.
_COUNT: Final = f"""
    INSERT INTO tenantry.sign_in_attempts AS a (name_hash, failures) VALUES ($1, 1)
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
_CLEAR: Final = "DELETE FROM tenantry.sign_in_attempts WHERE name_hash = $1"
_LONGEST: Final = 255


@dataclass(frozen=True, slots=True)
class Name:
    """What was typed as an e-mail address. The address that is looked for is what the hash is of, so
    no other spelling of it is tried anew."""

    #: Empty for what can be no user's.
    address: str
    hash: bytes

    @classmethod
    def of(cls, typed: str) -> Name:
        name = typed.strip().lower()
        told = name.encode("utf-8", "surrogatepass")
        is_text = "\0" not in name and told == name.encode("utf-8", "replace")
        fits = is_text and len(name) <= _LONGEST
        return cls(name if fits else "", hashlib.sha256(told).digest())


async def count(s: ServiceTransaction, name: Name) -> int | None:
    """The how manieth failure this try would be; None while the name is locked."""
    row = await s.fetch_one(_COUNT, name.hash)
    await s.execute(_FORGET)
    return None if row is None else int(row["failures"])


async def clear(s: ServiceTransaction, name: Name) -> None:
    await s.execute(_CLEAR, name.hash)
