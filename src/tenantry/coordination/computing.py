"""One caller computes a value, and the others wait for it, here and in other processes.

Who computes holds a lease, a key with a token of his own. A value is kept only while the token is
there, and every invalidation takes it away: what was begun before it is never stored after it.
"""

from __future__ import annotations

import asyncio
import inspect
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from .draft import Draft
from .entry import seal
from .flight import Flight
from .plan import Plan
from .shelf import Begun, Shelf, new_token
from .values import pack, unpack

#: How often those who wait for another process look (seconds): often at first, then less.
_FIRST_LOOK: Final = 0.005
_LAST_LOOK: Final = 0.25


@dataclass(frozen=True, slots=True)
class Computed:
    """What came out. Everyone gets a copy of his own, and the same as a hit would give him."""

    value: Any
    #: None: too large to be stored.
    data: bytes | None

    def copy(self) -> Any:
        return self.value if self.data is None else unpack(self.data)


class Computing:
    """One caller's wish for a value that is not there."""

    def __init__(
        self, shelf: Shelf, name: str, compute: Callable[[], Any], plan: Plan, largest: int
    ) -> None:
        self._shelf = shelf
        self._caching = shelf.caching
        self._name = name
        self._compute = compute
        self._plan = plan
        self._largest = largest
        self._key = shelf.key("lease", name)

    # ---- outside transactions -----------------------------------------------------------------

    async def together(self) -> Any:
        """Compute it, or wait for who does."""
        stats, waited = self._caching.stats, False
        while True:
            token = new_token("c")
            begun = await self._begin(token)
            ours = begun is not None and not begun.holder
            if begun is not None and begun.entry is not None:
                if begun.entry.fresh:  # it was stored a moment ago
                    if ours:
                        await self._shelf.release(self._name, token)
                    return begun.entry.value
                if not ours and self._plan.stale:
                    stats.stale += 1
                    return begun.entry.value
            if begun is not None and (asked := self._caching.asking.get(begun.holder)):
                await (
                    asked.wait()
                )  # one of this process, which has not heard yet that it is its turn
            flight, mine = self._flight(begun, token)
            if not mine and not waited:
                stats.waited, waited = stats.waited + 1, True
            await flight.join()
            if not flight.task.cancelled():
                computed = flight.task.result()
                if computed is not None:
                    return computed.copy()
            elif mine:
                raise asyncio.CancelledError
            # The others were left by who computed: one of them does.

    async def _begin(self, token: str) -> Begun | None:
        plan, shelf = self._plan, self._shelf
        asked = self._caching.asking[token] = asyncio.Event()
        try:
            return await shelf.begin(self._name, plan.tags, token, plan.longest_ms)
        except asyncio.CancelledError:
            # The server may have given us the lease, and nobody is left to say.
            self._caching.errand(shelf.release(self._name, token))
            raise
        finally:
            del self._caching.asking[token]
            asked.set()

    def _flight(self, begun: Begun | None, token: str) -> tuple[Flight, bool]:
        """Who is at it in this process, or waits for another's; and whether that began just now."""
        fly, flights, key = self._caching.fly, self._caching.flights, self._key
        if begun is None:
            # Without a server, one of this process computes.
            flight = flights.get((key, ""))
            return (flight, False) if flight else (fly(key, "", self._alone()), True)
        if not begun.holder:
            return fly(key, token, self._under_lease(token, begun.tags)), True
        flight = flights.get((key, begun.holder))
        return flight or fly(key, begun.holder, self._watch(begun.holder)), False

    async def _watch(self, holder: str) -> None:
        """Until another process is done, or its lease has run out."""
        pause = _FIRST_LOOK
        while True:
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            if await self._shelf.holder(self._name) != holder:
                return
            pause = min(pause * 1.5, _LAST_LOOK)

    async def _alone(self) -> Computed:
        computed = await self._computed()
        self._caching.stats.unstored += 1
        return computed

    async def _under_lease(self, token: str, tags: Mapping[str, bytes]) -> Computed:
        async with self._lease(token) as lease:
            computed = await self._computed()
            await lease.keep(computed, tags)
        return computed

    # ---- in a transaction -----------------------------------------------------------------------

    async def within(self, draft: Draft) -> Any:
        """Compute it in an open transaction. That may hold locks, so it waits for nobody; and what
        it alone can see is not stored."""
        token = new_token("c")
        begun = None if draft.decides(self._name) else await self._begin(token)
        if begun is None:
            return (await self._computed()).copy()
        entry = begun.entry if begun.entry is not None and draft.holds(begun.entry) else None
        if begun.holder:
            if entry is not None and (entry.fresh or self._plan.stale):
                self._caching.stats.stale += not entry.fresh
                return entry.value
            return (await self._computed()).copy()
        async with self._lease(token) as lease:
            computed = await self._computed()
            if await draft.saw_only_what_is_committed():
                await lease.keep(computed, begun.tags)
        return computed.copy()

    # ---- parts ----------------------------------------------------------------------------------

    async def _computed(self) -> Computed:
        value = self._compute()
        if inspect.isawaitable(value):
            value = await value
        data = pack(value)
        self._caching.stats.computed += 1
        return Computed(value, data if len(data) <= self._largest else None)

    @asynccontextmanager
    async def _lease(self, token: str) -> AsyncIterator[Lease]:
        """Held as long as it takes, and let go of unless a value was kept under it."""
        lease = Lease(self._shelf, self._name, token, self._plan)
        renewal = asyncio.get_running_loop().create_task(lease.renew())
        try:
            yield lease
        finally:
            renewal.cancel()
            if not lease.spent:
                await self._shelf.release(self._name, token)


@dataclass(slots=True)
class Lease:
    shelf: Shelf
    name: str
    token: str
    plan: Plan
    spent: bool = False

    async def keep(self, computed: Computed, tags: Mapping[str, bytes]) -> None:
        if computed.data is None:
            self.shelf.caching.stats.unstored += 1
            return
        ms, fresh_until = self.plan.lifetime()
        data = seal(computed.data, tags, fresh_until)
        await self.shelf.keep(self.name, self.token, data, ms)
        self.spent = True

    async def renew(self) -> None:
        """As long as it is ours."""
        held = True
        while held:
            await asyncio.sleep(self.shelf.caching.lease / 3)
            held = await self.shelf.renew(self.name, self.token)
