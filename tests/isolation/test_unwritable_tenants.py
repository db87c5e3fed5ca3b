"""A suspended or deleted tenant is read and not written, and the database itself sees to that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from tenantry import Database
from tenantry.errors import TenantNotWritable
from tenantry.ids import uuid7
from tenantry.models import Tenant
from tests.fixtures.database import Place, make_tenant, make_user

from .world import NOT_WRITABLE, NOTHING, TABLES, World, attempt, insertion

_STATES = ("suspended", "deleted")


async def _set_status(db: Database, tenant: UUID, status: str) -> None:
    async with db.service("test") as s:
        await s.tenants.update(tenant, status=status)


@pytest.mark.parametrize("status", _STATES)
async def test_its_writes_are_refused_and_its_reads_are_served(
    db: Database, acme: Tenant, beta: Tenant, status: str
) -> None:
    handle = db.tenant(acme.id)
    project = await handle.projects.create(name="before")
    key = await handle.api_keys.create(name="before")
    await _set_status(db, acme.id, status)
    refused: list[Callable[[], Awaitable[object]]] = [
        lambda: handle.projects.create(name="after"),
        lambda: handle.projects.create_many([{"name": "after"}]),
        lambda: handle.projects.update(project.id, name="after"),
        lambda: handle.projects.upsert(on="slug", slug="after", name="after"),
        lambda: handle.projects.delete(project.id),
        lambda: handle.projects.delete(uuid7()),  # also what would touch nothing
        lambda: handle.api_keys.create(name="after"),
        lambda: handle.api_keys.revoke(key.key.id),
        lambda: handle.audit.record("event", "projects", project.id),
        lambda: handle.execute("UPDATE tenantry.projects SET name = 'after'"),
        lambda: handle.fetch("DELETE FROM tenantry.projects RETURNING id"),
    ]
    for write in refused:
        with pytest.raises(TenantNotWritable):
            await write()
    assert (await handle.projects.get(project.id)).name == "before"
    assert [p.name for p in await handle.projects.list(status="active")] == ["before"]
    async with db.tenant(acme.id, readonly=True) as t:
        assert await t.projects.count() == 1
        assert (await t.account.get()).status == status
    # Nobody else is affected, and it is all as before once it is resumed.
    await db.tenant(beta.id).projects.create(name="another's")
    await _set_status(db, acme.id, "active")
    for write in refused[:4]:
        await write()


@pytest.mark.parametrize("status", _STATES)
async def test_the_service_role_still_writes_for_it(
    db: Database, acme: Tenant, status: str
) -> None:
    await _set_status(db, acme.id, status)
    async with db.service("support") as s:
        await s.tenant(acme.id).projects.create(name="by the platform")
        event = await s.tenant(acme.id).audit.record("dunned", "tenants", acme.id)
    assert await db.tenant(acme.id).projects.count() == 1
    entry = await db.tenant(acme.id).audit.get(event)
    assert (entry.action, entry.actor_kind, entry.reason) == ("dunned", "service", "support")


async def test_a_transaction_that_began_before_is_refused_too(db: Database, acme: Tenant) -> None:
    with pytest.raises(TenantNotWritable):
        async with db.tenant(acme.id) as t:
            await t.projects.create(name="one")
            await _set_status(db, acme.id, "suspended")
            await t.projects.create(name="two")
    assert await db.tenant(acme.id).projects.count() == 0


async def test_a_tenant_that_does_not_exist_reads_nothing_and_writes_nothing(
    db: Database, acme: Tenant
) -> None:
    await db.tenant(acme.id).projects.create(name="A")
    nobody = db.tenant(uuid7())
    assert await nobody.projects.list() == []
    assert await nobody.users.list() == []
    with pytest.raises(TenantNotWritable):
        await nobody.projects.create(name="B")


async def test_a_pending_tenant_can_be_set_up(db: Database) -> None:
    tenant = await make_tenant(db, "new", status="pending")
    assert (await db.tenant(tenant.id).projects.create(name="A")).name == "A"


@pytest.mark.parametrize("status", _STATES)
async def test_a_key_of_it_tells_its_status_or_nothing(
    db: Database, acme: Tenant, status: str
) -> None:
    made = await db.tenant(acme.id).api_keys.create(name="A")
    await _set_status(db, acme.id, status)
    holder = await db.authenticate_key(made.secret)
    assert (holder.tenant_status if holder else None) == (
        "suspended" if status == "suspended" else None
    )


@pytest.mark.parametrize("status", _STATES)
async def test_past_the_kernel_it_is_the_same(world: World, status: str) -> None:
    """Every table that the application may write to, an application's own included."""
    party = world.acme
    for table in TABLES:
        access = world.access(table)
        if not access.insert:
            continue
        async with world.acting("superuser") as connection:
            # In one transaction with what follows, so that the world stays as it is.
            sql = "UPDATE tenantry.tenants SET status = $2 WHERE id = $1"
            await connection.execute(sql, party.id, status)
            await connection.execute("SET LOCAL ROLE tenantry_app")
            await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(party.id))
            writes = [
                insertion(table, world.fresh(table, party)),
                (f"UPDATE tenantry.{table} SET {world.assignment(table)}", []),
            ]
            if access.delete:
                writes.append((f"DELETE FROM tenantry.{table}", []))
                writes.append((f"DELETE FROM tenantry.{table} WHERE false", []))
            for sql, args in writes:
                assert await attempt(connection, sql, *args) == NOT_WRITABLE, sql
            seen = await attempt(connection, f"SELECT 1 FROM tenantry.{table}")
            assert seen.startswith("SELECT"), table
            assert seen not in NOTHING, table


async def test_members_of_a_suspended_tenant_are_still_seen(
    db: Database, place: Place, acme: Tenant
) -> None:
    user = await make_user(db, "ann@example.com", acme)
    await _set_status(db, acme.id, "suspended")
    assert [u.id for u in await db.tenant(acme.id).users.list()] == [user.id]
