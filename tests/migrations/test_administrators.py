"""A managed server has no superuser to offer: a role that may create roles and databases does."""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import pytest

import tenantry
from tenantry import Settings
from tenantry.errors import TenantNotWritable
from tenantry.migrations import revisions
from tenantry.migrations.runner import Migrator
from tenantry.models import metadata
from tenantry.ops.setup import in_database, init
from tenantry.schema.roles import LOGINS
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.servers import Server

from .clusters import own_cluster


@pytest.fixture(scope="module")
def cluster(postgres_server: Server) -> Iterator[Server]:
    with own_cluster(postgres_server.kind) as server:
        yield server


@pytest.fixture
async def admin_url(cluster: Server) -> str:
    superuser = await asyncpg.connect(cluster.superuser_url)
    try:
        await superuser.execute(
            f"CREATE ROLE administrator LOGIN CREATEROLE CREATEDB"
            f" PASSWORD '{cluster.password('administrator')}'"
        )
    finally:
        await superuser.close()
    return cluster.url("administrator", "postgres")


async def test_an_administrator_prepares_migrates_and_is_not_needed_after(
    cluster: Server, admin_url: str
) -> None:
    place = Place(cluster, "managed")
    passwords = {role: cluster.password(role) for role in LOGINS}
    await init(admin_url, place.name, passwords)
    await init(admin_url, place.name, {})  # again: nothing to do
    migrator = Migrator(place.url("owner"), metadata)
    assert await migrator.up() == revisions()
    assert await migrator.changes() == []
    async with await tenantry.connect(settings=place.settings()) as db:
        acme, beta = await make_tenant(db, "acme"), await make_tenant(db, "beta")
        await db.tenant(acme.id).projects.create(name="A")
        assert await db.tenant(beta.id).projects.list() == []
        async with db.service("test") as s:
            await s.tenants.suspend(acme.id)
        with pytest.raises(TenantNotWritable):
            await db.tenant(acme.id).projects.create(name="B")
    # The administrator itself may migrate too: what it makes is the owner's.
    as_administrator = Migrator(in_database(admin_url, place.name), metadata)
    assert await as_administrator.down("base") == revisions()[::-1]
    assert await as_administrator.up() == revisions()
    assert await migrator.changes() == []
    async with await tenantry.connect(settings=place.settings()) as db:
        assert (await make_tenant(db, "acme")).slug == "acme"
    assert isinstance(place.settings(), Settings)
