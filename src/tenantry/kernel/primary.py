"""How far the primary's log reaches now, and when it was where."""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic
from typing import Final

from ..errors import TenantryError
from .context import Context
from .oneshot import OneShot
from .pool import Pool
from .position import BEGINNING, Place
from .writes import Mark, Writes

#: What was inserted, not what was flushed: with synchronous_commit off a commit is acknowledged
#: before it is flushed. Where a page is full, the next record will begin behind the next page's header
#: (24 bytes, a segment's 40); but whoever has replayed all there is stands before it.
_POSITION: Final = OneShot(
    "SELECT CASE WHEN place % segment = 40 THEN place - 40"
    " WHEN place % page = 24 THEN place - 24 ELSE place END,"
    " pg_catalog.substr(pg_catalog.pg_walfile_name(at), 1, 8)"
    " FROM (SELECT at, (at - '0/0'::pg_catalog.pg_lsn)::bigint AS place,"
    " pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')) AS segment,"
    " pg_catalog.current_setting('wal_block_size')::integer AS page"
    " FROM pg_catalog.pg_current_wal_insert_lsn() AS at) AS log",
    silent=True,
)
_NOBODY = Context()
#: Seconds until an answer must be there.
_ANSWER: Final = 1.5


async def place_of(pool: Pool) -> Place:
    """Where the primary's log ends now, at or past every commit acknowledged so far."""
    ((position, timeline),) = await _POSITION.fetch(pool, _NOBODY)
    return Place(int(timeline, 16), position)


class PrimaryLog:
    """Answers of the primary, shared by all who need one."""

    def __init__(self, pool: Pool, writes: Writes, *, remembers: float) -> None:
        self._pool = pool
        self._writes = writes
        self._remembers = remembers
        #: When it was seen where, the newest last.
        self._seen: deque[tuple[float, int]] = deque()
        #: How many commits there were when the newest answer was asked for.
        self._serial = -1
        self._asking: asyncio.Task[None] | None = None
        #: Each promotion begins another. 0: not known yet.
        self.timeline = 0

    @property
    def position(self) -> int:
        """The newest that is known."""
        return self._seen[-1][1] if self._seen else BEGINNING

    async def ask(self) -> bool:
        """Have an answer; one question is under way at a time, for all. False: there was none."""
        if self._asking is None:
            self._asking = self._pool.spawn(self._ask())
        task = self._asking
        await asyncio.wait({task})
        return not task.cancelled() and task.exception() is None

    async def covering(self, mark: Mark) -> int | None:
        """A position that the marked commit does not lie beyond. None: the primary does not say."""
        while self._serial < mark.serial:
            # A question that is under way may have begun before the commit: then comes another.
            if not await self.ask():
                return None
        mark.position = self.position
        return mark.position

    async def _ask(self) -> None:
        serial = self._writes.serial
        try:
            async with asyncio.timeout(_ANSWER):  # with the wait for a connection
                self.timeline, position = await place_of(self._pool)
        except TimeoutError:
            raise TenantryError("The primary did not answer in time.") from None
        finally:
            self._asking = None
        now = monotonic()
        self._serial = serial
        self._seen.append((now, position))
        while len(self._seen) > 1 and self._seen[1][0] < now - self._remembers:
            self._seen.popleft()

    def lag(self, position: int, replay_age: float | None) -> float | None:
        """Seconds since the primary was at a replica's position; None: longer than anybody knows.

        `replay_age` is how old the newest transaction is that the replica has; no more than that is
        missing, though it says little where writes are rare.
        """
        if position >= self.position:
            return 0.0
        known = [at for at, seen in self._seen if seen <= position]
        ages = [monotonic() - known[-1]] if known else []
        if replay_age is not None:
            ages.append(max(0.0, replay_age))
        return min(ages, default=None)
