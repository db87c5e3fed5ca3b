"""Tenants with much in them, and all that a database says of one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import asyncpg

from tenantry import Database
from tenantry.ops.tenants import purging
from tenantry.ops.tenants.tables import AS_TEXT, tenant_tables
from tests.fixtures.database import Place, clone

Rows = dict[str, list[dict[str, Any]]]


async def rows_of(
    place: Place, tenant_id: UUID, *, without: Collection[str] = ("outbox_events",)
) -> Rows:
    """Every row in every table, every column of it as text."""
    connection = await place.connection("superuser")
    try:
        async with connection.transaction():
            await connection.execute(AS_TEXT)
            tables = await tenant_tables(connection)
            return {
                table.label: [dict(row) for row in await connection.fetch(table.rows, tenant_id)]
                for table in tables
                if table.name not in without
            }
    finally:
        await connection.close()


async def mentions(place: Place, tenant_id: UUID) -> dict[str, int]:
    """Where the id stands, in any column of any relation there is, as text."""
    connection = await place.connection("superuser")
    try:
        relations = await connection.fetch(
            "SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition"
            " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
        )
        found = {}
        for (relation,) in relations:
            count = await connection.fetchval(
                f"SELECT count(*) FROM {relation} AS r"
                " WHERE strpos(r::text, $1) > 0 OR strpos(r::text, $2) > 0",
                str(tenant_id),
                tenant_id.hex,
            )
            if count:
                found[relation] = count
        graph = await connection.fetchval("SELECT to_regnamespace($1)::text", f"tg_{tenant_id.hex}")
        return found | ({graph: 1} if graph else {})
    finally:
        await connection.close()


async def copy_of(place: Place) -> Place:
    """What a restore beside this one gives. Nobody may be connected."""
    return await clone(place.server, f"{place.name}_then", of=place.name)


async def delete(db: Database, tenant_id: UUID) -> None:
    async with db.service("a test") as s:
        await s.tenants.soft_delete(tenant_id)


async def purge(db: Database, tenant_id: UUID, **options: Any) -> purging.Purged:
    await delete(db, tenant_id)
    options = {"reason": "they left", "has_redis": False, **options}
    return await purging.purge(db, tenant_id, **options)


async def query(place: Place, sql: str, *args: Any) -> list[asyncpg.Record]:
    connection = await place.connection("superuser")
    try:
        rows: list[asyncpg.Record] = await connection.fetch(sql, *args)
        return rows
    finally:
        await connection.close()


async def run(place: Place, sql: str) -> None:
    """Statements of a superuser's."""
    connection = await place.connection("superuser")
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
