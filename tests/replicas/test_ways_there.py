"""Replicas behind PgBouncer, by the readonly role, and with sealed contexts."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg
import pytest
from cryptography.fernet import Fernet

import tenantry
from tenantry.errors import PermissionDenied
from tenantry.migrations.sealing import seal
from tenantry.models import Tenant
from tenantry.schema.roles import prepare_database
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.servers import Pooler

from .conftest import IN_RECOVERY, Connect, Pair, served_by_replica, serving, until


async def test_pgbouncer_may_stand_before_one(
    connect: Connect, pair: Pair, acme: Tenant, pgbouncer: Callable[..., Pooler]
) -> None:
    role = "tenantry_app"
    pooler = pgbouncer(pair.standby, {role: pair.primary.server.password(role)})
    db = await connect(replica_urls=(pooler.url(role, pair.primary.name),))
    await until(lambda: serving(db))
    made = await db.tenant(acme.id).projects.create(name="Apollo")
    for _ in range(5):
        project = await db.tenant(acme.id, readonly=True).projects.get(made.id)
        assert project.name == "Apollo"
    await pair.caught_up()
    assert await served_by_replica(db, acme)


async def test_the_readonly_role_serves(connect: Connect, pair: Pair, acme: Tenant) -> None:
    db = await connect(replica_urls=(pair.replica_url("readonly"),))
    await until(lambda: serving(db))
    made = await db.tenant(acme.id).projects.create(name="Apollo")
    await pair.caught_up()
    near = db.tenant(acme.id, readonly=True)
    assert (await near.projects.get(made.id)).id == made.id
    assert [p.id for p in await near.projects.list()] == [made.id]
    async with near as t:
        assert await t.fetch_value("SELECT current_user") == "tenantry_readonly"
        assert await t.fetch_value(IN_RECOVERY)
    with pytest.raises(PermissionDenied):
        await near.projects.create(name="Gemini")


async def test_another_tenants_rows_stay_its_own(
    connect: Connect, pair: Pair, acme: Tenant
) -> None:
    db = await connect()
    other = await make_tenant(db, f"beta-{tenantry.ids.uuid7().hex[-12:]}")
    made = await db.tenant(acme.id).projects.create(name="Apollo")
    await pair.caught_up()
    await until(lambda: serving(db))
    assert await served_by_replica(db, other)
    assert await db.tenant(other.id, readonly=True).fetch("SELECT 1 FROM tenantry.projects") == []
    with pytest.raises(tenantry.errors.NotFound):
        await db.tenant(other.id, readonly=True).projects.get(made.id)


async def test_contexts_are_sealed_there_as_well(pair: Pair) -> None:
    sealed = Pair(Place(pair.primary.server, "sealed"), pair.standby)
    admin = await asyncpg.connect(pair.primary.server.superuser_url)
    await admin.execute(f"CREATE DATABASE sealed TEMPLATE {pair.primary.name}")
    await admin.close()
    inside = await sealed.primary.connection("superuser")
    await prepare_database(inside, "sealed")
    await inside.close()
    settings = sealed.settings(context="sealed", seal_keys=(Fernet.generate_key().decode(),))
    await seal(settings, only=True)
    async with await tenantry.connect(settings=settings) as db:
        acme = await make_tenant(db, "acme")
        made = await db.tenant(acme.id).projects.create(name="Apollo")
        await sealed.caught_up()
        await until(lambda: serving(db))
        assert await served_by_replica(db, acme)
        near = db.tenant(acme.id, readonly=True)
        assert (await near.projects.get(made.id)).name == "Apollo"
