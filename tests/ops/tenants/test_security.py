"""What the service role can do with the functions that put tenants in and take them out: nothing to a
living tenant, nothing to a record, and nothing that stays off the record."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from tenantry import Database
from tenantry.errors import NotFound, TransferRefused
from tenantry.models import Tenant
from tenantry.ops import partitions
from tenantry.ops.tenants import holding, purging
from tests.audit.record import fill, seal_all
from tests.fixtures.database import Place, make_tenant

from .whole import delete, mentions, purge, query, run

Service = Any
_LOAD = "SELECT tenantry.load_rows($1, $2, $3, $4)"
_UNLOAD = "SELECT tenantry.unload_rows($1, $2, $3, $4)"


@pytest.fixture
async def service(place: Place) -> AsyncIterator[Service]:
    connection = await place.connection("service")
    yield connection
    await connection.close()


async def refused(connection: Service, sql: str, *args: Any) -> asyncpg.PostgresError:
    with pytest.raises(asyncpg.PostgresError) as raised:
        async with connection.transaction():
            await connection.fetch(sql, *args)
    return raised.value


def reason(error: asyncpg.PostgresError) -> str:
    return str(json.loads(error.detail or "{}").get("reason"))


@pytest.mark.parametrize("sealed", [True, False])
async def test_a_tenant_that_was_changed_is_not_taken_for_one_that_comes(
    place: Place, db: Database, service: Service, sealed: bool
) -> None:
    """Its row is of the transaction that changed it: whose record could then be rewritten."""
    acme = await make_tenant(db, "acme")
    await fill(db, acme, 3)
    if sealed:
        await seal_all(db)
    entry, *_ = await query(
        place, "SELECT id::text FROM tenantry.audit_logs WHERE tenant_id = $1", acme.id
    )
    for status in ("active", "suspended"):
        for table in ("audit_logs", "audit_seals"):
            for sql in (_LOAD, _UNLOAD):
                keys = ["tenant_id", "id"] if table == "audit_logs" else ["tenant_id", "sequence"]
                row = {"tenant_id": str(acme.id), "id": entry["id"], "sequence": "1"}
                async with service.transaction():
                    await service.execute(
                        "UPDATE tenantry.tenants SET name = name || 'x', status = $2 WHERE id = $1",
                        acme.id,
                        status,
                    )
                    error = await refused(
                        service, sql, acme.id, f"tenantry.{table}", keys, json.dumps([row])
                    )
                    assert error.sqlstate == "TN007"
    project = json.dumps([{"tenant_id": str(acme.id), "id": str(uuid.uuid4()), "name": "P"}])
    async with service.transaction():
        await service.execute(
            "UPDATE tenantry.tenants SET name = 'x', status = 'active' WHERE id = $1", acme.id
        )
        error = await refused(
            service, _LOAD, acme.id, "tenantry.projects", ["tenant_id", "id", "name"], project
        )
        assert reason(error) == "status"


async def test_what_no_trigger_sees_is_on_the_platforms_record(
    place: Place, db: Database, service: Service
) -> None:
    acme = await make_tenant(db, "acme")
    async with db.tenant(acme.id) as t:
        project = await t.projects.create(name="A")
    async with db.service("a test") as s:
        await s.tenants.suspend(acme.id)
    key = json.dumps([{"tenant_id": str(acme.id), "id": str(project.id)}])
    await service.execute(_UNLOAD, acme.id, "tenantry.projects", ["tenant_id", "id"], key)
    row = json.dumps(
        [{"tenant_id": str(acme.id), "id": str(project.id), "name": "B", "status": "active"}]
    )
    columns = ["tenant_id", "id", "name", "status"]
    error = await refused(service, _LOAD, acme.id, "tenantry.projects", ["nothing"], row)
    assert error.sqlstate == "42703"
    other = (await make_tenant(db, "other")).id
    error = await refused(service, _LOAD, other, "tenantry.projects", columns, row)
    assert reason(error) == "status"
    # A tenant out of nothing, too, and whatever record it brings.
    new = uuid.uuid4()
    await service.execute(
        _LOAD, new, "tenantry.tenants", ["id", "name", "slug", "status"],
        json.dumps([{"id": str(new), "name": "N", "slug": "n", "status": "active"}]),
    )  # fmt: skip
    told = await query(
        place,
        "SELECT action, resource_id, details ->> 'table' AS t FROM tenantry.platform_log"
        " WHERE action IN ('load', 'unload') ORDER BY id",
    )
    assert [tuple(r) for r in told] == [
        ("unload", acme.id, "tenantry.projects"),
        ("load", new, "tenantry.tenants"),
    ]


async def test_nobody_says_that_a_tenant_was_purged_but_its_purge(
    db: Database, service: Service
) -> None:
    acme = await make_tenant(db, "acme")
    facts = {"slug": "acme", "tenant_id": str(acme.id), "from_id": "not even an id"}
    for action in ("purge", "detach", "load", "unload"):
        error = await refused(
            service,
            "SELECT tenantry.record_platform_event($1, 'tenants', $2, $3)",
            action,
            acme.id,
            json.dumps(facts),
        )
        assert error.sqlstate == "42501"
        error = await refused(
            service, "SELECT tenantry.record_platform_entry($1, 'tenants')", action
        )
        assert error.sqlstate == "42501"
    async with db.service("a test") as s:
        assert await purging.certificates(s) == []
    with pytest.raises(NotFound):
        await purging.purge(db, uuid.uuid4(), reason="nobody", has_redis=False)


async def test_a_hold_put_on_after_the_snapshot_holds(
    db: Database, place: Place, service: Service
) -> None:
    acme = await make_tenant(db, "acme")
    await delete(db, acme.id)
    await seal_all(db, tenant_id=acme.id)
    for level in ("REPEATABLE READ", "SERIALIZABLE"):
        await service.execute(f"BEGIN ISOLATION LEVEL {level}")
        await service.execute("SELECT count(*) FROM tenantry.tenants")
        async with db.service("a test") as s:
            hold = await holding.hold(s, acme.id, "case")
        with pytest.raises(asyncpg.PostgresError) as raised:
            await service.execute("SELECT tenantry.purge_tenant($1, '{}')", acme.id)
        assert reason(raised.value) == "isolation"
        await service.execute("ROLLBACK")
        error = await refused(service, "SELECT tenantry.purge_tenant($1, '{}')", acme.id)
        assert reason(error) == "held"
        async with db.service("a test") as s:
            await s.tenants.resume(acme.id)
            await s.tenants.suspend(acme.id)
        # Nor is it taken off past the record.
        key = json.dumps([{"id": str(hold)}])
        error = await refused(service, _UNLOAD, acme.id, "tenantry.tenant_holds", ["id"], key)
        assert error.sqlstate == "42501"
        async with db.service("a test") as s:
            await holding.release(s, acme.id, hold)
            await s.tenants.soft_delete(acme.id)


async def test_a_table_of_somebody_else_runs_no_code_with_these_rights(
    place: Place, db: Database
) -> None:
    """A trigger that is always on would run as the role that may remove any tenant's record."""
    acme, beta = await make_tenant(db, "acme"), await make_tenant(db, "beta")
    await fill(db, beta, 2)
    await run(
        place,
        f"""
        DO $$ BEGIN
            IF to_regrole('stranger') IS NULL THEN CREATE ROLE stranger; END IF;
        END $$;
        CREATE SCHEMA crm AUTHORIZATION stranger;
        SET ROLE stranger;
        GRANT USAGE ON SCHEMA crm TO PUBLIC;
        CREATE TABLE crm.leads (tenant_id uuid);
        INSERT INTO crm.leads VALUES ('{acme.id}');
        CREATE FUNCTION crm.evil() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN DELETE FROM tenantry.audit_logs; RETURN OLD; END $$;
        CREATE TRIGGER evil BEFORE DELETE ON crm.leads FOR EACH ROW EXECUTE FUNCTION crm.evil();
        ALTER TABLE crm.leads ENABLE ALWAYS TRIGGER evil;
        GRANT ALL ON crm.leads TO tenantry_transfer;
        RESET ROLE;
        """,
    )
    try:
        with pytest.raises(TransferRefused) as raised:
            await purge(db, acme.id)
        assert raised.value.fields["table"] == "crm.leads"
        assert "stranger" in str(raised.value)
        with pytest.raises(TransferRefused):
            async with db.service("a test") as s:
                await purging.left(s, acme.id)
        assert len(await query(place, "SELECT FROM tenantry.audit_logs")) > 0
        await run(
            place,
            "DROP TRIGGER evil ON crm.leads; ALTER TABLE crm.leads OWNER TO tenantry_owner;"
            "GRANT SELECT, DELETE ON crm.leads TO tenantry_transfer",
        )
        assert (await again(db, acme)).left == {}
    finally:
        await run(place, "DROP SCHEMA IF EXISTS crm CASCADE; DROP ROLE stranger")


