"""connect() and what it promises before, during and after."""

from __future__ import annotations

import asyncio

import pytest

import tenantry
from tenantry import Database, TenantTransaction
from tenantry.config import InvalidSettings
from tenantry.errors import (
    ConfigurationError,
    ConnectionLost,
    InvalidInput,
    NotFound,
    PermissionDenied,
    PoolClosed,
    SchemaBehind,
    SerializationFailure,
    TenantryError,
    TransactionClosed,
    TransactionError,
)
from tenantry.ids import uuid7
from tenantry.models import Tenant
from tests.fixtures.database import Place
from tests.fixtures.topologies import PASSWORD, kv_node


async def test_migrate_auto_check_and_off(empty_place: Place) -> None:
    with pytest.raises(SchemaBehind) as caught:
        await tenantry.connect(settings=empty_place.settings(migrate="check"))
    assert caught.value.current == ""
    assert "migrate up" in str(caught.value)
    async with await tenantry.connect(settings=empty_place.settings(migrate="off")) as db:
        assert not (await db.health()).ok
    async with await tenantry.connect(settings=empty_place.settings(migrate="auto")) as db:
        assert (await db.health()).ok


async def test_health_reports_latency_pool_version_and_revision(db: Database) -> None:
    facts = (await db.health()).to_dict()
    assert facts["ok"]
    assert facts["revision"] == facts["head"]
    assert facts["database"]["latency_ms"] > 0
    assert facts["database"]["pool"]["max_size"] == 20
    assert facts["database"]["server_version"].startswith(("15", "16", "17", "18"))


async def test_production_refuses_an_owner_or_superuser_as_the_application(place: Place) -> None:
    for role in ("owner", "superuser"):
        settings = place.settings(
            profile="production", database_url=place.url(role), owner_url=None, service_url=None
        )
        with pytest.raises(InvalidSettings):
            await tenantry.connect(settings=settings)
    async with await tenantry.connect(settings=place.settings(profile="production")) as db:
        assert (await db.health()).ok


async def test_a_missing_url_says_which(place: Place) -> None:
    async with await tenantry.connect(settings=place.settings(service_url=None)) as db:
        with pytest.raises(ConfigurationError) as caught:
            async with db.service("reason"):
                pass
        assert caught.value.setting == "service_url"


async def test_ids_that_are_none_are_refused_before_anything_is_sent(db: Database) -> None:
    for bad in ("", "1; DROP TABLE x", "zzz", 7, None):
        with pytest.raises(InvalidInput):
            db.tenant(bad)  # type: ignore[arg-type]


async def test_an_unknown_tenant_sees_nothing_and_writes_nothing(db: Database) -> None:
    handle = db.tenant(uuid7())
    assert await handle.projects.list() == []
    with pytest.raises(TenantryError):
        await handle.projects.create(name="x")


async def test_a_block_is_one_transaction(db: Database, acme: Tenant) -> None:
    with pytest.raises(NotFound):
        async with db.tenant(acme.id) as t:
            await t.projects.create(name="A")
            await t.projects.get(uuid7())
    assert await db.tenant(acme.id).projects.count() == 0


