"""What the face sends over the wire: three round trips for a read in a transaction, one by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

import tenantry
from tenantry import Database
from tenantry.models import Project, Tenant
from tenantry.schema.statements import get
from tests.fixtures.database import Place
from tests.fixtures.wire import Wire, tap


@pytest.fixture
async def wire(place: Place) -> AsyncIterator[Wire]:
    server = place.server
    socket = f"{server.socket_dir}/.s.PGSQL.{server.port}"
    async with tap(place.url("app"), socket) as wire:
        yield wire


@pytest.fixture
async def tapped(place: Place, wire: Wire) -> AsyncIterator[Database]:
    """A database handle on one connection, through the wire."""
    settings = place.settings(database_url=wire.url, pool_max=1)
    async with await tenantry.connect(settings=settings) as db:
        yield db


@pytest.fixture
async def project(tapped: Database, acme: Tenant, wire: Wire) -> Project:
    """A project that was read before, so that its statements are prepared."""
    handle = tapped.tenant(acme.id)
    made = await handle.projects.create(name="Apollo")
    await handle.projects.list()
    await handle.projects.get(made.id)
    async with tapped.tenant(acme.id) as t:
        await t.projects.get(made.id)
        await t.projects.update(made.id, name="Apollo 2")
    wire.reset()
    return made


async def test_a_read_by_itself_takes_one(tapped: Database, project: Project, wire: Wire) -> None:
    assert (await tapped.tenant(project.tenant_id).projects.get(project.id)).id == project.id
    assert wire.round_trips == 1
    assert wire.sql == [get(Project).one_shot]


async def test_a_first_page_by_itself_takes_one(
    tapped: Database, project: Project, wire: Wire
) -> None:
    assert len(await tapped.tenant(project.tenant_id).projects.list()) == 1
    assert wire.round_trips == 1


async def test_a_read_in_a_transaction_takes_three(
    tapped: Database, project: Project, wire: Wire
) -> None:
    async with tapped.tenant(project.tenant_id) as t:
        await t.projects.get(project.id)
    assert wire.round_trips == 3
    assert wire.sql[0].startswith(f"BEGIN; SET LOCAL app.tenant_id = '{project.tenant_id}'")
    assert wire.sql[-1] == "COMMIT"


async def test_each_further_statement_takes_one(
    tapped: Database, project: Project, wire: Wire
) -> None:
    async with tapped.tenant(project.tenant_id) as t:
        for _ in range(5):
            await t.projects.get(project.id)
    assert wire.round_trips == 2 + 5


async def test_a_write_by_itself_takes_three_and_its_refusals_no_more(
    tapped: Database, project: Project, wire: Wire
) -> None:
    """Suspension, quotas, the record and the counters are all looked after at the server."""
    await tapped.tenant(project.tenant_id).projects.update(project.id, name="Apollo 3")
    assert wire.round_trips == 3
