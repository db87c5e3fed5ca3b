"""After a purge nothing of the tenant is left, and what was there is on record."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import tenantry
from tenantry import Database
from tenantry.coordination import footprint
from tenantry.errors import NotFound, TransferRefused
from tenantry.ops import seals
from tenantry.ops.tenants import holding, purging
from tests.audit.record import fill, seal_all
from tests.fixtures.database import Place, _drop, make_tenant, make_user
from tests.fixtures.servers import Server
from tests.isolation.world import World, build
from tests.migrations.own import own_models

from .whole import delete, mentions, purge, query, rows_of


async def test_no_table_is_forgotten(template: Server, tmp_path: Path) -> None:
    """The tenant's id in every table there is, a platform's own and those no model knows among them."""
    place = Place(template, f"t_{uuid.uuid4().hex[:16]}")
    try:
        with own_models():
            world = await build(place, tmp_path / "revisions")
            async with await tenantry.connect(settings=place.settings(migrate="off")) as db:
                await _purge_a_party(db, world)
    finally:
        await _drop(place)


async def _purge_a_party(db: Database, world: World) -> None:
    place, acme, beta = world.place, world.acme.id, world.beta.id
    admin = await place.connection("superuser")
    # In JSON and in text of its own rows, too.
    await admin.execute(
        "UPDATE tenantry.projects SET config = jsonb_build_object('tenant', tenant_id),"
        " description = tenant_id::text"
    )
    # The world's seals are no real ones; and the holds would keep it.
    await admin.execute("SET session_replication_role = replica; DELETE FROM tenantry.audit_seals")
    await admin.execute("RESET session_replication_role")
    await admin.execute("CREATE SCHEMA crm; CREATE TABLE crm.leads (tenant_id uuid, text text)")
    await admin.execute(
        "INSERT INTO crm.leads VALUES ($1, 'a'), ($2, 'b')".replace("$1", f"'{acme}'").replace(
            "$2", f"'{beta}'"
        )
    )
    await delete(db, acme)
    with pytest.raises(TransferRefused) as refused:
        await purging.purge(db, acme, reason="they left", has_redis=False)
    assert refused.value.reason == "held"
    await admin.execute("DELETE FROM tenantry.tenant_holds")
    # A table that cannot be looked into stops it: nothing is removed rather than something forgotten.
    with pytest.raises(TransferRefused) as refused:
        await purging.purge(db, acme, reason="they left", has_redis=False)
    assert (refused.value.reason, refused.value.fields["table"]) == ("table", "crm.leads")
    await admin.execute(
        "GRANT USAGE ON SCHEMA crm TO tenantry_transfer; GRANT SELECT, DELETE ON crm.leads TO tenantry_transfer"
    )
    await admin.execute("REFRESH MATERIALIZED VIEW tenantry.tenant_cost_summary")
    held = {t for t, rows in (await rows_of(place, acme, without=())).items() if rows}
    assert held >= set(world.acme.made) - {
        "platform_log",
        "platform_seals",
        "seal_keys",
        "users",
        "user_identities",
        "model_prices",
        "graph_queries",
        "tenant_holds",
        "sign_in_attempts",
        "audit_seals",
    }
    others = await rows_of(place, beta, without=())
    done = await purging.purge(db, acme, reason="they left", has_redis=False)
    assert done.left == {}
    assert set(await mentions(place, acme)) == {"tenantry.platform_log"}
    assert await rows_of(place, beta, without=()) == others
    tables = done.certificate.facts["tables"]
    assert {t.removeprefix("tenantry.") for t in tables} >= held
    assert tables["crm.leads"] == 1
    await admin.close()


async def test_the_certificate_says_what_went(place: Place, db: Database) -> None:
    acme, beta = await make_tenant(db, "acme"), await make_tenant(db, "beta")
    await make_user(db, "ada@example.com", acme)
    both = await make_user(db, "bob@example.com", acme, beta)
    await fill(db, acme, 5)
    async with db.tenant(acme.id) as t:
        task = await t.tasks.create(title="One")
        await t.attachments.create(task_id=task.id, filename="a", storage_path="s3://b/a")
    counted = {t: len(r) for t, r in (await rows_of(place, acme.id, without=())).items() if r}
    done = await purge(db, acme.id)
    facts = done.certificate.facts
    assert done.blobs == ["s3://b/a"]
    assert len(done.users_left) == 1
    assert both.id not in done.users_left
    assert facts["blobs"] == 1
    assert (facts["slug"], facts["by"], done.certificate.reason) == (
        "acme",
        "tenantry_service",
        "they left",
    )
    tables = {t.removeprefix("tenantry."): n for t, n in facts["tables"].items()}
    seals = tables.pop("audit_seals")
    assert seals == facts["last_seal"]["sequence"]
    assert tables == counted
    assert facts["rows"] == sum(facts["tables"].values())
    # Again by its id: the same, and nothing more.
    again = await purging.purge(db, acme.id, reason="once more", has_redis=False)
    assert again.certificate == done.certificate
    async with db.service("a test") as s:
        assert [c.entry_id for c in await purging.certificates(s, slug="acme")] == [
            done.certificate.entry_id
        ]
    with pytest.raises(NotFound):
        await purging.purge(db, uuid.uuid4(), reason="nobody", has_redis=False)


async def test_only_a_deleted_tenant_that_nothing_holds_is_purged(
    place: Place, db: Database
) -> None:
    acme = await make_tenant(db, "acme")
    with pytest.raises(TransferRefused) as refused:
        await purging.purge(db, acme.id, reason="too early", has_redis=False)
    assert refused.value.reason == "status"
    async with db.service("a test") as s:
        first = await holding.hold(s, acme.id, "case 1")
        await holding.hold(s, acme.id, "case 2")
    for case in ("case 1", "case 2"):
        with pytest.raises(TransferRefused) as refused:
            await purge(db, acme.id)
        assert refused.value.reason == "held"
        # Nor past the program: by the function, or by a plain DELETE.
        service = await place.connection("service")
        with pytest.raises(asyncpg.PostgresError) as raised:
            await service.execute("SELECT tenantry.purge_tenant($1, '{}')", acme.id)
        assert raised.value.sqlstate == "TN014"
        with pytest.raises(asyncpg.PostgresError):
            await service.execute("DELETE FROM tenantry.tenants WHERE id = $1", acme.id)
        await service.close()
        async with db.service("a test") as s:
            held = await holding.holds(s, acme.id)
            assert case in [h.reason for h in held]
            await holding.release(s, acme.id, first if case == "case 1" else held[-1].id)
    with pytest.raises(NotFound):
        async with db.service("a test") as s:
            await holding.release(s, acme.id, first)
    assert (await purge(db, acme.id)).left == {}
    told = await query(
        place,
        "SELECT action FROM tenantry.platform_log WHERE resource_type = 'tenant_holds' ORDER BY id",
    )
    assert [r[0] for r in told] == ["create", "create", "delete", "delete"]


async def test_the_record_is_sealed_to_its_end_first(place: Place, db: Database) -> None:
    acme = await make_tenant(db, "acme")
    await fill(db, acme, 3)
    await delete(db, acme.id)
    service = await place.connection("service")
    with pytest.raises(asyncpg.PostgresError) as raised:
        await service.execute("SELECT tenantry.purge_tenant($1, '{}')", acme.id)
    assert json.loads(raised.value.detail or "") == {"reason": "unsealed"}
    await service.close()


async def test_what_was_sealed_of_others_still_verifies(
    place: Place, db: Database, tmp_path: Path
) -> None:
    anchor = seals.FileAnchor(tmp_path / "anchor")
    acme, beta = await make_tenant(db, "acme"), await make_tenant(db, "beta")
    await fill(db, acme, 3)
    await fill(db, beta, 3)
    await seal_all(db, anchors=[anchor])
    await purge(db, acme.id)
    await seal_all(db, anchors=[anchor])
    report = await seals.verify(db, anchors=[anchor])
    assert report.ok, report.findings
    assert report.purged == 1
    # Without the certificate's word for it, it would be seals that somebody removed.
    await query(
        place,
        "DO $$ BEGIN SET LOCAL session_replication_role = replica;"
        f" DELETE FROM tenantry.audit_seals WHERE tenant_id <> '{acme.id}'; END $$",
    )
    report = await seals.verify(db, anchors=[anchor])
    assert {f.tenant_id for f in report.findings if f.what == "seal removed"} == {beta.id}


async def test_the_application_and_the_owner_can_do_none_of_it(place: Place, db: Database) -> None:
    acme = await make_tenant(db, "acme")
    calls = (
        "SELECT tenantry.purge_tenant($1, '{}')",
        "SELECT tenantry.load_rows($1, 'tenantry.projects', '{id}', '[]')",
        "SELECT tenantry.unload_rows($1, 'tenantry.projects', '{id}', '[]')",
        "SELECT tenantry.count_tenant_rows($1)",
        "SELECT tenantry.without_triggers(), $1::uuid",
    )
    for role in ("app", "readonly"):
        connection = await place.connection(role)
        for call in calls:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(call, acme.id)
        await connection.close()


async def test_the_service_cannot_write_a_record_or_switch_triggers_off(
    place: Place, db: Database
) -> None:
    acme = await make_tenant(db, "acme")
    await fill(db, acme, 1)
    service = await place.connection("service")

    async def refused(sql: str, *args: Any) -> str:
        with pytest.raises(asyncpg.PostgresError) as raised:
            await service.fetch(sql, *args)
        return raised.value.sqlstate or ""

    entry = json.dumps([{"tenant_id": str(acme.id), "id": str(uuid.uuid4()), "action": "forged"}])
    for table in ("tenantry.audit_logs", "tenantry.audit_seals"):
        assert (
            await refused(
                "SELECT tenantry.load_rows($1, $2, '{tenant_id,id,action}', $3)",
                acme.id,
                table,
                entry,
            )
            == "TN007"
        )
        assert (
            await refused(
                "SELECT tenantry.unload_rows($1, $2, '{tenant_id,id}', $3)", acme.id, table, entry
            )
            == "TN007"
        )
    call = "SELECT tenantry.load_rows($1, 'tenantry.projects', '{tenant_id}', '[]')"
    assert await refused(call, acme.id) == "TN014"
    for table in ("tenantry.platform_log", "tenantry.users", "pg_catalog.pg_authid"):
        assert (
            await refused("SELECT tenantry.load_rows($1, $2, '{id}', '[]')", acme.id, table)
            == "42P01"
        )
    assert await refused("SELECT tenantry.without_triggers()") == "42501"
    assert await refused("SET session_replication_role = replica") == "42501"
    # What a load did is over when it returns.
    async with service.transaction():
        project = json.dumps(
            [{"tenant_id": str(acme.id), "id": str(uuid.uuid4()), "name": "P", "slug": "p"}]
        )
        assert await service.fetchval("SHOW session_replication_role") == "origin"
        await refused_quietly(service, acme.id, project)
        assert await service.fetchval("SHOW session_replication_role") == "origin"
    await service.close()


async def refused_quietly(service: Any, tenant_id: uuid.UUID, rows: str) -> None:
    """A load that fails half-way."""
    with pytest.raises(asyncpg.PostgresError):
        async with service.transaction():
            await service.fetch(
                "SELECT tenantry.load_rows($1, 'tenantry.projects', '{tenant_id,id,name,slug}', $2)",
                tenant_id,
                rows + "!",
            )


async def test_keys_in_valkey_go_too(place: Place, valkey_server: Any) -> None:
    settings = place.settings(redis_url=valkey_server.url)
    async with await tenantry.connect(settings=settings) as db:
        acme = await make_tenant(db, "acme")
        await db.tenant(acme.id).cache.set("a", 1)
        assert sum((await footprint.count(db.coordination, acme.id)).values()) > 0
        await purge(db, acme.id, has_redis=True)
        assert await footprint.count(db.coordination, acme.id) == {}
        # A run that was stopped when the rows were gone is finished by the next.
        beta = await make_tenant(db, "beta")
        await db.tenant(beta.id).cache.set("a", 1)
        await purge(db, beta.id, has_redis=False)
        assert await footprint.count(db.coordination, beta.id) != {}
        done = await purging.purge(db, beta.id, reason="they left")
        assert (done.keys, await footprint.count(db.coordination, beta.id)) == (1, {})


async def test_a_writer_that_had_begun_leaves_nothing_behind(place: Place, db: Database) -> None:
    acme = await make_tenant(db, "acme")
    async with db.tenant(acme.id) as t:
        await t.projects.create(name="A")
        await delete(db, acme.id)
        going = asyncio.create_task(purge_only(db, acme.id))
        await asyncio.sleep(0.05)  # however far it comes: it waits for this transaction
        assert not going.done()
    done = await going
    assert done.left == {}
    assert set(await mentions(place, acme.id)) == {"tenantry.platform_log"}


_KILLED = """
import asyncio, json, sys, tenantry
from uuid import UUID
from tenantry import Settings
from tenantry.ops.tenants import purging
async def main():
    async with await tenantry.connect(settings=Settings(**json.loads(sys.argv[1]))) as db:
        await purging.purge(db, UUID(sys.argv[2]), reason="they left", has_redis=False)
