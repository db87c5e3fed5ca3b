"""SQL that outlives its transaction does not reach the next one, with a pooler in between or not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from uuid import UUID, uuid4

import pytest

import tenantry
from tenantry import Database
from tenantry.errors import TransactionError
from tenantry.models import Tenant
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.servers import Pooler

from .deeds import MEDDLING
from .inspection import STATE

#: What the next transaction may find set: itself.
_ITS_OWN = {"tenant", "actor", "transaction"}


@pytest.fixture(params=["direct", "pgbouncer"])
async def narrow(
    place: Place, request: pytest.FixtureRequest, pgbouncer: Callable[..., Pooler]
) -> AsyncIterator[Database]:
    """One connection to one server connection: whoever comes next gets the same."""
    url = place.url("app")
    if request.param == "pgbouncer":
        passwords = {"tenantry_app": place.server.password("tenantry_app")}
        pooler = pgbouncer(place.server, passwords, {"default_pool_size": "1"})
        url = pooler.url("tenantry_app", place.name)
    async with await tenantry.connect(settings=place.settings(database_url=url, pool_max=1)) as db:
        yield db


async def _state(db: Database, tenant: UUID) -> dict[str, object]:
    row = await db.tenant(tenant).fetch_one(STATE)
    assert row is not None
    assert row["tenant"] == str(tenant)
    return {name: value for name, value in row.items() if value and name not in _ITS_OWN}


@pytest.mark.parametrize("sql", MEDDLING)
async def test_what_a_block_leaves_is_gone_after_it(
    narrow: Database, acme: Tenant, beta: Tenant, sql: str
) -> None:
    await narrow.tenant(beta.id).projects.create(name="beta's")
    try:
        async with narrow.tenant(acme.id) as t:
            await t.projects.create(name="acme's")
            await t.fetch(sql.replace("OTHER", str(beta.id)))
    except TransactionError:
        assert sql == "COMMIT"
    assert await _state(narrow, beta.id) == {}
    async with narrow.tenant(beta.id) as t:
        assert [p.name for p in await t.projects.list()] == ["beta's"]
        assert await t.fetch_value("SHOW search_path") == "tenantry, public, pg_temp"
        assert await t.fetch_value("SHOW statement_timeout") == "30s"
        await t.projects.create(name="also beta's")
    # Whatever the block said last, its work was committed.
    assert [p.name for p in await narrow.tenant(acme.id).projects.list()] == ["acme's"]


async def test_what_a_failed_block_leaves_is_gone_too(narrow: Database, acme: Tenant) -> None:
    for sql in MEDDLING:
        with pytest.raises((ZeroDivisionError, TransactionError)):
            async with narrow.tenant(acme.id) as t:
                await t.fetch(sql.replace("OTHER", str(uuid4())))
                raise ZeroDivisionError
        assert await _state(narrow, acme.id) == {}, sql


async def test_a_one_shot_after_such_a_block_is_for_its_own_tenant(
    narrow: Database, db: Database
) -> None:
    tenants = [await make_tenant(db, f"t{n}") for n in range(3)]
    made = [await db.tenant(t.id).projects.create(name=t.slug) for t in tenants]
    for tenant, project in zip(tenants, made, strict=True):
        async with narrow.tenant(tenants[0].id) as t:
            await t.execute(f"SET app.tenant_id = '{tenants[1].id}'")
        assert (await narrow.tenant(tenant.id).projects.get(project.id)).name == tenant.slug
        assert len(await narrow.tenant(tenant.id).projects.list()) == 1
        async with narrow.session(tenant.id) as session:
            assert await session.get(type(project), (tenant.id, project.id)) is not None
