"""A lean pool: the connection used last is lent first, waiters are served in order.

Lending and returning cost no round trip and no lock. Nothing is ever set at session level, so there
is nothing to reset; a connection that comes back in any doubt goes to a task of the pool, which ends
whatever transaction is on it, and only then is it lent again. The caller may be cancelled any number
of times meanwhile: cleaning is not its work.
"""

from __future__ import annotations

import asyncio
import copy
import random
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass
from time import monotonic, perf_counter
from typing import Any
from uuid import UUID

from ..errors import (
    ConfigurationError,
    PoolClosed,
    PoolExhausted,
    ReadOnlyServer,
    TenantryError,
)
from .connect import Connector
from .connection import Connection
from .home import disowned_by_forks, elsewhere
from .observing import Site, Watch, Work
from .seal import Sealer

#: Called once work that may have written is committed, with its tenant (None: any of them).
Witness = Callable[[UUID | None], None]

#: Seconds between attempts to reach a server that is away: doubling, from the first to the last.
_PAUSES = (0.02, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolOptions:
    min_size: int = 5
    max_size: int = 20
    #: Connections beyond max_size for a burst; closed as soon as nobody waits.
    overflow: int = 0
    acquire_timeout: float = 10.0
    idle_timeout: float = 30.0
    lifetime: float = 1800.0
    #: How long a cleaning ROLLBACK may take before the connection is cut.
    cleanup_timeout: float = 5.0
    #: How long a cancelled caller waits to learn what became of its COMMIT.
    commit_grace: float = 5.0
    sweep_interval: float = 5.0
    #: Where the database asks for sealed contexts.
    sealer: Sealer | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.min_size <= self.max_size or self.max_size < 1 or self.overflow < 0:
            raise ConfigurationError(
                "Pool sizes must satisfy 0 <= min <= max, 1 <= max and 0 <= overflow.",
                setting="pool_max",
            )


@dataclass(frozen=True, slots=True)
class PoolStats:
    size: int
    idle: int
    in_use: int
    waiting: int
    opening: int
    max_size: int
    #: Totals since the pool was opened.
    opened: int
    closed: int
    waited: int
    exhausted: int
    cleaned: int

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


class Pool:
    """Connections of one role to one server. Make it with `await Pool.open(...)`."""

    def __init__(
        self, connector: Connector, options: PoolOptions, *, site: Site, watch: Watch | None
    ) -> None:
        self.options = options
        self.site = site
        #: Who is told what runs here.
        self.watch = watch
        self.sealer = options.sealer
        self.witness: Witness | None = None
        #: Citus: its nodes are told what SET LOCAL says, and not what set_config() does.
        self.distributed = False
        self._connector = connector
        self._max_size = options.max_size
        self._limit = options.max_size + options.overflow
        self._loop = asyncio.get_running_loop()
        #: The loop this pool may be used in; None in a forked child, which shares its sockets.
        self._home: asyncio.AbstractEventLoop | None = self._loop
        disowned_by_forks(self)
        self._all: set[Connection] = set()
        self._idle: list[Connection] = []
        self._waiters: deque[asyncio.Future[Connection]] = deque()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._opening = 0
        self._retiring = 0
        self._closed = False
        self._empty = asyncio.Event()
        self._open_error: TenantryError | None = None
        #: Attempts in a row that failed.
        self._failures = 0
        self._distrusted = 0.0
        self._opened = self._retired = self._waited = self._exhausted = self._cleaned = 0

    @classmethod
    async def open(
        cls,
        connector: Connector,
        options: PoolOptions | None = None,
        *,
        site: Site | None = None,
        watch: Watch | None = None,
    ) -> Pool:
        """A pool with one working connection; the others up to `min_size` follow by themselves."""
        pool = cls(connector, options or PoolOptions(), site=site or Site(), watch=watch)
        pool._admit(await connector.open())
        pool._fill()
        pool.spawn(pool._maintain())
        return pool

    @property
    def pooled(self) -> bool:
        """Whether a pooler such as PgBouncer sits between us and the server."""
        return bool(self._connector.pooled)

    @property
    def connected(self) -> bool:
        """Whether there is a connection that nobody has broken."""
        return any(not connection.raw.is_closed() for connection in self._all)

    @property
    def stats(self) -> PoolStats:
        size, idle = len(self._all), len(self._idle)
        return PoolStats(
            size=size,
            idle=idle,
            in_use=size - idle,
            waiting=len(self._waiters),
            opening=self._opening,
            max_size=self._limit,
            opened=self._opened,
            closed=self._retired,
            waited=self._waited,
            exhausted=self._exhausted,
            cleaned=self._cleaned,
        )

    # ---- lending ------------------------------------------------------------------------------

    def take(self) -> Connection | None:
        """An idle connection at once, or None: then `acquire` waits for one."""
        if asyncio.get_running_loop() is not self._home:
            raise elsewhere()
        # An idle connection means that nobody waits: a returned one goes to the first waiter.
        while self._idle:
            connection = self._idle.pop()
            if not connection.raw.is_closed():
                return connection
            self._forget(connection)
        return None

    async def acquire(self, timeout: float | None = None, work: Work | None = None) -> Connection:
        """A connection that is in no transaction. Give it back with `release`, whatever happens."""
        connection = self.take()
        if connection is None:
            limit = self.options.acquire_timeout if timeout is None else timeout
            connection = await self._wait(limit, work)
        return connection

    def release(self, connection: Connection) -> None:
        """Take a connection back, in any state, without waiting."""
        if connection.clean:
            self._put_back(connection)
        else:
            self.spawn(self._clean(connection))

    async def rollback(self, connection: Connection) -> None:
        """Take back a connection in a transaction, and wait until that has ended."""
        await asyncio.wait({self.spawn(self._clean(connection))})

    def forget_statements(self) -> None:
        """The schema has changed: no connection may go on with a plan made before."""
        for connection in self._all:
            connection.forget_statements()

    def refused_a_write(self) -> ReadOnlyServer:
        """The server has become a standby, or a proxy leads to one: what is open now leads there
        too, and is not lent again. Returns the error for whoever wanted to write."""
        now = monotonic()
        if now - self._distrusted >= 1:  # or it would be an endless dialling, should it stay one
            self._distrusted = now
            for connection in self._all:
                connection.expires = now
            while self._idle:
                self._retire(self._idle.pop())
        return ReadOnlyServer()

    def cut(self, error: TenantryError) -> None:
        """The server is away, though nothing has said so: whoever is in the middle of something, or
        waits for a connection, need wait no longer."""
        self._reject(error)
        for connection in self._all:
            connection.terminate()
        while self._idle:
            self._forget(self._idle.pop())

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something to its end, whatever happens to the caller."""
        return self.adopt(self._loop.create_task(work))

    def adopt(self, task: asyncio.Task[Any]) -> asyncio.Task[Any]:
        """Keep a task alive until it ends, and its error from being reported as unseen."""
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    async def _wait(self, timeout: float, work: Work | None) -> Connection:
        if self._closed:
            raise PoolClosed
        self._waited += 1
        began = perf_counter()
        future: asyncio.Future[Connection] = self._loop.create_future()
        self._waiters.append(future)
        self._grow()
        timer = self._loop.call_later(timeout, self._expire, future, timeout)
        try:
            return await future
        except asyncio.CancelledError:
            # The connection may have come in the same moment as the cancellation.
            if future.done() and not future.cancelled() and future.exception() is None:
                self._put_back(future.result())
            raise
        finally:
            timer.cancel()
            if work is not None:
                work.waited = (work.waited or 0.0) + perf_counter() - began
            if future in self._waiters:
                self._waiters.remove(future)

    def _expire(self, future: asyncio.Future[Connection], waited: float) -> None:
        if not future.done():
            self._exhausted += 1
            error = PoolExhausted(size=self._limit, waited_s=waited)
            error.__cause__ = self._open_error
            future.set_exception(error)

    def _put_back(self, connection: Connection) -> None:
        now = monotonic()
        surplus = len(self._all) - self._retiring > self._max_size and not self._waiters
        if surplus or now >= connection.expires or self._closed:
            self._retire(connection)
            return
        connection.reused = True
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        connection.idle_since = now
        self._idle.append(connection)

    async def _clean(self, connection: Connection) -> None:
        self._cleaned += 1
        try:
            if connection.tainted or connection.operation.busy or connection.raw.is_closed():
                connection.terminate()
            else:
                async with asyncio.timeout(self.options.cleanup_timeout):
                    await connection.rollback()
        except BaseException as error:
            connection.terminate()
            if not isinstance(error, Exception):
                raise
        finally:
            if connection.clean:
                self._put_back(connection)
            else:
                connection.terminate()
                self._forget(connection)

    # ---- opening and closing --------------------------------------------------------------------

    def _admit(self, connection: Connection) -> None:
        self._opened += 1
        self._open_error = None
        self._failures = 0
        self._empty.clear()
        self._all.add(connection)
        # Spread out, so that connections opened together do not all end together.
        spread = random.uniform(0.8, 1.0)  # noqa: S311 - no secret
        connection.expires = monotonic() + self.options.lifetime * spread
        self._put_back(connection)
        connection.reused = False
        self._grow()

    def _grow(self) -> None:
        """Open as many connections as there are waiters without one on its way; where the last
        attempt failed, one."""
        while len(self._waiters) > self._opening and not self._closed:
            if self._failures and self._opening:
                return
            if len(self._all) + self._opening >= self._limit:
                return
            self._start_opening()

    def _fill(self) -> None:
        staying = len(self._all) - self._retiring
        while staying + self._opening < self.options.min_size and not self._closed:
            if self._failures and self._opening:
                return
            self._start_opening()

    def _start_opening(self) -> None:
        self._opening += 1
        self.spawn(self._open_one())

    async def _open_one(self) -> None:
        try:
            if self._failures:
                first, last = _PAUSES
                pause = min(last, first * 2.0 ** min(self._failures - 1, 10))
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            connection = await self._connector.open()
        except TenantryError as error:
            self._opening -= 1
            self._failures += 1
            self._open_error = error
            # While other connections live, one of them will serve the waiters in their turn.
            if not self._all and not self._opening:
                self._reject(error)
        except BaseException:
            self._opening -= 1
            raise
        else:
            self._opening -= 1
            self._admit(connection)

    def _reject(self, error: TenantryError) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_exception(copy.copy(error))

    def _retire(self, connection: Connection) -> None:
        self._retiring += 1
        self.spawn(self._close(connection))

    async def _close(self, connection: Connection) -> None:
        try:
            await connection.close(self.options.cleanup_timeout)
        except Exception:  # it is closed one way or the other, and nobody needs to know which
            connection.terminate()
        finally:
            self._retiring -= 1
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        if connection in self._all:
            self._all.remove(connection)
            self._retired += 1
            self._grow()
        if not self._all:
            self._empty.set()

    async def _maintain(self) -> None:
        while True:
            await asyncio.sleep(self.options.sweep_interval)
            self._sweep()

    def _sweep(self) -> None:
        """Close what is old, broken or idle for long; keep the minimum."""
        now, spare = monotonic(), len(self._all) - self._retiring - self.options.min_size
        kept: list[Connection] = []
        for connection in self._idle:  # the longest idle first
            idle_for = now - connection.idle_since
            if connection.raw.is_closed() or now >= connection.expires:
                self._retire(connection)
            elif idle_for > self.options.idle_timeout and spare > 0:
                spare -= 1
                self._retire(connection)
            else:
                kept.append(connection)
        self._idle[:] = kept
        self._fill()

    async def close(self, timeout: float = 10.0) -> None:
        """Let transactions in progress finish, for at most `timeout` seconds, then cut them."""
        self._closed = True
        self._reject(PoolClosed())
        while self._idle:
            self._retire(self._idle.pop())
        if self._all:
            try:
                async with asyncio.timeout(timeout):
                    await self._empty.wait()
            except TimeoutError:
                pass
        for connection in list(self._all):
            connection.terminate()
            self._forget(connection)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
