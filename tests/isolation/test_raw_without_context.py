"""A connection of the application's role without a tenant: what a forgotten context comes to."""

from __future__ import annotations

from uuid import uuid4

import pytest

from .world import NOTHING, REFUSED, SHARED, TABLES, World, attempt, insertion

#: What may stand in the setting without being an existing tenant's id.
CONTEXTS = {
    "none": None,
    "empty": "",
    "garbage": "' OR true --",
    "almost": "00000000-0000-0000-0000-00000000000",
    "unknown": str(uuid4()),
}


@pytest.fixture(params=CONTEXTS)
def context(request: pytest.FixtureRequest) -> str | None:
    return CONTEXTS[request.param]


@pytest.mark.parametrize("role", ["app", "readonly"])
@pytest.mark.parametrize("table", [table for table in TABLES if table not in SHARED])
async def test_nothing_is_seen(world: World, table: str, role: str, context: str | None) -> None:
    key = world.key(table)
    async with world.acting(role, context) as connection:
        everything = f"SELECT 1 FROM tenantry.{table}"
        assert await attempt(connection, everything) in NOTHING | REFUSED
        by_id = f"{everything} WHERE {key} = $1"
        row = world.acme.rows[table]
        assert await attempt(connection, by_id, row[key]) in NOTHING | REFUSED


@pytest.mark.parametrize("table", TABLES)
async def test_nothing_is_written(world: World, table: str, context: str | None) -> None:
    key, row = world.key(table), world.acme.rows[table]
    async with world.acting("app", context) as connection:
        sql, args = insertion(table, world.fresh(table, world.acme))
        assert await attempt(connection, sql, *args) in REFUSED
        for change in (
            f"UPDATE tenantry.{table} SET {world.assignment(table)}",
            f"DELETE FROM tenantry.{table}",
        ):
            assert await attempt(connection, change) in NOTHING | REFUSED
            by_id = f"{change} WHERE {key} = $1"
            assert await attempt(connection, by_id, row[key]) in NOTHING | REFUSED


async def test_a_context_ends_with_its_transaction(world: World) -> None:
    connection = await world.place.connection("app")
    try:
        for ending in ("COMMIT", "ROLLBACK"):
            await connection.execute(f"BEGIN; SET LOCAL app.tenant_id = '{world.acme.id}'")
            assert await connection.fetchval("SELECT count(*) FROM tenantry.projects") == 1
            await connection.execute(ending)
            # The setting is '' from here on, no longer NULL: that must be no tenant either.
            assert await connection.fetchval("SELECT count(*) FROM tenantry.projects") == 0
    finally:
        await connection.close()


async def test_set_tenant_context_does_not_outlive_its_transaction(world: World) -> None:
    connection = await world.place.connection("app")
    try:
        await connection.execute("BEGIN")
        await connection.execute("SELECT tenantry.set_tenant_context($1)", world.acme.id)
        assert await connection.fetchval("SELECT count(*) FROM tenantry.projects") == 1
        await connection.execute("COMMIT")
        await connection.execute("SELECT tenantry.set_tenant_context($1)", world.acme.id)
        assert await connection.fetchval("SELECT count(*) FROM tenantry.projects") == 0
    finally:
        await connection.close()
