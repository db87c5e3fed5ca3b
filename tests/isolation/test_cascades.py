"""What foreign keys take with them: the tenant's own and nothing else, counted and recorded."""

from __future__ import annotations

import pytest

from tenantry import Database
from tenantry.models import AppendOnly, Tenant
from tenantry.models.base import model_of
from tests.fixtures.database import make_tenant, make_user

from .world import TABLES, Connection, World


async def _counts(connection: Connection, world: World) -> dict[str, dict[object, int]]:
    """Rows of each tenant in every table."""
    counts: dict[str, dict[object, int]] = {}
    for table in TABLES:
        columns = world.tables[table].columns
        column = "tenant_id" if "tenant_id" in columns else "id"
        sql = f"SELECT {column}, count(*) FROM tenantry.{table} GROUP BY 1"
        counts[table] = dict(await connection.fetch(sql))
    return counts


@pytest.mark.parametrize("role", ["service", "superuser"])
async def test_a_deleted_tenant_takes_its_own_rows_and_no_others(world: World, role: str) -> None:
    gone, stays = world.acme, world.beta
    async with world.acting("superuser") as connection:
        await connection.execute("DELETE FROM tenantry.tenant_holds WHERE tenant_id = $1", gone.id)
        before = await _counts(connection, world)
        await connection.execute(f"SET LOCAL ROLE {_login(role)}")
        tag = await connection.execute("DELETE FROM tenantry.tenants WHERE id = $1", gone.id)
        assert tag == "DELETE 1"
        await connection.execute("RESET ROLE")
        after = await _counts(connection, world)
        for table in TABLES:
            if not issubclass(model_of(world.tables[table]), AppendOnly):
                assert gone.id not in after[table], table
                assert after[table].get(stays.id) == before[table].get(stays.id), table
        # Users belong to no tenant, and the record outlives what it tells of.
        assert after["users"] == before["users"]
        assert after["audit_logs"][gone.id] >= before["audit_logs"][gone.id]
        assert after["audit_logs"][stays.id] == before["audit_logs"][stays.id]


def _login(role: str) -> str:
    return "NONE" if role == "superuser" else f"tenantry_{role}"


async def test_a_deleted_tenant_is_on_record_with_all_that_went(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    user = await make_user(db, "ann@example.com", acme, beta)
    made = await db.tenant(acme.id).projects.create_many([{"name": f"P{n}"} for n in range(3)])
    await db.tenant(beta.id).projects.create(name="stays", owner_id=user.id)
    async with db.service("leaving for good") as s:
        assert await s.tenants.delete(acme.id)
    async with db.service("looking") as s:
        lines = await s.fetch(
            "SELECT resource_type, resource_id, reason FROM tenantry.audit_logs"
            " WHERE tenant_id = $1 AND action = 'delete'",
            acme.id,
        )
        projects = {line["resource_id"] for line in lines if line["resource_type"] == "projects"}
        assert projects == {p.id for p in made}
        assert {line["resource_type"] for line in lines} >= {"projects", "memberships"}
        assert {line["reason"] for line in lines} == {"leaving for good"}
        (line,) = await s.platform_log.list(resource_type="tenants", action="delete")
        assert (line.resource_id, line.tenant_id) == (acme.id, acme.id)
    kept = await db.tenant(beta.id).projects.list()
    assert [(p.name, p.owner_id) for p in kept] == [("stays", user.id)]
    assert [u.id for u in await db.tenant(beta.id).users.list()] == [user.id]
    usage = await db.tenant(beta.id).account.usage()
    assert (usage.current_projects, usage.current_users) == (1, 1)


async def test_a_deleted_user_leaves_every_tenant(db: Database, acme: Tenant, beta: Tenant) -> None:
    ann = await make_user(db, "ann@example.com", acme, beta)
    bob = await make_user(db, "bob@example.com", acme)
    handles = [db.tenant(acme.id), db.tenant(beta.id)]
    projects = [await t.projects.create(name="P", owner_id=ann.id) for t in handles]
    await handles[0].api_keys.create(name="hers", user_id=ann.id)
    kept = await handles[0].api_keys.create(name="his", user_id=bob.id)
    async with db.service("leaving") as s:
        assert await s.users.delete(ann.id)
    for handle, project, users in zip(handles, projects, (1, 0), strict=True):
        assert (await handle.projects.get(project.id)).owner_id is None
        assert (await handle.account.usage()).current_users == users
        assert await handle.users.count() == users
        changes = await handle.audit.list(resource_type="projects", action="update")
        assert [(c.old_values, c.new_values) for c in changes] == [
            ({"owner_id": str(ann.id)}, {"owner_id": None})
        ]
    assert [k.id for k in await handles[0].api_keys.list()] == [kept.key.id]


async def test_counters_are_right_after_deletes_of_many_at_once(db: Database) -> None:
    tenants = [await make_tenant(db, f"t{n}") for n in range(5)]
    for number, tenant in enumerate(tenants):
        rows = [{"name": f"P{n}", "status": "archived"} for n in range(number + 2)]
        await db.tenant(tenant.id).projects.create_many(rows)
    async with db.service("tidying") as s:
        await s.execute(
            "DELETE FROM tenantry.projects WHERE name = 'P0' OR tenant_id = $1", tenants[4].id
        )
        await s.tenants.delete(tenants[0].id)
    for number, tenant in enumerate(tenants[1:4], start=1):
        handle = db.tenant(tenant.id)
        assert (await handle.account.usage()).current_projects == number + 1
        assert await handle.projects.count() == number + 1
    assert (await db.tenant(tenants[4].id).account.usage()).current_projects == 0


async def test_an_owner_of_a_tenant_who_goes_leaves_it_without_one(db: Database) -> None:
    user = await make_user(db, "ann@example.com")
    tenant = await make_tenant(db, "acme", owner_user_id=user.id)
    async with db.service("leaving") as s:
        await s.users.delete(user.id)
    assert (await db.tenant(tenant.id).account.get()).owner_user_id is None