asyncio.run(main())
"""


async def _soon(admin: Any, sql: str) -> Any:
    """What it finds when there is something."""
    for _ in range(3_000):
        if (found := await admin.fetchval(sql)) is not None:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(sql)


async def test_killed_half_way_it_has_removed_nothing(place: Place, db: Database) -> None:
    acme = await make_tenant(db, "acme")
    await fill(db, acme, 3)
    await delete(db, acme.id)
    before = await rows_of(place, acme.id, without=("audit_seals", "outbox_events"))
    admin, other = await place.connection("superuser"), await place.connection("superuser")
    try:
        async with other.transaction():
            # One of the last tables: most rows are gone when it comes to wait here.
            await other.execute("LOCK TABLE tenantry.workflows IN SHARE MODE")
            options = place.settings().model_dump(mode="json", exclude_unset=True)
            options |= {role + "_url": place.url(role) for role in ("owner", "service", "readonly")}
            options["database_url"] = place.url("app")
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _KILLED, json.dumps(options), str(acme.id)
            )
            pid = await _soon(
                admin,
                "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'tenantry.workflows'::regclass"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            )
            process.kill()
            await process.wait()
            # The server sees that nobody is there any more, and undoes it.
            await _soon(
                admin, f"SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid})"
            )
    finally:
        await other.close()
        await admin.close()
    assert await rows_of(place, acme.id, without=("audit_seals", "outbox_events")) == before
    assert (await purge_only(db, acme.id)).left == {}
    assert set(await mentions(place, acme.id)) == {"tenantry.platform_log"}


async def purge_only(db: Database, tenant_id: uuid.UUID) -> purging.Purged:
    return await purging.purge(db, tenant_id, reason="they left", has_redis=False)
