"""SQLAlchemy sessions work in a tenant's context, in every transaction they begin."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tenantry import Database
from tenantry.models import Project, Tenant


async def test_objects_live_through_commits_and_stay_the_tenants(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    async with db.session(acme.id) as orm:
        orm.add(Project(name="ORM"))
        await orm.commit()
        # A second transaction of the same session has the context again.
        (found,) = (await orm.scalars(select(Project))).all()
        assert found.tenant_id == acme.id
        found.name = "Changed"
        await orm.commit()
    async with db.session(beta.id) as orm:
        assert (await orm.scalars(select(Project))).all() == []
        orm.add(Project(name="Beta's"))
        await orm.commit()
    assert [p.name for p in await db.tenant(acme.id).projects.list()] == ["Changed"]


async def test_after_a_rollback_the_context_is_there_again(db: Database, acme: Tenant) -> None:
    async with db.session(acme.id) as orm:
        orm.add(Project(name="gone"))
        await orm.flush()
        await orm.rollback()
        orm.add(Project(name="kept"))
        await orm.commit()
    assert [p.name for p in await db.tenant(acme.id).projects.list()] == ["kept"]


async def test_another_tenants_id_is_refused(db: Database, acme: Tenant, beta: Tenant) -> None:
    async with db.session(acme.id) as orm:
        orm.add(Project(name="smuggled", tenant_id=beta.id))  # type: ignore[call-arg]
        with pytest.raises(DBAPIError):
            await orm.commit()
    assert await db.tenant(beta.id).projects.count() == 0


async def test_a_returned_connection_carries_no_context(db: Database, acme: Tenant) -> None:
    async with db.session(acme.id) as orm:
        await orm.scalars(select(Project))
    async with db._sessions._engine.connect() as connection:
        assert (
            await connection.execute(text("SELECT tenantry.current_tenant_id()"))
        ).scalar() is None


async def test_rows_of_repositories_can_be_added_to_a_session(db: Database, acme: Tenant) -> None:
    made = await db.tenant(acme.id).projects.create(name="A")
    async with db.session(acme.id) as orm:
        orm.add(made)
        made.name = "B"
        await orm.commit()
    assert (await db.tenant(acme.id).projects.get(made.id)).name == "B"
    assert await db.tenant(acme.id).projects.count() == 1
