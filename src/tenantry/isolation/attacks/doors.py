"""The ways in that the application uses: the kernel's pools, and one that does it all wrong.

What stays on a connection after a cancelled task, an error or a session-level SET is seen by who
comes next. Through the kernel nobody may see anything; the naive door, which sets the tenant for the
session and never cleans up, is the control: each attack must succeed there.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from uuid import UUID

import asyncpg

from tenantry.errors import ConfigurationError, TenantryError
from tenantry.kernel.connect import ConnectOptions, Connector
from tenantry.kernel.context import Context
from tenantry.kernel.oneshot import OneShot
from tenantry.kernel.plain import connected, open_plain
from tenantry.kernel.pool import Pool, PoolOptions
from tenantry.kernel.transaction import Transaction

T = TypeVar("T")


class Visit(Protocol):
    """What somebody inside can do."""

    async def fetch(self, sql: str, /, *args: Any, timeout: float | None = None) -> list[Any]: ...


class Door(Protocol):
    name: str
    #: Whether it is left open on purpose.
    control: bool
    #: Whether a pooler stands behind it.
    pooled: bool

    async def visit(self, tenant: str | None, work: Callable[[Visit], Awaitable[T]]) -> T: ...

    async def glance(self, sql: str) -> list[Any]:
        """One statement on whatever connection comes, as calls of one round trip are made: no context
        is said, so that nothing covers what the one before has left."""
        ...


@dataclass(frozen=True, slots=True)
class Doors:
    """Role -> the URL that the application logs in with."""

    urls: Mapping[str, str] = field(repr=False)

    async def require_same_database(self, administrator: asyncpg.Connection[Any]) -> None:
        """Refuse doors of another database: attacks there would prove nothing of this one."""
        key = secrets.randbits(63)
        # Locks of this kind belong to a database, whatever name and address lead to it.
        await administrator.execute("SELECT pg_advisory_xact_lock($1)", key)
        for role, url in self.urls.items():
            async with connected(url, name="tenantry-prove") as connection:
                if await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", key):
                    raise ConfigurationError(
                        f"The administrator's URL leads to another database than that of {role}.",
                        setting="admin_url",
                        hint="Have both lead to one; or name the other database by --url, where the"
                        " attacks then do without the application's logins.",
                    )

    @asynccontextmanager
    async def of(self, role: str, *, size: int = 1) -> AsyncIterator[tuple[Door, Door]]:
        """The kernel's door and the naive one, with this many connections behind the first."""
        url = self.urls[role]
        connector = Connector(ConnectOptions(dsn=url, application_name="tenantry-prove"))
        pool = await Pool.open(connector, PoolOptions(min_size=0, max_size=size))
        naive = await open_plain(url, "SET statement_timeout = '10s'", name="tenantry-prove")
        try:
            yield _Kernel(role, pool), _Naive(f"{role}, carelessly", naive, pool.pooled)
        finally:
            if pool.pooled:
                # What it left is on the pooler's connection, which others get.
                with suppress(*FAILURES):
                    await naive.execute("DISCARD ALL")
            naive.terminate()
            await pool.close()


class _Kernel:
    control = False

    def __init__(self, role: str, pool: Pool) -> None:
        self.name, self._pool, self.pooled = role, pool, pool.pooled

    async def visit(self, tenant: str | None, work: Callable[[Visit], Awaitable[T]]) -> T:
        context = Context(UUID(tenant) if tenant else None)
        async with Transaction(self._pool, context) as transaction:
            return await work(transaction)

    async def glance(self, sql: str) -> list[Any]:
        return await OneShot(sql).fetch(self._pool, Context())


class _Naive:
    control = True

    def __init__(self, name: str, connection: asyncpg.Connection[Any], pooled: bool) -> None:
        self.name, self._connection, self.pooled = name, connection, pooled

    async def visit(self, tenant: str | None, work: Callable[[Visit], Awaitable[T]]) -> T:
        if tenant:
            await self._connection.execute(f"SET app.tenant_id = '{UUID(tenant)}'")
        return await work(self._connection)

    async def glance(self, sql: str) -> list[Any]:
        return await self._connection.fetch(sql)


#: What a visit may end with.
FAILURES = (TenantryError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
