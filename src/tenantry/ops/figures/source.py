"""Where figures come from: the server as a monitor sees it, the service role, Redis or Valkey."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import asyncpg

from tenantry.config import Settings
from tenantry.coordination import Coordination
from tenantry.database import Database, connect
from tenantry.endpoints import monitor_url
from tenantry.errors import TenantryError
from tenantry.handles import ServiceTransaction
from tenantry.kernel.plain import open_plain

F = TypeVar("F")
#: Looking must not become the load, nor wait for what it looks at: what takes longer is not told.
LIMITS: Final = "SET statement_timeout = '10s'; SET lock_timeout = '500ms'"
_SETUP: Final = f"{LIMITS}; SET default_transaction_read_only = on"
#: A server that is away is not asked again by each section of one look.
_PAUSE_S: Final = 1.0
#: The most rows of a section, unless somebody says otherwise.
ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class Section(Generic[F]):
    """One kind of figures, and what gathers it."""

    name: str
    #: What it shows, in one sentence, for people.
    about: str
    look: Callable[[Source], Awaitable[F]]


class Source:
    """Connections that open when a section first needs them, and again when they broke."""

    def __init__(self, settings: Settings, *, rows: int = ROWS, name: str = "tenantry-top") -> None:
        self.settings = settings
        #: Of a list, so many at most; the largest or slowest come first.
        self.rows = rows
        self.name = name
        self._server: asyncpg.Connection[Any] | None = None
        self._refused: tuple[float, TenantryError] | None = None
        self._database: Database | None = None
        self._serving: Callable[[], AbstractAsyncContextManager[ServiceTransaction]] | None = None

    async def server(self) -> asyncpg.Connection[Any]:
        """In the database, by the monitor's login; outside of a transaction, and reading only."""
        if self._server is not None and not self._server.is_closed():
            return self._server
        if self._refused is not None and time.monotonic() - self._refused[0] < _PAUSE_S:
            raise self._refused[1]
        try:
            self._server = await open_plain(monitor_url(self.settings), _SETUP, name=self.name)
        except TenantryError as error:
            self._refused = time.monotonic(), error
            raise
        return self._server

    def forget(self) -> None:
        """Ask the server over a new connection next time."""
        if self._server is not None:
            self._server.terminate()
            self._server = None

    async def service(self) -> AbstractAsyncContextManager[ServiceTransaction]:
        """A transaction of the service role; that it was used is on record once for all of them."""
        if self._serving is None:
            if self._database is None:
                frugal = self.settings.model_copy(update={"migrate": "check", "pool_min": 0})
                self._database = await connect(settings=frugal)
            reason = f"{self.name} counts what each tenant runs"
            self._serving = await self._database.serving(reason)
        return self._serving()

    @cached_property
    def coordination(self) -> Coordination:
        return Coordination(self.settings)

    async def close(self) -> None:
        if "coordination" in self.__dict__:
            await self.coordination.close()
        if self._database is not None:
            await self._database.close()
        if self._server is not None:
            await self._server.close(timeout=5)


@asynccontextmanager
async def watching(
    settings: Settings, *, rows: int = ROWS, name: str = "tenantry-top"
) -> AsyncIterator[Source]:
    """A source for as long as somebody looks; `name` is what the server knows it by."""
    source = Source(settings, rows=rows, name=name)
    try:
        yield source
    finally:
        await source.close()
