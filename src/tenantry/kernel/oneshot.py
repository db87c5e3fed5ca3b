"""One statement that is its own transaction: one round trip instead of three.

For statements that check and set the tenant themselves. Through a pooler, on Citus, and where contexts
are sealed, they run inside an ordinary transaction instead.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import asyncpg

from .commit import unknown
from .connection import Connection, Record
from .context import Context
from .observing import Work
from .pool import Pool
from .settle import Settled
from .transaction import Transaction
from .translate import OTHER_CONTEXT, READ_ONLY, is_lost, translate


class OneShot:
    """A statement such as `SELECT * FROM tenantry.task_get($1, $2)`, made once, called often."""

    __slots__ = ("silent", "sql", "writes")

    def __init__(self, sql: str, *, writes: bool = False, silent: bool = False) -> None:
        self.sql = sql
        #: The kernel's own, all the time: nobody who watches is told.
        self.silent = silent
        #: A write is seen through when its caller is cancelled, and never repeated.
        self.writes = writes

    async def fetch(
        self, pool: Pool, context: Context, *args: Any, timeout: float | None = None
    ) -> list[Record]:
        return await self._call(pool, context, args, False, timeout)

    async def fetch_one(
        self, pool: Pool, context: Context, *args: Any, timeout: float | None = None
    ) -> Record | None:
        rows = await self._call(pool, context, args, True, timeout)
        return rows[0] if rows else None

    async def fetch_value(
        self, pool: Pool, context: Context, *args: Any, timeout: float | None = None
    ) -> Any:
        rows = await self._call(pool, context, args, True, timeout)
        return rows[0][0] if rows else None

    def _call(
        self, pool: Pool, context: Context, args: tuple[Any, ...], one: bool, timeout: float | None
    ) -> Coroutine[Any, Any, list[Record]]:
        if pool.pooled or pool.sealer is not None or pool.distributed:
            return self._transact(pool, context, args, one, timeout)
        if pool.watch is None or self.silent:
            return self._run(pool, context, args, one, timeout)
        return self._watched(pool, context, args, one, timeout)

    async def _transact(
        self, pool: Pool, context: Context, args: tuple[Any, ...], one: bool, timeout: float | None
    ) -> list[Record]:
        watched = not self.silent
        async with Transaction(
            pool, context, readonly=not self.writes, watched=watched
        ) as transaction:
            rows, _ = await transaction._run(self.sql, args, one, timeout)
            return rows

    async def _watched(
        self, pool: Pool, context: Context, args: tuple[Any, ...], one: bool, timeout: float | None
    ) -> list[Record]:
        assert pool.watch is not None  # noqa: S101 - or this was not called
        work = pool.watch.begin(
            "one_shot", pool.site, context.tenant_id, readonly=not self.writes, sql=self.sql
        )
        try:
            rows = await self._run(pool, context, args, one, timeout, work=work)
        except BaseException as error:
            work.end(error)
            raise
        work.end(rows=len(rows))
        return rows

    async def _run(
        self,
        pool: Pool,
        context: Context,
        args: tuple[Any, ...],
        one: bool,
        timeout: float | None,
        *,
        work: Work | None = None,
    ) -> list[Record]:
        replanned = False
        while True:
            connection = pool.take() or await pool.acquire(work=work)
            try:
                call = connection.fetch(self.sql, args, one, timeout)
                if self.writes:
                    rows = await self._see_through(pool, context, connection, call)
                else:
                    rows, _ = await call
            except asyncpg.InvalidCachedStatementError as error:
                # Refused before it ran, and there is no transaction to lose: plan it anew, once.
                pool.forget_statements()
                if replanned:
                    raise translate(error) from error
                replanned = True
                continue
            except Exception as error:
                closed = connection.raw.is_closed()
                if connection.reused and not self.writes and is_lost(error, closed):
                    continue  # it broke while it was idle
                if connection.reused and getattr(error, "sqlstate", None) == OTHER_CONTEXT:
                    # Nothing of ours sets a context for longer than a transaction: a function of
                    # the user's has, where no statement showed it. Refused, so nothing has run.
                    connection.tainted = True
                    continue
                if self.writes and getattr(error, "sqlstate", None) == READ_ONLY:
                    raise pool.refused_a_write() from error
                raise translate(error, sql=self.sql, closed=closed) from error
            finally:
                # Also finds a transaction left open, should the statement have been a BEGIN.
                pool.release(connection)
            return rows

    async def _see_through(
        self,
        pool: Pool,
        context: Context,
        connection: Connection,
        call: Coroutine[Any, Any, tuple[list[Record], str]],
    ) -> list[Record]:
        grace = pool.options.commit_grace
        answer = Settled(call, grace=grace, give_up=connection.terminate)
        try:
            rows, _ = await answer
        except Exception as error:
            # A time limit is the driver's, which stops listening: the answer was never read.
            if isinstance(error, TimeoutError) or is_lost(error, connection.raw.is_closed()):
                # Whoever looks what became of it is not to be told by a replica that lags.
                _witness(pool, context)
                raise unknown("a write") from (answer.cancelled or error)
            if answer.cancelled is None:
                raise
            answer.cancelled.add_note("The work was refused before this came through.")
        else:
            _witness(pool, context)
            if answer.cancelled is None:
                return rows
            answer.cancelled.add_note("The work was done before this came through.")
        raise answer.cancelled


def _witness(pool: Pool, context: Context) -> None:
    if pool.witness is not None:
        pool.witness(context.tenant_id)
