"""Functions bring no more than the caller has: one-shot reads, and those of the definer roles."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import pytest

from tenantry.models import TenantRow
from tenantry.models.base import model_of

from .world import DENIED, OTHER_CONTEXT, TABLES, Connection, World, attempt

_GLOBAL = {
    *("tenants", "users", "user_identities", "platform_log", "tenant_quotas", "tenant_usage"),
    "model_prices",
}
_SCOPED = [table for table in TABLES if table not in _GLOBAL]
_CONTEXT = "SELECT coalesce(current_setting('app.tenant_id', true), '')"


def test_every_scoped_table_is_meant(world: World) -> None:
    scoped = {n for n, table in world.tables.items() if issubclass(model_of(table), TenantRow)}
    assert set(_SCOPED) == scoped


@pytest.mark.parametrize("table", _SCOPED)
async def test_a_one_shot_serves_the_tenant_it_names_and_leaves_no_context(
    world: World, table: str
) -> None:
    connection = await world.place.connection("app")
    try:
        for party in (world.acme, world.beta, world.acme):
            got = f"SELECT tenant_id, id FROM tenantry.{table}_get($1, $2)"
            row = await connection.fetchrow(got, party.id, party.rows[table]["id"])
            assert row is not None
            assert tuple(row) == (party.id, party.rows[table]["id"])
            assert await connection.fetchval(_CONTEXT) == ""
            newest = f"SELECT tenant_id FROM tenantry.{table}_newest($1, NULL, 100)"
            assert {r[0] for r in await connection.fetch(newest, party.id)} == {party.id}
            assert await connection.fetchval(_CONTEXT) == ""
        assert await _get(connection, table, world.acme.id, world.beta.rows[table]["id"]) is None
    finally:
        await connection.close()


@pytest.mark.parametrize("table", _SCOPED)
async def test_a_one_shot_refuses_another_tenants_context(world: World, table: str) -> None:
    async with world.acting("app", world.acme.id) as connection:
        mine, other = world.acme.rows[table]["id"], world.beta.rows[table]["id"]
        get = f"SELECT 1 FROM tenantry.{table}_get($1, $2)"
        newest = f"SELECT 1 FROM tenantry.{table}_newest($1, NULL, 10)"
        assert await attempt(connection, get, world.beta.id, other) == OTHER_CONTEXT
        assert await attempt(connection, get, world.beta.id, mine) == OTHER_CONTEXT
        assert await attempt(connection, newest, world.beta.id) == OTHER_CONTEXT
        # After a refusal, and after a call for one's own tenant, the context is what it was.
        assert await connection.fetchval(_CONTEXT) == str(world.acme.id)
        assert await attempt(connection, get, world.acme.id, mine) == "SELECT 1"
        assert await attempt(connection, get, world.acme.id, other) == "SELECT 0"
        assert await connection.fetchval(_CONTEXT) == str(world.acme.id)


@pytest.mark.parametrize("table", _SCOPED)
async def test_a_one_shot_for_no_tenant_finds_nothing(world: World, table: str) -> None:
    for context in (None, world.acme.id):
        async with world.acting("app", context) as connection:
            for tenant in (None, uuid4()):
                call = f"SELECT 1 FROM tenantry.{table}_get($1, $2)"
                tag = await attempt(connection, call, tenant, world.acme.rows[table]["id"])
                assert tag in {"SELECT 0", OTHER_CONTEXT}
                assert await connection.fetchval(_CONTEXT) == str(context or "")


async def test_a_one_shot_that_fails_leaves_no_context(world: World) -> None:
    connection = await world.place.connection("app")
    try:
        with pytest.raises(asyncpg.DataError):
            await connection.fetch(
                "SELECT 1 / (CASE WHEN name <> '' THEN 0 ELSE 1 END)"
                " FROM tenantry.projects_newest($1, NULL, 10)",
                world.acme.id,
            )
        assert await connection.fetchval(_CONTEXT) == ""
    finally:
        await connection.close()


async def test_a_one_shot_cannot_be_interrupted_into_a_context(world: World) -> None:
    """Two of them in one statement, for two tenants: each sees its own, and neither stays."""
    connection = await world.place.connection("app")
    try:
        rows = await connection.fetch(
            "SELECT a.tenant_id, b.tenant_id FROM tenantry.projects_newest($1, NULL, 10) AS a,"
            " LATERAL tenantry.projects_newest($2, NULL, 10) AS b",
            world.acme.id, world.beta.id,
        )  # fmt: skip
        assert {tuple(row) for row in rows} == {(world.acme.id, world.beta.id)}
        assert await connection.fetchval(_CONTEXT) == ""
    finally:
        await connection.close()


async def test_a_key_is_found_by_its_hash_alone(world: World) -> None:
    key = world.acme.rows["api_keys"]
    async with world.acting("app") as connection:
        call = "SELECT tenant_id FROM tenantry.authenticate_key($1)"
        assert await connection.fetchval(call, key["key_hash"]) == world.acme.id
        for wrong in (b"", key["key_hash"] + b"x", key["key_hash"][:-1], None):
            assert await connection.fetchval(call, wrong) is None


async def test_identities_are_those_of_the_user_of_the_context(world: World) -> None:
    mine = world.acme.rows["user_identities"]
    async with world.acting("app", world.acme.id, mine["user_id"]) as connection:
        rows = await connection.fetch("SELECT id FROM tenantry.my_identities()")
        assert [row["id"] for row in rows] == [mine["id"]]
    async with world.acting("app", world.acme.id) as connection:
        assert await attempt(connection, "SELECT FROM tenantry.my_identities()") == "SELECT 0"


async def test_an_event_is_recorded_for_the_tenant_of_the_context_only(world: World) -> None:
    call = "SELECT tenantry.record_event('x', 'y')"
    async with world.acting("app", world.acme.id) as connection:
        entry = await connection.fetchval(call)
        got = await connection.fetchrow("SELECT * FROM tenantry.audit_logs WHERE id = $1", entry)
        assert got is not None
        assert (got["tenant_id"], got["action"]) == (world.acme.id, "x")
    async with world.acting("app") as connection:
        assert await attempt(connection, call) == "TN008"


@pytest.mark.parametrize(
    ("role", "call"),
    [
        ("app", "tenantry.add_partition('audit_logs', 'month', now())"),
        ("app", "tenantry.secure_partition('audit_logs_default', 'audit_logs')"),
        ("readonly", "tenantry.record_event('x', 'y')"),
        ("readonly", "tenantry.record_platform_event('x', 'y')"),
        ("app", "tenantry.record_platform_event('x', 'y')"),
        ("readonly", "tenantry.authenticate_key('x')"),
    ],
)
async def test_functions_are_for_those_they_were_made_for(
    world: World, role: str, call: str
) -> None:
    async with world.acting(role, world.acme.id) as connection:
        assert await attempt(connection, f"SELECT {call}") == DENIED


async def _get(connection: Connection, table: str, tenant: object, id: object) -> object:
    return await connection.fetchrow(f"SELECT 1 FROM tenantry.{table}_get($1, $2)", tenant, id)
