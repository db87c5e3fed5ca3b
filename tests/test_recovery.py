"""kill -9 of a durable server during writes: what was acknowledged is there, and the pool heals."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

import tenantry
from tenantry.endpoints import DATABASE
from tenantry.errors import CommitOutcomeUnknown, ConnectionLost, DatabaseUnavailable
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.ledger import Ledger, more, write
from tests.fixtures.servers import Server
from tests.fixtures.standbys import kill
from tests.migrations.clusters import own_cluster

_WRITERS, _KILLS = 6, 3


@pytest.fixture
def durable(postgres_server: Server) -> Iterator[Server]:
    """A cluster of the test's own with the settings that users get, since it is to be killed."""
    with own_cluster(postgres_server.kind, settings={}, migrated=True) as server:
        yield server


async def test_acknowledged_writes_survive_and_the_pool_heals(durable: Server) -> None:
    place = Place(durable, DATABASE)
    ledger = Ledger()
    async with await tenantry.connect(settings=place.settings(pool_max=_WRITERS)) as db:
        acme, beta = await make_tenant(db, "acme"), await make_tenant(db, "beta")
        writers = [asyncio.create_task(write(db, acme.id, ledger, n)) for n in range(_WRITERS)]
        for _ in range(_KILLS):
            await more(ledger, writers)
            await asyncio.to_thread(kill, durable)
            await asyncio.to_thread(durable.servers.up, valkey=False)
            # The same handle and the same tasks go on.
            await more(ledger, writers)
        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)
        found = {p.name async for p in db.tenant(acme.id).projects.iterate()}
        assert ledger.acknowledged <= found
        assert not ledger.refused & found
        # Nothing is there that nobody wrote, and of the last writes only those cut off at the end.
        unexplained = found - ledger.acknowledged - ledger.uncertain
        assert len(unexplained) <= _WRITERS
        assert ledger.errors <= {CommitOutcomeUnknown, ConnectionLost, DatabaseUnavailable}
        assert ledger.errors
        usage = await db.tenant(acme.id).account.usage()
        assert usage.current_projects == len(found)
        lines = await db.tenant(acme.id).audit.count(resource_type="projects", action="create")
        assert lines == len(found)
        assert await db.tenant(beta.id).projects.list() == []
        assert (await db.health()).ok
