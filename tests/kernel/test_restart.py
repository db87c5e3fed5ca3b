"""kill -9 of the server during writes: what was acknowledged is there, and the pool heals."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tenantry.errors import CommitOutcomeUnknown, ConnectionLost, DatabaseUnavailable
from tenantry.kernel import Context, Transaction, check
from tenantry.local import LocalServers
from tests.fixtures.servers import Server

from .conftest import ROLE, MakePool, prepare
from .test_transaction import INSERT


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServers]:
    """A durable server of this test's own, since it is going to be killed."""
    folder = tmp_path_factory.mktemp("killed")
    for parent in (folder, *folder.parents):
        if parent != Path(parent.anchor) and parent.owner() == folder.owner():
            parent.chmod(parent.stat().st_mode | 0o055)
    servers = LocalServers(folder / "home")
    servers.up(valkey=False)
    yield servers
    servers.down()


@pytest.mark.postgres("wheel")
async def test_the_pool_heals(own_server: LocalServers, make_pool: MakePool) -> None:
    facts = own_server.status()[0]
    assert facts.port is not None
    assert facts.socket_dir is not None
    server = Server("wheel", Path(), facts.socket_dir, facts.port, 18, frozenset(), own_server)
    await prepare(server, "killed")
    pool = await make_pool(server.url(ROLE, "killed"), max_size=4)
    tenant = uuid4()
    acknowledged: set[str] = set()
    uncertain: set[str] = set()
    enough = asyncio.Event()

    async def write() -> None:
        while True:
            note = str(uuid4())
            try:
                async with Transaction(pool, Context(tenant)) as t:
                    await t.execute(INSERT, tenant, note)
            except CommitOutcomeUnknown:
                uncertain.add(note)
            except (ConnectionLost, DatabaseUnavailable):
                return
            else:
                acknowledged.add(note)
                if len(acknowledged) == 10:
                    enough.set()

    writers = [asyncio.create_task(write()) for _ in range(4)]
    async with asyncio.timeout(30):
        await enough.wait()
    os.kill(_postmaster(own_server), signal.SIGKILL)
    async with asyncio.timeout(20):
        await asyncio.gather(*writers)
    assert not (await check(pool)).ok

    await asyncio.to_thread(own_server.up, valkey=False)
    async with Transaction(pool, Context(tenant)) as t:
        there = {row["body"] for row in await t.fetch("SELECT body FROM notes")}
    assert acknowledged <= there
    assert there <= acknowledged | uncertain
    assert (await check(pool)).ok


def _postmaster(servers: LocalServers) -> int:
    found = [*servers.home.rglob("postmaster.pid")]
    return int(found[0].read_text().split()[0])
