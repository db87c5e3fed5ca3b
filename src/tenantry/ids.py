"""UUIDv7: ids that carry their time, so that inserts stay in order and partitions prune by id.

The layout is the one of the SQL fallback and of PostgreSQL 18: 48 bits of milliseconds, then the
sub-millisecond fraction in the 12 bits of `rand_a`, then 62 random bits. The standard library has
no UUIDv7 before Python 3.14, and none of the packages makes ids for a given time or range bounds.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """A new id for now; ids of one process are strictly increasing."""
    global _last
    # A step of 250 ns is what 12 bits of a millisecond can tell apart (1 ms / 4096 = 244 ns).
    tick = time.time_ns() * 4096 // 1_000_000
    with _lock:
        _last = tick = max(tick, _last + 1)
    return _assemble(tick)


def uuid7_at(moment: datetime) -> UUID:
    """A new random id that carries `moment`: for history, imports and demo data."""
    return _assemble(_microseconds(moment) * 4096 // 1000)


def lower_bound(moment: datetime) -> UUID:
    """The smallest id of `moment`'s millisecond: `id >= lower_bound(a) AND id < lower_bound(b)`."""
    return UUID(int=(_microseconds(moment) // 1000) << 80)


def time_of(id: UUID) -> datetime:
    """The moment an id carries, to the millisecond."""
    return _EPOCH + timedelta(milliseconds=id.int >> 80)


def _assemble(tick: int) -> UUID:
    random = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    return UUID(int=(tick >> 12) << 80 | 0x7 << 76 | (tick & 0xFFF) << 64 | 0b10 << 62 | random)


def _microseconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("a naive datetime names no moment; give it a timezone")
    return (moment - _EPOCH) // timedelta(microseconds=1)