async def test_a_handle_opens_one_transaction_at_a_time(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    async with handle as t:
        with pytest.raises(TransactionError):
            async with handle:
                pass
        await t.projects.create(name="A")
    async with handle as t:
        assert await t.projects.count() == 1
    with pytest.raises(TransactionClosed):
        await t.projects.count()


async def test_two_tenants_nested_stay_apart(db: Database, acme: Tenant, beta: Tenant) -> None:
    async with db.tenant(acme.id) as a, db.tenant(beta.id) as b:
        await a.projects.create(name="A")
        await b.projects.create(name="B")
        assert [p.name for p in await a.projects.list()] == ["A"]
        assert [p.name for p in await b.projects.list()] == ["B"]


async def test_readonly_refuses_writes(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id, readonly=True)
    assert await handle.projects.list() == []
    with pytest.raises(PermissionDenied):
        await handle.projects.create(name="x")


async def test_savepoints_undo_only_their_own(db: Database, acme: Tenant) -> None:
    async with db.tenant(acme.id) as t:
        await t.projects.create(name="kept")
        with pytest.raises(NotFound):
            async with t.savepoint():
                await t.projects.create(name="undone")
                await t.projects.get(uuid7())
        await t.projects.create(name="also kept")
    names = {p.name for p in await db.tenant(acme.id).projects.list()}
    assert names == {"kept", "also kept"}


async def test_run_does_all_of_it_again_after_a_serialization_failure(
    db: Database, acme: Tenant
) -> None:
    counter = await db.tenant(acme.id).projects.create(name="0")

    async def add_one(t: TenantTransaction) -> None:
        seen = await t.projects.get(counter.id)
        await asyncio.sleep(0.001)
        await t.projects.update(counter.id, name=str(int(seen.name) + 1))

    await asyncio.gather(
        *(db.run(acme.id, add_one, attempts=50, isolation="serializable") for _ in range(6))
    )
    assert (await db.tenant(acme.id).projects.get(counter.id)).name == "6"


async def test_run_gives_up_and_says_what_it_was(db: Database, acme: Tenant) -> None:
    tried = 0

    async def never(t: TenantTransaction) -> None:
        nonlocal tried
        tried += 1
        raise SerializationFailure("no")

    with pytest.raises(SerializationFailure):
        await db.run(acme.id, never, attempts=3)
    assert tried == 3


async def test_own_sql_runs_in_the_same_transaction(db: Database, acme: Tenant) -> None:
    async with db.tenant(acme.id) as t:
        await t.projects.create(name="A")
        assert (
            await t.fetch_value("SELECT count(*) FROM tenantry.projects WHERE name = $1", "A") == 1
        )
        assert await t.execute("UPDATE projects SET description = $1", "found by search_path") == 1
        (row,) = await t.fetch("SELECT description FROM projects")
        assert row["description"] == "found by search_path"


async def test_closed_is_closed_and_a_lost_server_is_said(place: Place) -> None:
    db = await tenantry.connect(settings=place.settings())
    await db.close()
    with pytest.raises(PoolClosed):
        await db.tenant(uuid7()).projects.list()
    assert ConnectionLost.retryable


async def test_a_context_left_on_a_session_by_a_users_function_reaches_nobody(
    place: Place, db: Database, acme: Tenant, beta: Tenant
) -> None:
    """No statement shows it: a function of the user's own sets the tenant for the whole session."""
    root = await place.connection("superuser")
    await root.execute(
        "CREATE FUNCTION public.poison(t text) RETURNS void LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM set_config('app.tenant_id', t, false); END $$"
    )
    await root.close()
    await db.tenant(acme.id).projects.create(name="A")
    made = await db.tenant(beta.id).projects.create(name="B")
    for _ in range(3):
        async with db.tenant(acme.id) as t:
            await t.fetch("SELECT public.poison($1)", str(acme.id))
        assert [p.name for p in await db.tenant(beta.id).projects.list()] == ["B"]
        assert (await db.tenant(beta.id).projects.get(made.id)).name == "B"
        async with db.tenant(beta.id) as t:
            assert await t.projects.count() == 1


async def test_production_refuses_a_redis_that_would_lose_locks_and_sessions(place: Place) -> None:
    lines = ["port {port}", f"requirepass {PASSWORD}", "maxmemory-policy allkeys-lru"]
    with kv_node("valkey", [*lines, "maxmemory 90mb"]) as node:
        url = f"redis://:{PASSWORD}@127.0.0.1:{node.port}/0"
        settings = place.settings(profile="production", redis_url=url)
        with pytest.raises(InvalidSettings, match="noeviction"):
            await tenantry.connect(settings=settings)
        node.admin.config_set("maxmemory-policy", "noeviction")
        async with await tenantry.connect(settings=settings):
            pass
    # One that is away keeps nobody from the database.
    async with await tenantry.connect(settings=settings):
        pass