async def again(db: Database, tenant: Tenant) -> purging.Purged:
    return await purging.purge(db, tenant.id, reason="they left", has_redis=False)


async def test_what_stays_points_at_nothing_that_went(place: Place, db: Database) -> None:
    acme = await make_tenant(db, "acme")
    await run(
        place,
        f"""
        CREATE TABLE invoices (customer uuid REFERENCES tenantry.tenants ON DELETE CASCADE);
        INSERT INTO invoices VALUES ('{acme.id}')
        """,
    )
    with pytest.raises(TransferRefused) as raised:
        await purge(db, acme.id)
    assert (raised.value.reason, raised.value.fields["table"]) == ("table", "public.invoices")
    await query(place, "GRANT SELECT ON invoices TO tenantry_transfer")
    with pytest.raises(TransferRefused) as raised:
        await again(db, acme)
    assert (raised.value.reason, raised.value.fields["table"]) == ("reference", "public.invoices")
    await query(place, "DELETE FROM invoices")
    assert (await again(db, acme)).left == {}


async def test_a_tenant_id_of_a_domain_is_one(place: Place, db: Database) -> None:
    acme = await make_tenant(db, "acme")
    await run(
        place,
        f"""
        CREATE DOMAIN tenant AS uuid;
        CREATE TABLE notes (tenant_id tenant, text text);
        INSERT INTO notes VALUES ('{acme.id}', 'a');
        GRANT SELECT, DELETE ON notes TO tenantry_transfer
        """,
    )
    done = await purge(db, acme.id)
    assert done.certificate.facts["tables"]["public.notes"] == 1
    assert set(await mentions(place, acme.id)) == {"tenantry.platform_log"}


