"""A primary and its standby, of these tests' own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import tenantry
from tenantry import Database
from tenantry.endpoints import DATABASE
from tenantry.models import Tenant
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.servers import Server
from tests.fixtures.standbys import execute, standby_of
from tests.migrations.clusters import own_cluster

#: As in production but for what only a power cut would show.
SETTINGS = {
    "fsync": "off",
    "shared_buffers": "64MB",
    # There are no slots: a standby that is held up finds its WAL all the same.
    "wal_keep_size": "1GB",
    # What is in the way of the replay is cancelled soon.
    "max_standby_streaming_delay": "50ms",
    # Commits that nobody waits for are flushed soon.
    "wal_writer_delay": "5ms",
}


@dataclass(frozen=True)
class Pair:
    primary: Place
    standby: Server

    def replica_url(self, role: str = "app") -> str:
        return self.standby.url(f"tenantry_{role}", self.primary.name)

    def settings(self, **overrides: Any) -> tenantry.Settings:
        return self.primary.settings(**{"replica_urls": (self.replica_url(),), **overrides})

    async def on_standby(self, sql: str) -> object:
        """In a database where nothing happens: elsewhere the replay, when it goes on, may end who asks."""
        return await execute(self.standby, sql, "postgres")

    async def on_primary(self, sql: str) -> object:
        return await execute(self.primary.server, sql, self.primary.name)

    async def caught_up(self) -> None:
        # A commit that removes a file flushes all that was before it.
        await self.on_primary("DO $$ BEGIN CREATE TABLE t(); DROP TABLE t; END $$")
        position = await self.on_primary("SELECT pg_current_wal_flush_lsn()::text")
        reached = f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn"
        await until(lambda: self.on_standby(reached))


async def until(holds: Callable[[], object]) -> None:
    """Wait until something asynchronous has come true."""
    async with asyncio.timeout(20):
        while True:
            value = holds()
            if await value if isinstance(value, Awaitable) else value:
                return
            await asyncio.sleep(0.01)


@pytest.fixture(scope="session")
def shared_pair(postgres_server: Server) -> Iterator[Pair]:
    with (
        own_cluster(postgres_server.kind, settings=SETTINGS, migrated=True) as server,
        standby_of(server, settings=SETTINGS) as standby,
    ):
        yield Pair(Place(server, DATABASE), standby)


@pytest.fixture
async def pair(shared_pair: Pair) -> AsyncIterator[Pair]:
    yield shared_pair
    await shared_pair.on_standby("SELECT pg_wal_replay_resume()")
    await shared_pair.caught_up()


Connect = Callable[..., Awaitable[Database]]


@pytest.fixture
async def connect(pair: Pair) -> AsyncIterator[Connect]:
    """`connect(replica_wait=…)`: a handle whose replicas were looked at; closed after the test."""
    opened: list[Database] = []

    async def open_one(**settings: Any) -> Database:
        db = await tenantry.connect(settings=pair.settings(**settings))
        opened.append(db)
        await db.health()
        return db

    yield open_one
    for db in opened:
        await db.close(2)


@pytest.fixture
async def db(connect: Connect) -> Database:
    return await connect()


@pytest.fixture
async def acme(db: Database, pair: Pair) -> Tenant:
    """A tenant that the standby knows."""
    tenant = await make_tenant(db, f"acme-{tenantry.ids.uuid7().hex[-12:]}")
    await pair.caught_up()
    await until(lambda: serving(db))
    return tenant


async def serving(db: Database) -> bool:
    return any(replica.ok for replica in (await db.health()).replicas)


IN_RECOVERY = "SELECT pg_is_in_recovery()"


async def served_by_replica(db: Database, tenant: Tenant, **options: Any) -> bool:
    row = await db.tenant(tenant.id, readonly=True, **options).fetch_one(IN_RECOVERY)
    assert row is not None
    return bool(row[0])
