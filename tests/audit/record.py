"""A sealed record, and a superuser who rewrites it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from tenantry import Actor, Database
from tenantry.ids import uuid7
from tenantry.models import Tenant
from tenantry.ops import seals
from tests.fixtures.database import Place

#: What a superuser needs to pass triggers and foreign keys.
PAST_TRIGGERS = "SET session_replication_role = replica"
TABLES = ("audit_logs", "platform_log", "audit_seals", "platform_seals")

_EVENTS = """
SELECT tenantry.record_event('event', 'things', tenantry.uuidv7(), jsonb_build_object(
    'n', n, 'price', (n || '.10')::numeric, 'text', 'Käse "' || n || '" \\ 日本', 'deep', jsonb_build_object('b', 1, 'aa', null)))
FROM generate_series(1, $1) AS n"""


async def fill(db: Database, tenant: Tenant, events: int) -> None:
    """Events, and entries of triggers with every column in use."""
    actor = Actor(
        kind="api_key", api_key_id=uuid7(), agent_id=uuid7(), request_id="r-1", ip="2001:db8::1",
        user_agent="curl/8", reason="a test",
    )  # fmt: skip
    async with db.tenant(tenant.id, user_id=uuid7(), actor=actor) as t:
        project = await t.projects.create(name="A")
        await t.projects.update(project.id, name="B")
        await t.fetch(_EVENTS, events)


async def seal_all(db: Database, **options: Any) -> seals.Run:
    """Everything that is there now."""
    await asyncio.sleep(0.002)  # an entry of this very millisecond could still get company
    return await seals.seal(db, **{"lag": timedelta(0), **options})


async def entries_of(place: Place, tenant: Tenant) -> list[UUID]:
    admin = await place.connection("superuser")
    rows = await admin.fetch(
        "SELECT id FROM tenantry.audit_logs WHERE tenant_id = $1 ORDER BY id", tenant.id
    )
    await admin.close()
    return [UUID(str(row[0])) for row in rows]


class Forger:
    """A superuser at work, whose doings can be undone."""

    def __init__(self, connection: asyncpg.Connection[Any]) -> None:
        self.connection = connection

    async def __call__(self, sql: str, *args: Any) -> None:
        status = await self.connection.execute(sql, *args)
        assert not status.endswith(" 0"), f"nothing was forged: {sql}"

    async def undo(self) -> None:
        for table in TABLES:
            await self.connection.execute(
                f"DELETE FROM tenantry.{table};"
                f" INSERT INTO tenantry.{table} SELECT * FROM before.{table}"
            )


@asynccontextmanager
async def forging(place: Place) -> AsyncIterator[Forger]:
    """What is there now is what `undo` brings back."""
    connection = await place.connection("superuser")
    try:
        await connection.execute(f"{PAST_TRIGGERS}; CREATE SCHEMA before")
        for table in TABLES:
            await connection.execute(
                f"CREATE TABLE before.{table} AS SELECT * FROM tenantry.{table}"
            )
        yield Forger(connection)
    finally:
        await connection.close()
