"""One server connection: prepared statements, and the knowledge whether it may be used again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

import asyncpg
from asyncpg.cursor import Cursor
from asyncpg.prepared_stmt import PreparedStatement

from .session import may_persist, reaches_session

if TYPE_CHECKING:
    Raw = asyncpg.Connection[asyncpg.Record]

Record = asyncpg.Record

#: Longer statements are prepared for one use: they are generated, and would crowd out the others.
_CACHEABLE = 16_384


class Operation:
    """Marks the connection busy while an answer is due.

    An error the server answered with leaves the protocol settled. Anything else (a cancelled task,
    a time limit, an unexpected error) leaves it unknown: then only a ROLLBACK can tell.
    """

    __slots__ = ("busy", "settled")

    def __init__(self) -> None:
        self.busy = False
        self.settled = True

    def __enter__(self) -> None:
        self.busy = True

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self.busy = False
        self.settled = kind is None or issubclass(kind, _ANSWERED)


_ANSWERED = (asyncpg.PostgresError, asyncpg.InterfaceError)


class Connection:
    """A pooled connection. Only the pool and the transaction it is lent to may touch it."""

    __slots__ = (
        "_cache_size",
        "_named",
        "_search_path",
        "_setting",
        "_statements",
        "expires",
        "idle_since",
        "limits",
        "operation",
        "pooled",
        "raw",
        "reused",
        "tainted",
    )

    def __init__(self, raw: Raw, *, pooled: bool, limits: str = "", cache_size: int = 256) -> None:
        self.raw = raw
        #: A pooler sits between, so the server behind may be another one in each transaction.
        self.pooled = pooled
        #: SET LOCALs for BEGIN where the startup message could not carry them.
        self.limits = limits
        self.operation = Operation()
        #: Something may outlive the transaction here: do not use this connection again.
        self.tainted = False
        self.reused = False
        self.expires = 0.0
        self.idle_since = 0.0
        self._cache_size = 0 if pooled else cache_size
        self._statements: OrderedDict[str, tuple[PreparedStatement[Record], bool]] = OrderedDict()
        self._named = 0
        # PostgreSQL 18 reports a changed search_path by itself, whoever changed it.
        # Asked for by the method, since an attribute that is no attribute costs 2 µs to look up.
        self._setting: Callable[[str], Any] = raw.get_settings().__getattr__
        self._search_path = None if pooled else getattr(raw.get_settings(), "search_path", None)

    @property
    def clean(self) -> bool:
        """Whether it can serve the next transaction as it is. Looks only at what is known here."""
        operation, raw = self.operation, self.raw
        return (
            operation.settled
            and not operation.busy
            and not self.tainted
            and not raw.is_closed()
            and not raw.is_in_transaction()
            and (self._search_path is None or self._setting("search_path") == self._search_path)
        )

    async def command(self, sql: str) -> str:
        """Run the kernel's own SQL by the simple protocol; returns the last command tag."""
        with self.operation:
            return await self.raw.execute(sql)

    async def fetch(
        self, sql: str, args: Sequence[Any], one: bool, timeout: float | None
    ) -> tuple[list[Record], str]:
        """Run one statement by the extended protocol (so never two); rows and command tag.

        With `one`, at most one row is asked for; a tag cut short by that is ''.
        """
        with self.operation:
            statement: Any = self._known(sql) or await self._prepare(sql, timeout)
            raw: Any = self.raw
            if raw.is_closed():
                raise asyncpg.InterfaceError("the connection is closed")
            try:
                # What the statement's `fetch()` and `get_statusmsg()` come to, past the four
                # coroutines in between: they were a twentieth of a one-shot call.
                rows, status, _ = await raw._protocol.bind_execute(
                    statement._state, args, "", int(one), True, timeout
                )
            except asyncpg.OutdatedSchemaCacheError:
                self.tainted = True  # the driver knows a type as it was; a new connection asks anew
                raise
            tag = status.decode() if status else ""
            if not tag.startswith("SELECT ") and may_persist(tag, sql):
                self.tainted = True
            return rows, tag

    async def execute_many(
        self, sql: str, rows: Iterable[Sequence[Any]], timeout: float | None
    ) -> None:
        with self.operation:
            self._suspect(sql)
            statement = self._known(sql) or await self._prepare(sql, timeout)
            await statement.executemany(rows, timeout=timeout)

    @contextmanager
    def ended_with(self, task: asyncio.Task[Any]) -> Iterator[None]:
        """Cancel `task` when the connection ends during this block, and does not end it."""

        def end(_: Any) -> None:
            # One turn later: a task that waits for its answer is then told what happened.
            task.get_loop().call_soon(task.cancel)

        self.raw.add_termination_listener(end)
        try:
            yield
        finally:
            self.raw.remove_termination_listener(end)

    async def open_cursor(
        self, sql: str, args: Sequence[Any], timeout: float | None
    ) -> Cursor[Record]:
        with self.operation:
            self._suspect(sql)
            statement = self._known(sql) or await self._prepare(sql, timeout)
            return await statement.cursor(*args, timeout=timeout)

    async def fetch_cursor(
        self, cursor: Cursor[Record], count: int, timeout: float | None
    ) -> list[Record]:
        with self.operation:
            return await cursor.fetch(count, timeout=timeout)

    def _suspect(self, sql: str) -> None:
        # Here the driver tells no command tag, so the text has to do; what begins with a comment
        # costs a connection.
        if may_persist(sql.lstrip().upper(), sql):
            self.tainted = True

    def _known(self, sql: str) -> PreparedStatement[Record] | None:
        entry = self._statements.get(sql)
        if entry is None:
            return None
        self._statements.move_to_end(sql)
        if entry[1]:
            self.tainted = True
        return entry[0]

    async def _prepare(self, sql: str, timeout: float | None) -> PreparedStatement[Record]:
        reaches = reaches_session(sql)
        if reaches:
            self.tainted = True
        # Through a pooler the next statement may meet another server: use the nameless one.
        if self._cache_size == 0 or len(sql) > _CACHEABLE:
            return await self.raw.prepare(sql, name="", timeout=timeout)
        self._named += 1
        name = f"tenantry_{self._named}"
        statement = await self.raw.prepare(sql, name=name, timeout=timeout)
        self._statements[sql] = statement, reaches
        if len(self._statements) > self._cache_size:
            self._statements.popitem(last=False)
        return statement

    def forget_statements(self) -> None:
        """Drop every plan, after the schema changed. The server's copies go with later calls."""
        self._statements.clear()

    async def rollback(self) -> None:
        """Whatever state the server is in, end it. Succeeds or raises."""
        await self.command("ROLLBACK")

    async def close(self, timeout: float) -> None:
        self._statements.clear()
        await self.raw.close(timeout=timeout)

    def terminate(self) -> None:
        self._statements.clear()
        self.raw.terminate()
