"""A transaction with its context: BEGIN and the context, the statements, COMMIT. One use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from ..errors import SchemaChanged, TenantryError, TransactionClosed, TransactionError
from .commit import Outcome, aborted, commit
from .connection import Connection, Record
from .context import Context, Isolation, begin
from .observing import Work
from .pool import Pool
from .savepoint import Savepoint
from .session import controls_transaction
from .settle import Settled
from .translate import READ_ONLY, is_lost, translate

T = TypeVar("T")


class Transaction:
    """`async with Transaction(pool, context) as t:` commits at the end, or rolls back on an error.

    Nothing of it can be used outside its block, nor by two tasks at a time. After a statement
    failed only a surrounding savepoint or the end of the block goes on.
    """

    __slots__ = (
        "_acquire_timeout",
        "_afterwards",
        "_connection",
        "_context",
        "_failure",
        "_options",
        "_pool",
        "_readonly",
        "_savepoints",
        "_used",
        "_watched",
        "_work",
        "outcome",
    )

    def __init__(
        self,
        pool: Pool,
        context: Context,
        *,
        readonly: bool = False,
        isolation: Isolation | None = None,
        deferrable: bool = False,
        statement_timeout: float | None = None,
        acquire_timeout: float | None = None,
        watched: bool = True,
    ) -> None:
        self._pool = pool
        self._context = context
        self._readonly = readonly
        self._options = isolation, deferrable, statement_timeout
        self._acquire_timeout = acquire_timeout
        self._connection: Connection | None = None
        self._failure: BaseException | None = None
        self._savepoints: list[str] = []
        self._afterwards: list[Callable[[], Awaitable[None]]] = []
        self._used = False
        self._watched = watched
        #: What those who watch know of it.
        self._work: Work | None = None
        self.outcome = Outcome.OPEN

    @property
    def context(self) -> Context:
        return self._context

    @property
    def readonly(self) -> bool:
        return self._readonly

    @property
    def in_savepoint(self) -> bool:
        """Whether what is done now may be undone without the rest."""
        return bool(self._savepoints)

    # ---- statements -----------------------------------------------------------------------------

    async def fetch(self, sql: str, *args: Any, timeout: float | None = None) -> list[Record]:
        """All rows of one statement."""
        rows, _ = await self._run(sql, args, False, timeout)
        return rows

    async def fetch_one(self, sql: str, *args: Any, timeout: float | None = None) -> Record | None:
        """The first row, or None."""
        rows, _ = await self._run(sql, args, True, timeout)
        return rows[0] if rows else None

    async def fetch_value(self, sql: str, *args: Any, timeout: float | None = None) -> Any:
        """The first column of the first row, or None."""
        rows, _ = await self._run(sql, args, True, timeout)
        return rows[0][0] if rows else None

    async def execute(self, sql: str, *args: Any, timeout: float | None = None) -> int:
        """Run one statement; returns how many rows it touched."""
        _, tag = await self._run(sql, args, False, timeout)
        count = tag.rpartition(" ")[2]
        return int(count) if count.isdecimal() else 0

    async def execute_many(
        self, sql: str, rows: Iterable[Sequence[Any]], *, timeout: float | None = None
    ) -> None:
        """Run one statement for each row of arguments, sent together."""
        connection = self._ready()
        told = None if self._work is None else self._work.statement(sql)
        # The driver cannot be interrupted while it sends, and waits for ever if the server goes
        # away meanwhile. So it runs in a task that ends with the connection, and a cancelled caller
        # cuts that.
        task = self._pool.spawn(connection.execute_many(sql, rows, timeout))
        with connection.ended_with(task):
            try:
                await asyncio.shield(task)
            except Exception as error:
                raise self._told(told, self._failed(error, connection, sql), error) from error
            except BaseException as error:
                self._failure = error
                connection.terminate()
                if told is not None:
                    told.end(error)
                raise
        if told is not None:
            told.end()
        self._inspect(sql.lstrip().upper(), connection)

    async def stream(
        self, sql: str, *args: Any, batch: int = 500, timeout: float | None = None
    ) -> AsyncIterator[Record]:
        """The rows of one statement, fetched `batch` at a time; other statements may run between."""
        self._inspect(sql.lstrip().upper(), self._ready())
        told = None if self._work is None else self._work.statement(sql)
        failure: BaseException | None = None
        count = 0
        try:
            cursor = await self._guard(lambda c: c.open_cursor(sql, args, timeout), sql)
            while True:
                rows = await self._guard(lambda c: c.fetch_cursor(cursor, batch, timeout), sql)
                count += len(rows)
                for row in rows:
                    yield row
                if len(rows) < batch:
                    return
        except GeneratorExit:  # its reader has had enough
            raise
        except BaseException as error:
            failure = error
            raise
        finally:
            if told is not None:
                told.end(failure, count)

    def savepoint(self) -> Savepoint:
        """`async with t.savepoint():` whose errors undo only what happened inside."""
        return Savepoint(self)

    def after_commit(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have `work` done once this transaction is committed (or may be: its outcome is unknown),
        before the block is left. It must not raise, and must do no harm when it was for nothing:
        a savepoint that was rolled back does not take it back."""
        self._ready()
        self._afterwards.append(work)

    async def _do_afterwards(self) -> None:
        for work in self._afterwards:
            await work()

    async def _set_savepoint(self) -> str:
        name = f"tenantry_{len(self._savepoints) + 1}"
        cancelled = await self._see_through(f"SAVEPOINT {name}")
        self._savepoints.append(name)
        if cancelled is not None:
            await self._end_savepoint(name, failed=True)
            raise cancelled
        return name

    async def _end_savepoint(self, name: str, *, failed: bool) -> None:
        if self._savepoints[-1:] != [name]:
            self._failure = TransactionError(
                "Savepoints overlapped: one ended before another that was opened inside it.",
                hint="Nest them within one task.",
            )
            raise self._failure
        swallowed = self._failure
        if not failed and swallowed is None:
            cancelled = await self._see_through(f"RELEASE SAVEPOINT {name}")
            self._savepoints.pop()
        else:
            self._savepoints.pop()
            self._failure = None
            try:
                cancelled = await self._see_through(
                    f"ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}"
                )
            except TenantryError as error:
                # What happened inside could not be undone, so nothing may be committed. The error
                # on its way out tells why.
                self._failure = error
                if failed:
                    return
                raise
        if cancelled is not None:
            raise cancelled
        if swallowed is not None and not failed:
            raise aborted() from swallowed

    async def _see_through(self, sql: str) -> asyncio.CancelledError | None:
        """Run a command about savepoints to its end, so that nobody has to guess which exist."""
        connection = self._ready()
        answer = Settled(
            connection.command(sql),
            grace=self._pool.options.commit_grace,
            give_up=connection.terminate,
        )
        try:
            await answer
        except Exception as error:
            raise self._failed(error, connection, sql) from error
        return answer.cancelled

    async def _run(
        self, sql: str, args: Sequence[Any], one: bool, timeout: float | None
    ) -> tuple[list[Record], str]:
        connection = self._ready()
        told = None if self._work is None else self._work.statement(sql)
        try:
            result = await connection.fetch(sql, args, one, timeout)
        except Exception as error:
            raise self._told(told, self._failed(error, connection, sql), error) from error
        except BaseException as error:
            self._failure = error
            if told is not None:
                told.end(error)
            raise
        if told is not None:
            told.end(rows=len(result[0]))
        tag = result[1]
        if not tag.startswith("SELECT ") or not connection.raw.is_in_transaction():
            self._inspect(tag, connection)
        return result

    async def _guard(self, work: Callable[[Connection], Awaitable[T]], sql: str) -> T:
        connection = self._ready()
        try:
            return await work(connection)
        except Exception as error:
            raise self._failed(error, connection, sql) from error
        except BaseException as error:
            self._failure = error
            raise

    def _ready(self) -> Connection:
        """The connection, if a statement may run on it now."""
        connection = self._connection
        if connection is None:
            raise _closed()
        if connection.operation.busy:
            raise TransactionError(
                "Another task is running a statement in this transaction.",
                hint="Give each task its own transaction, or await one after the other.",
            )
        if self._failure is not None:
            raise aborted() from self._failure
        return connection

    def _failed(self, error: Exception, connection: Connection, sql: str) -> Exception:
        failure = translate(error, sql=sql, closed=connection.raw.is_closed())
        if isinstance(failure, SchemaChanged):
            self._pool.forget_statements()
        elif not self._readonly and getattr(error, "sqlstate", None) == READ_ONLY:
            failure = self._pool.refused_a_write()
        self._failure = failure
        return failure

    @staticmethod
    def _told(work: Work | None, failure: Exception, cause: Exception) -> Exception:
        if work is not None:
            if failure is not cause:
                failure.__cause__ = cause  # which knows the state
            work.end(failure)
        return failure

    def _inspect(self, tag: str, connection: Connection) -> None:
        """Refuse to go on when a statement has ended or replaced the transaction."""
        if connection.raw.is_in_transaction() and not controls_transaction(tag):
            return
        connection.tainted = True
        self._failure = TransactionError(
            "A statement ended or replaced the transaction it ran in; what came before it may be "
            "committed, and nothing after it will be.",
            hint="Leave BEGIN, COMMIT and ROLLBACK to the block; use savepoint() inside it.",
        )
        raise self._failure

    # ---- beginning and ending -------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        if self._used:
            raise TransactionClosed("A transaction is used once.", hint="Open a new one.")
        self._used = True
        if self._pool.watch is None or not self._watched:
            await self._begin()
            return self
        self._work = self._pool.watch.transaction(
            self._pool.site, self._context, readonly=self._readonly
        )
        try:
            await self._begin()
        except BaseException as error:
            self._work.end(error)
            raise
        return self

    async def _begin(self) -> None:
        pool = self._pool
        isolation, deferrable, statement_timeout = self._options
        if self._work is not None:
            self._work.site = pool.site
        while True:
            connection = pool.take() or await pool.acquire(self._acquire_timeout, self._work)
            try:
                await connection.command(
                    begin(
                        self._context,
                        readonly=self._readonly,
                        isolation=isolation,
                        deferrable=deferrable,
                        statement_timeout=statement_timeout,
                        limits=connection.limits,
                        sealer=pool.sealer,
                    )
                )
            except Exception as error:
                closed = connection.raw.is_closed()
                pool.release(connection)
                # It broke while it was idle, and nothing has run yet: take another one. A fresh one
                # that breaks is worth reporting.
                if connection.reused and is_lost(error, closed):
                    continue
                raise translate(error, closed=closed) from error
            except BaseException:
                pool.release(connection)
                raise
            self._connection = connection
            return

    def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Coroutine[Any, Any, None]:
        work, self._work = self._work, None
        return self._end(kind) if work is None else self._end_watched(work, kind, error)

    async def _end_watched(
        self, work: Work, kind: type[BaseException] | None, error: BaseException | None
    ) -> None:
        try:
            await self._end(kind)
        except BaseException as failure:
            work.end(failure)
            raise
        work.end(error)

    async def _end(self, kind: type[BaseException] | None) -> None:
        connection, self._connection = self._connection, None
        failure, self._failure = self._failure, None
        if connection is None:
            raise _closed()
        running = connection.operation.busy or bool(self._savepoints)
        if kind is None and failure is None and not running:
            self.outcome, lasting = await commit(self._pool, connection, readonly=self._readonly)
            witness = self._pool.witness
            if witness is not None and not self._readonly:
                witness(self._context.tenant_id)
            if self._afterwards and self.outcome is not Outcome.ROLLED_BACK:
                # A caller who is cancelled goes; what he asked for is done all the same.
                await asyncio.shield(self._pool.spawn(self._do_afterwards()))
            if lasting is not None:
                raise lasting
            return
        self.outcome = Outcome.ROLLED_BACK
        if kind is None or issubclass(kind, Exception):
            await self._pool.rollback(connection)
        else:  # cancelled: nobody may wait
            self._pool.release(connection)
        if kind is None:
            if failure is None:
                raise TransactionError(
                    "The block ended while a statement or savepoint of it was still open.",
                    hint="Await every task that uses the transaction before its block ends.",
                )
            if type(failure) is TransactionError:
                raise failure
            raise aborted() from failure


def _closed() -> TransactionClosed:
    return TransactionClosed(
        "This transaction is not open.", hint="Use it inside its `async with` block only."
    )