async def test_a_period_that_retention_took_out_is_purged_too(place: Place, db: Database) -> None:
    acme, beta = await make_tenant(db, "acme"), await make_tenant(db, "beta")
    old = datetime(2024, 3, 5, tzinfo=UTC)
    for tenant in (acme, beta):
        await db.tenant(tenant.id).costs.create_many([{"cost_usd": Decimal(1), "created_at": old}])
    await partitions.ensure(place.url("owner"), old, old, tables=["cost_entries"])
    owner = await place.connection("owner")
    try:
        there = await owner.fetchval(
            "SELECT tenantry.detach_period('cost_entries', 'cost_entries_2024_03')"
        )
    finally:
        await owner.close()
    done = await purge(db, acme.id)
    assert done.certificate.facts["tables"][there] == 1
    assert set(await mentions(place, acme.id)) == {"tenantry.platform_log"}
    assert [r[0] for r in await query(place, f"SELECT tenant_id FROM {there}")] == [beta.id]


async def test_what_came_late_goes_when_it_is_purged_again(place: Place, db: Database) -> None:
    """An entry of who had begun before, and wrote nothing that would have made the purge wait."""
    acme = await make_tenant(db, "acme")
    first = await purge(db, acme.id)
    await query(
        place,
        "INSERT INTO tenantry.audit_logs (tenant_id, action, resource_type) VALUES ($1, 'x', 'y')",
        acme.id,
    )
    assert set(await mentions(place, acme.id)) == {"tenantry.platform_log", "tenantry.audit_logs"}
    second = await again(db, acme)
    assert second.left == {}
    assert second.certificate.facts["tables"] == {"tenantry.audit_logs": 1}
    assert set(await mentions(place, acme.id)) == {"tenantry.platform_log"}
    async with db.service("a test") as s:
        kept = await purging.certificates(s, slug="acme")
    assert [c.entry_id for c in kept] == [second.certificate.entry_id, first.certificate.entry_id]
    assert (await again(db, acme)).certificate == second.certificate
