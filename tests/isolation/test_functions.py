"""Functions bring no more than the caller has: one-shot reads, and those of the definer roles."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import pytest

from tenantry.models import TenantRow
from tenantry.models.base import model_of
from tenantry.schema.statements import get, newest

from .world import DENIED, HIDDEN, NO_CONTEXT, NOT_WRITABLE, OTHER_CONTEXT, TABLES, World, attempt

_GLOBAL = {
    *("tenants", "users", "user_identities", "platform_log", "tenant_quotas", "tenant_usage"),
    *(
        "graph_queries",
        "model_prices",
        "platform_seals",
        "seal_keys",
        "tenant_holds",
        "sign_in_attempts",
    ),
}
_SCOPED = [table for table in TABLES if table not in _GLOBAL | {"outbox_events"}]
_CONTEXT = "SELECT coalesce(current_setting('app.tenant_id', true), '')"


def test_every_scoped_table_is_meant(world: World) -> None:
    scoped = {n for n, table in world.tables.items() if issubclass(model_of(table), TenantRow)}
    assert set(_SCOPED) == scoped - HIDDEN


@pytest.mark.parametrize("table", _SCOPED)
async def test_a_one_shot_serves_the_tenant_it_names_and_leaves_no_context(
    world: World, table: str
) -> None:
    one, many = _one_shots(world, table)
    connection = await world.place.connection("app")
    try:
        for party in (world.acme, world.beta, world.acme):
            row = await connection.fetchrow(one, party.id, party.rows[table]["id"])
            assert row is not None
            assert (row["tenant_id"], row["id"]) == (party.id, party.rows[table]["id"])
            assert await connection.fetchval(_CONTEXT) == ""
            found = await connection.fetch(many, party.id, None, 100)
            assert {row["tenant_id"] for row in found} == {party.id}
            assert await connection.fetchval(_CONTEXT) == ""
        other = world.beta.rows[table]["id"]
        assert await connection.fetchrow(one, world.acme.id, other) is None
    finally:
        await connection.close()


@pytest.mark.parametrize("table", _SCOPED)
async def test_a_one_shot_refuses_another_tenants_context(world: World, table: str) -> None:
    one, many = _one_shots(world, table)
    async with world.acting("app", world.acme.id) as connection:
        mine, other = world.acme.rows[table]["id"], world.beta.rows[table]["id"]
        assert await attempt(connection, one, world.beta.id, other) == OTHER_CONTEXT
        assert await attempt(connection, one, world.beta.id, mine) == OTHER_CONTEXT
        assert await attempt(connection, many, world.beta.id, None, 10) == OTHER_CONTEXT
        # After a refusal, and after a call for one's own tenant, the context is what it was.
        assert await connection.fetchval(_CONTEXT) == str(world.acme.id)
        assert await attempt(connection, one, world.acme.id, mine) == "SELECT 1"
        assert await attempt(connection, one, world.acme.id, other) == "SELECT 0"
        assert await connection.fetchval(_CONTEXT) == str(world.acme.id)


@pytest.mark.parametrize("table", _SCOPED)
async def test_a_one_shot_for_no_tenant_finds_nothing(world: World, table: str) -> None:
    one, _ = _one_shots(world, table)
    mine = world.acme.rows[table]["id"]
    connection = await world.place.connection("app")
    try:
        for tenant in (None, uuid4()):
            assert await connection.fetch(one, tenant, mine) == []
            assert await connection.fetchval(_CONTEXT) == ""
    finally:
        await connection.close()
    async with world.acting("app", world.acme.id) as connection:
        for tenant in (None, uuid4()):
            assert await attempt(connection, one, tenant, mine) == OTHER_CONTEXT
            assert await connection.fetchval(_CONTEXT) == str(world.acme.id)


@pytest.mark.parametrize("table", ["projects", "audit_logs"])
async def test_a_one_shot_that_fails_leaves_no_context(world: World, table: str) -> None:
    _, many = _one_shots(world, table)
    connection = await world.place.connection("app")
    try:
        with pytest.raises(asyncpg.DataError):
            await connection.fetch(
                f"SELECT 1 / length(left(got.id::text, 0)) FROM ({many}) AS got",
                world.acme.id, None, 10,
            )  # fmt: skip
        assert await connection.fetchval(_CONTEXT) == ""
    finally:
        await connection.close()


async def test_functions_for_two_tenants_in_one_statement(world: World) -> None:
    """Each sees its own, and neither stays."""
    connection = await world.place.connection("app")
    try:
        rows = await connection.fetch(
            "SELECT a.tenant_id, b.tenant_id FROM tenantry.audit_logs_newest($1, NULL, 10) AS a,"
            " LATERAL tenantry.audit_logs_newest($2, NULL, 10) AS b",
            world.acme.id, world.beta.id,
        )  # fmt: skip
        assert {tuple(row) for row in rows} == {(world.acme.id, world.beta.id)}
        assert await connection.fetchval(_CONTEXT) == ""
    finally:
        await connection.close()


async def test_statements_for_two_tenants_in_one_are_refused(world: World) -> None:
    """What enters a context keeps it to the end of the statement."""
    _, many = _one_shots(world, "projects")
    second = many.replace("$1", "$4")
    connection = await world.place.connection("app")
    try:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await connection.fetch(
                f"SELECT a.tenant_id, b.tenant_id FROM ({many}) AS a, LATERAL ({second}) AS b",
                world.acme.id, None, 10, world.beta.id,
            )  # fmt: skip
        assert refused.value.sqlstate == OTHER_CONTEXT
        assert await connection.fetchval(_CONTEXT) == ""
    finally:
        await connection.close()


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_one_shot_enters_before_it_reads_whatever_the_plan(world: World, mode: str) -> None:
    one, many = _one_shots(world, "projects")
    connection = await world.place.connection("app")
    try:
        await connection.execute(f"SET plan_cache_mode = {mode}")
        for switched_off in ("material", "indexscan", "bitmapscan", "nestloop", "seqscan"):
            await connection.execute(f"SET enable_{switched_off} = off")
            for party in (world.acme, world.beta) * 4:
                mine = party.rows["projects"]["id"]
                assert await connection.fetchval(one, party.id, mine, column=1) == mine
                found = await connection.fetch(many, party.id, None, 10)
                assert {row["tenant_id"] for row in found} == {party.id}
    finally:
        await connection.close()


async def test_a_key_is_found_by_its_hash_alone(world: World) -> None:
    key = world.acme.rows["api_keys"]
    async with world.acting("app") as connection:
        call = "SELECT tenant_id FROM tenantry.authenticate_key($1)"
        assert await connection.fetchval(call, key["key_hash"]) == world.acme.id
        for wrong in (b"", key["key_hash"] + b"x", key["key_hash"][:-1], None):
            assert await connection.fetchval(call, wrong) is None


async def test_an_outside_account_is_found_in_its_members_tenant_only(world: World) -> None:
    theirs = world.acme.rows["user_identities"]
    call = "SELECT tenantry.identity_member($1, $2)"
    for party, found in ((world.acme, theirs["user_id"]), (world.beta, None)):
        async with world.acting("app", party.id) as connection:
            assert await connection.fetchval(call, theirs["provider"], theirs["subject"]) == found
            assert await connection.fetchval(call, "other", theirs["subject"]) is None
    async with world.acting("app") as connection:
        assert await connection.fetchval(call, theirs["provider"], theirs["subject"]) is None


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


def _one_shots(world: World, table: str) -> tuple[str, str]:
    """Of one row by its id, and of the newest: as repositories send them."""
    model = model_of(world.tables[table])
    one, many = get(model).one_shot, newest(model).one_shot
    assert one
    assert many
    return one, many


async def test_an_event_is_published_in_the_tenant_of_the_context_alone(world: World) -> None:
    publish = "SELECT tenantry.publish_event('topic', '1', 'key')"
    async with world.acting("superuser") as connection:
        await connection.execute("SET LOCAL ROLE tenantry_app")
        assert await attempt(connection, publish) == NO_CONTEXT
        await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(world.acme.id))
        event = await connection.fetchval(publish)
        await connection.execute("RESET ROLE")
        found = await connection.fetch(
            "SELECT tenant_id FROM tenantry.outbox_events WHERE id = $1", event
        )
    assert [row["tenant_id"] for row in found] == [world.acme.id]
    for role in ("readonly",):
        async with world.acting(role, world.acme.id) as connection:
            assert await attempt(connection, publish) in {DENIED, NOT_WRITABLE}
