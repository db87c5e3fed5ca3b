"""A check, and what it is given to look at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg

from tenantry.config import Settings
from tenantry.endpoints import Role, url_for
from tenantry.errors import PermissionDenied, TenantryError
from tenantry.kernel.plain import connected

from .finding import Finding
from .limits import Limits

#: What a session does first that looks: it changes nothing, and holds nothing up.
LOOKING: Final = "SET statement_timeout = '20s'; SET default_transaction_read_only = on"
MONITOR: Final = "Set TENANTRY_MONITOR_URL to a login that is a member of pg_monitor."
_SEES: Final = "SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')"


class NotSeen(TenantryError):
    """A check cannot look at all of it from here, or with this login. What it found is not lost."""

    code = "not_seen"

    def __init__(
        self, message: str, *, hint: str = "", found: Sequence[Finding] = (), **fields: Any
    ) -> None:
        super().__init__(message, hint=hint, **fields)
        self.found = tuple(found)


@dataclass(frozen=True)
class Patient:
    """A running system: its settings, and a login that may see what the server does."""

    settings: Settings
    #: In the database, outside of a transaction; the statements of a check end after seconds.
    server: asyncpg.Connection[Any]
    limits: Limits = field(default_factory=Limits)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def sessions(self, sql: str, *args: object) -> list[Any]:
        """What a statement finds of sessions, standbys' among them. To others than watchers the server shows their own alone,
        which would look as if all were well."""
        if not await self.server.fetchval(_SEES):
            raise PermissionDenied("The login does not see other sessions.", hint=MONITOR)
        return await self.server.fetch(sql, *args)

    @asynccontextmanager
    async def login(self, role: Role) -> AsyncIterator[asyncpg.Connection[Any]]:
        """A connection of a role that sees rows, for what a watcher of the server cannot see. It is
        another one than `server`, and `ConfigurationError` says where its URL lacks. In a transaction: a
        pooler keeps it on one server, and hands nobody else what was set."""
        url = url_for(self.settings, role)
        async with (
            connected(url, name="tenantry-doctor") as session,
            session.transaction(readonly=True),
        ):
            await session.execute("SET LOCAL statement_timeout = '20s'")
            yield session


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    #: What it looks for, in one sentence, for the documentation.
    about: str
    look: Callable[[Patient], Awaitable[Iterable[Finding]]]
    _: KW_ONLY
    #: For the documentation as well: why it matters, and what mends it. A finding says both for its case.
    why: str
    mend: str
    #: One that is asked only with `--production`.
    production: bool = False
