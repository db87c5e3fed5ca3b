"""kill -9 of a durable server during writes: what was acknowledged is there, and the pool heals."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

import pytest

import tenantry
from tenantry import Database, TenantryError
from tenantry.errors import CommitOutcomeUnknown, ConnectionLost, DatabaseUnavailable
from tenantry.local.processes import wait_until
from tenantry.migrations.runner import Migrator
from tenantry.models import metadata
from tenantry.ops.setup import init
from tenantry.schema.roles import LOGINS
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.servers import Server
from tests.migrations.clusters import own_cluster

_WRITERS, _KILLS = 6, 3


@pytest.fixture
def durable(postgres_server: Server) -> Iterator[Server]:
    """A cluster of the test's own with the settings that users get, since it is to be killed."""
    with own_cluster(postgres_server.kind, settings={}) as server:
        yield server


@dataclass
class Ledger:
    """What writers know of their writes."""

    acknowledged: set[str] = field(default_factory=set)
    uncertain: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    errors: set[type[BaseException]] = field(default_factory=set)


async def _write(db: Database, tenant: UUID, ledger: Ledger, number: int) -> None:
    """Goes on through everything that happens to the server."""
    for serial in range(1_000_000):
        name = f"{number}-{serial}"
        try:
            if serial % 2:
                await db.tenant(tenant).projects.create(name=name)
            else:
                async with db.tenant(tenant) as t:
                    await t.projects.create(name=name)
                    await t.projects.count()
        except CommitOutcomeUnknown as error:
            ledger.uncertain.add(name)
            ledger.errors.add(type(error))
        except TenantryError as error:
            ledger.refused.add(name)
            ledger.errors.add(type(error))
            await asyncio.sleep(0.05)
        else:
            ledger.acknowledged.add(name)


async def _more(ledger: Ledger, writers: list[asyncio.Task[None]], count: int = 50) -> None:
    """Until so many more writes have been acknowledged."""
    wanted = len(ledger.acknowledged) + count
    async with asyncio.timeout(60):
        while len(ledger.acknowledged) < wanted:
            for writer in writers:
                if writer.done():
                    writer.result()
            await asyncio.sleep(0.01)


def _kill(server: Server) -> None:
    pid = server.servers.status()[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not server.servers.status()[0].running, timeout_s=30)


async def test_acknowledged_writes_survive_and_the_pool_heals(durable: Server) -> None:
    place = Place(durable, "durable")
    await init(durable.superuser_url, place.name, {r: durable.password(r) for r in LOGINS})
    await Migrator(place.url("owner"), metadata).up()
    ledger = Ledger()
    async with await tenantry.connect(settings=place.settings(pool_max=_WRITERS)) as db:
        acme, beta = await make_tenant(db, "acme"), await make_tenant(db, "beta")
        writers = [asyncio.create_task(_write(db, acme.id, ledger, n)) for n in range(_WRITERS)]
        for _ in range(_KILLS):
            await _more(ledger, writers)
            await asyncio.to_thread(_kill, durable)
            await asyncio.to_thread(durable.servers.up, valkey=False)
            # The same handle and the same tasks go on.
            await _more(ledger, writers)
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
