"""Which replica a readonly piece of work goes to, so that it finds what its tenant has written."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

from ..errors import TenantryError
from .home import disowned_by_forks, elsewhere
from .observing import Watch
from .pool import Pool
from .position import NOWHERE, Place
from .primary import PrimaryLog
from .replica import Replica, ReplicaHealth
from .writes import Writes

#: Seconds between questions.
_EVERY: Final = 1.0
#: Lags are alike within so many seconds: who is a moment behind is no worse.
_ALIKE: Final = 1.0


class Replicas:
    """The replicas of one primary, watched from `start` to `close`."""

    def __init__(
        self, primary: Pool, replicas: Sequence[Replica], *, max_lag: float, wait: float
    ) -> None:
        self.primary = primary
        self.writes = Writes()
        self._log = PrimaryLog(primary, self.writes, remembers=max_lag + 2 * _EVERY)
        self._replicas = tuple(replicas)
        self._max_lag = max_lag
        self._wait = wait
        #: Those that work may go to now, in turn: healthy, and none much behind the first of them.
        self._best: list[Replica] = []
        self._turn = 0
        self._watching: asyncio.Task[None] | None = None
        self._looked = asyncio.Event()
        self._home: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        disowned_by_forks(self)

    def __len__(self) -> int:
        return len(self._replicas)

    def observe(self, watch: Watch) -> None:
        for replica in self._replicas:
            replica.observe(watch)

    def pools(self) -> list[Pool]:
        """Those that are open."""
        return [replica.ready for replica in self._replicas if replica.ready is not None]

    def seen(self) -> list[ReplicaHealth]:
        """How they were when they were last looked at."""
        return [replica.health(self._max_lag) for replica in self._replicas]

    def start(self) -> None:
        self._watching = self.primary.spawn(self._watch())

    async def close(self, timeout: float) -> None:
        self._best = []
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        await asyncio.gather(*(replica.close(timeout) for replica in self._replicas))

    # ---- choosing -------------------------------------------------------------------------------

    async def choose(
        self, tenant_id: UUID, after: Place = NOWHERE, avoid: Collection[Replica] = ()
    ) -> Replica | None:
        """The replica for a piece of work that must see its tenant's writes, and the log up to
        `after`; None means the primary. In the usual case nobody is asked anything."""
        if asyncio.get_running_loop() is not self._home:
            raise elsewhere()
        while True:
            best = [r for r in self._best if not r.error and r.watched and r not in avoid]
            if not best:
                return None
            mark = self.writes.last(tenant_id)
            position = mark.position
            if position is None:
                position = await self._log.covering(mark)
                if position is None:
                    return None
            if after.timeline > self._log.timeline and not await self._learned_of(after):
                return None
            # By now a failover may be known.
            following = [replica for replica in best if self._follows(replica)]
            if not following:
                return None
            replica = await self._at(max(position, after.position), following)
            if replica is None or replica.ready is not None:
                return replica
            with suppress(TenantryError):
                await replica.pool()
                return replica

    async def _learned_of(self, place: Place) -> bool:
        """A failover that another process has seen before this one."""
        return await self._log.ask() and self._log.timeline >= place.timeline

    async def _at(self, position: int, replicas: list[Replica]) -> Replica | None:
        there = [replica for replica in replicas if replica.position >= position]
        if there:
            self._turn += 1
            return there[self._turn % len(there)]
        nearest = max(replicas, key=lambda replica: replica.position)
        if nearest.lag is None or nearest.lag > self._wait:
            return None  # further behind than anybody would wait
        return nearest if await nearest.reach(position, self._wait) else None

    def _follows(self, replica: Replica) -> bool:
        """After a failover a replica may stand where the old primary led it, with other content than
        the new primary's log has at the same positions."""
        return self._log.timeline in (replica.timeline, 0)

    # ---- watching -------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Each at its own pace: one that hangs holds up nobody."""
        await asyncio.gather(*map(self._look_at, self._replicas))
        self._looked.set()

        async def again(replica: Replica) -> None:
            while True:
                await asyncio.sleep(_EVERY)
                await self._look_at(replica)

        await asyncio.gather(*map(again, self._replicas))

    async def _look_at(self, replica: Replica) -> None:
        # The primary first: who has come as far as it was then is not behind.
        await self._log.ask()
        await replica.ask()
        if not replica.error and not self._follows(replica):
            replica.error = "not_following"
        replica.lag = None if replica.error else self._log.lag(replica.position, replica.replay_age)
        lags = {r: r.lag for r in self._replicas if r.lag is not None and r.lag <= self._max_lag}
        least = min(lags.values(), default=0.0)
        self._best = [replica for replica, lag in lags.items() if lag <= least + _ALIKE]

    async def health(self, timeout: float) -> list[ReplicaHealth]:
        if asyncio.get_running_loop() is self._home:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._looked.wait()
        return self.seen()
