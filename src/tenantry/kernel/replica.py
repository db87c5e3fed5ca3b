"""One replica: how it is, how far it has come, and its connections."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from time import monotonic, perf_counter
from typing import Any, Final

from ..errors import AuthenticationFailed, ConnectionLost, DatabaseUnavailable, TenantryError
from .connect import Connector
from .context import Context
from .observing import Site, Watch
from .oneshot import OneShot
from .pool import Pool, PoolOptions, PoolStats
from .position import BEGINNING

_STATE: Final = OneShot(
    "SELECT pg_catalog.pg_is_in_recovery(),"
    " (pg_catalog.pg_last_wal_replay_lsn() - '0/0'::pg_catalog.pg_lsn)::bigint,"
    " extract(epoch FROM pg_catalog.clock_timestamp()"
    " - pg_catalog.pg_last_xact_replay_timestamp())::float8,"
    # Of the log it replays, from its control file: after a failover these are late, never early.
    " greatest((pg_catalog.pg_control_checkpoint()).timeline_id,"
    " (pg_catalog.pg_control_recovery()).min_recovery_end_timeline)",
    silent=True,
)
_NOBODY = Context()
#: Between questions to one that is waited for.
_PAUSE: Final = 0.004
#: Seconds until an answer must be there.
ANSWER: Final = 1.5
#: After so many questions in a row without an answer nobody waits for it any longer.
_HANGS: Final = 2
#: Errors of the way there or of the server, and not of the work.
ILLNESSES: Final = (ConnectionLost, DatabaseUnavailable, AuthenticationFailed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaHealth:
    name: str
    #: Whether reads are sent there.
    ok: bool
    #: Seconds behind the primary; None where nobody can say.
    lag_s: float | None
    #: Why not: the code of an error, or `no_answer`, `not_a_standby`, `not_following`, `lagging`.
    error: str
    pool: PoolStats | None
    #: How long it took to answer the last question.
    latency_ms: float | None = None

    def to_dict(self) -> dict[str, Any]:
        pool = self.pool.to_dict() if self.pool else None
        facts = {"name": self.name, "ok": self.ok, "lag_s": self.lag_s, "error": self.error}
        return {**facts, "latency_ms": self.latency_ms, "pool": pool}


class Replica:
    """A server that follows the primary. It is out until it was asked, and after each failure until
    it answers again."""

    def __init__(
        self,
        name: str,
        connector: Connector,
        options: PoolOptions,
        *,
        like: Pool,
        site: Site | None = None,
    ) -> None:
        self.name = name
        self.error = "unknown"
        self.lag: float | None = None
        self.latency_ms: float | None = None
        #: How far it has come, as far as is known.
        self.position = BEGINNING
        self.replay_age: float | None = None
        self.timeline = 0
        self._connector = connector
        self._options = replace(options, min_size=0)
        self._like = like
        self._site = site
        self._pool: Pool | None = None
        #: Of one connection, so that a pool which is all in use does not look like an illness.
        self._watch: Pool | None = None
        self._opening = asyncio.Lock()
        self._asking: asyncio.Task[None] | None = None
        self._unanswered = 0

    def __repr__(self) -> str:
        return f"Replica({self.name!r}, lag={self.lag}, error={self.error!r})"

    @property
    def ready(self) -> Pool | None:
        """Its pool, once that is open."""
        return self._pool

    @property
    def watched(self) -> bool:
        """Whether it has been there all the time since it was asked. One that died and came back may
        show less than it had."""
        return self._watch is not None and self._watch.connected

    async def pool(self) -> Pool:
        async with self._opening:
            if self._pool is None:
                if self.error:  # so it was found while this one waited
                    raise _away()
                try:
                    self._pool = await self._open(self._options, self._like.watch)
                except TenantryError as error:
                    self.error = error.code
                    raise
            return self._pool

    def observe(self, watch: Watch) -> None:
        if self._pool is not None:
            self._pool.watch = watch

    async def _open(self, options: PoolOptions, watch: Watch | None = None) -> Pool:
        pool = await Pool.open(self._connector, options, site=self._site, watch=watch)
        pool.distributed = self._like.distributed
        return pool

    def failed(self, error: TenantryError) -> None:
        """Work was in vain here. That it was in the way of the replay is no fault of the server's."""
        if isinstance(error, ILLNESSES):
            self.error = error.code

    async def ask(self, patience: float | None = None) -> bool:
        """Learn how it is. One question is under way at a time, for all who wait. Who waits no longer
        than his patience lasts leaves it under way. False: there is no answer yet."""
        if self._asking is None:
            self._asking = self._like.spawn(self._ask())
        answered, _ = await asyncio.wait({self._asking}, timeout=patience)
        return bool(answered)

    async def reach(self, position: int, seconds: float) -> bool:
        """Whether it comes so far within the time. It is asked again and again."""
        deadline = monotonic() + seconds
        while True:
            if not await self.ask(deadline - monotonic()) or self.error:
                return False
            if self.position >= position:
                return True
            if monotonic() + _PAUSE >= deadline:
                return False
            await asyncio.sleep(_PAUSE)

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(ANSWER):
                if self._watch is None:
                    alone = replace(self._options, max_size=1, overflow=0)
                    self._watch = await self._open(alone)
                asked = perf_counter()
                ((standby, position, age, timeline),) = await _STATE.fetch(self._watch, _NOBODY)
                self.latency_ms = (perf_counter() - asked) * 1000
        except TimeoutError:
            self.error = "no_answer"
            self._unanswered += 1
            if self._unanswered >= _HANGS and self._pool is not None:
                self._pool.cut(_away())
        except TenantryError as error:
            self.error = error.code
        else:
            self._unanswered = 0
            # One that was promoted writes a log of its own: nothing tells whether it is ours.
            self.error = "" if standby else "not_a_standby"
            self.position = position or BEGINNING
            self.replay_age = age
            self.timeline = timeline
        finally:
            self._asking = None

    def health(self, max_lag: float) -> ReplicaHealth:
        late = self.lag is None or self.lag > max_lag
        return ReplicaHealth(
            name=self.name,
            ok=not self.error and not late,
            lag_s=None if self.lag is None else round(self.lag, 3),
            error=self.error or ("lagging" if late else ""),
            pool=self._pool.stats if self._pool else None,
            latency_ms=None if self.error else self.latency_ms,
        )

    async def close(self, timeout: float) -> None:
        pools = [pool for pool in (self._pool, self._watch) if pool is not None]
        await asyncio.gather(*(pool.close(timeout) for pool in pools))


def _away() -> DatabaseUnavailable:
    return DatabaseUnavailable(
        "The replica does not answer.", hint="Work that is run again goes elsewhere."
    )
