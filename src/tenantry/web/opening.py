"""The database of an application: opened and closed with it."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from tenantry.database import Database
from tenantry.errors import TenantryError

from .asgi import App, Message, Receive, Scope, Send

Connect = Callable[[], Awaitable[Database] | Database]

_LOG: Final = logging.getLogger("tenantry.web")


class Opened:
    """Given, it is left as it is; else it is opened and closed here."""

    def __init__(self, db: Database | Connect) -> None:
        self._connect = None if isinstance(db, Database) else db
        self._database = db if isinstance(db, Database) else None
        self._opening: asyncio.Task[Database] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def now(self) -> Database | None:
        """If it is open."""
        return self._database

    async def get(self) -> Database:
        """Where a server tells of no lifespan, the first request opens it."""
        if self._database is not None and (self._loop is None or not self._loop.is_closed()):
            return self._database
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
            self._opening.add_done_callback(self._opened)
        # All that wait fare alike, and none that goes away takes it from the others.
        return await asyncio.shield(self._opening)

    async def _open(self) -> Database:
        assert self._connect is not None  # noqa: S101 - there is the one or the other
        opened = self._connect()
        self._database = await opened if inspect.isawaitable(opened) else opened
        # Test clients have a loop for each request, where nobody tells them of a lifespan.
        self._loop = asyncio.get_running_loop()
        return self._database

    def _opened(self, task: asyncio.Task[Database]) -> None:
        self._opening = None
        if not task.cancelled():
            task.exception()

    async def live(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        began = await receive()
        try:
            await self.get()
        except Exception as error:
            # Whatever it is: servers take one that is raised here for an application without a
            # lifespan, and go on.
            said = str(error) if isinstance(error, TenantryError) else type(error).__name__
            _LOG.exception("The database cannot be opened: %s", said)
            await send({"type": "lifespan.startup.failed", "message": said})
            return
        told = [began]

        async def hear() -> Message:
            return told.pop() if told else await receive()

        async def tell(message: Message) -> None:
            # A server that was told of the end waits for nothing that comes after.
            if message["type"] != "lifespan.startup.complete":
                await self._close()
            await send(message)

        try:
            await app(scope, hear, tell)
        finally:
            await self._close()

    async def _close(self) -> None:
        if self._connect is not None and self._database is not None:
            database, self._database = self._database, None
            await database.close()
