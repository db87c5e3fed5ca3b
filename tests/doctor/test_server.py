"""What concerns a whole server: one of these tests' own, which they turn off and on."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from tenantry.local import LocalServers
from tenantry.ops.doctor import Limits
from tests.cli.helpers import Cli
from tests.fixtures.database import Place
from tests.fixtures.servers import _FOLDER, Server, system_postgres

from .clinic import Clinic
from .test_activity import ENDED, waiting

_SETTINGS = {
    "fsync": "off",
    "max_connections": "20",
    "max_prepared_transactions": "4",
    "shared_buffers": "1MB",
    "shared_preload_libraries": "",
    "autovacuum_naptime": "1h",
}


@dataclass
class Ward:
    """The server, as it stands."""

    like: Server
    servers: LocalServers

    def clinic(self, database: str = "postgres") -> Clinic:
        facts = self.servers.status()[0]
        assert facts.port is not None
        assert facts.socket_dir is not None
        server = replace(
            self.like, port=facts.port, socket_dir=facts.socket_dir, servers=self.servers
        )
        return Clinic(Place(server, database), Cli(Path.cwd()))

    def up(self) -> Clinic:
        self.servers.up(valkey=False)
        return self.clinic()

    def run_stopped(self, line: str) -> Clinic:
        """A program of PostgreSQL's, as the account of the server, while that is stopped."""
        program, *words = shlex.split(line)
        self.servers.down()
        done = self.servers.account.run([self.like.bin_dir / program, *words])
        assert done.returncode == 0, done.stderr
        return self.up()


@pytest.fixture(scope="module")
def ward(postgres_server: Server) -> Iterator[Ward]:
    pg_bin = system_postgres() if postgres_server.kind == "system" else None
    home = Path(os.environ[_FOLDER], f"ward-{uuid4().hex[:8]}")
    servers = LocalServers(home, pg_bin=pg_bin, settings=_SETTINGS)
    servers.up(valkey=False)
    yield Ward(postgres_server, servers)
    servers.down()
    shutil.rmtree(home, ignore_errors=True)


async def test_transactions_prepared_and_forgotten(ward: Ward) -> None:
    clinic = ward.clinic()
    await clinic.execute("CREATE TABLE tills (n int)")
    prepare = "BEGIN; LOCK TABLE tills; PREPARE TRANSACTION 'nobody''s'"
    await clinic.execute(prepare)
    assert await clinic.find("prepared-transactions") == []
    clinic.limits = Limits(prepared=timedelta(0), lock_wait=timedelta(0))
    await clinic.cured("prepared-transactions", "prepared transaction nobody's")
    await clinic.execute(prepare)
    reader = await clinic.place.connection("superuser")
    asked = asyncio.create_task(reader.execute("SELECT FROM tills"))
    await waiting(clinic, 1)
    await clinic.cured("lock-waits", "prepared transaction nobody's")
    await asked
    await reader.close()


async def test_connections_are_used_up(ward: Ward) -> None:
    clinic = ward.clinic()
    assert await clinic.find("connections") == []
    idle = [await clinic.place.connection("superuser") for _ in range(14)]
    assert (await clinic.one("connections")).severity == "warning"
    clinic.limits = Limits(connections_critical=0.8)
    assert (await clinic.one("connections")).severity == "critical"
    await clinic.cured("connections")
    for connection in idle:
        with pytest.raises(ENDED):
            await connection.execute("SELECT")


@pytest.mark.parametrize("setting", ["autovacuum", "track_counts"])
async def test_autovacuum_off_for_all(ward: Ward, setting: str) -> None:
    clinic = ward.clinic()
    assert await clinic.find("autovacuum") == []
    await clinic.execute(f"ALTER SYSTEM SET {setting} = off", "SELECT pg_reload_conf()")
    assert (await clinic.one("autovacuum", "autovacuum")).severity == "critical"
    await clinic.cured("autovacuum")


async def test_a_disk_that_gives_back_something_else(ward: Ward) -> None:
    await ward.clinic().execute("CREATE DATABASE whole")
    whole = ward.clinic("whole")
    assert await whole.find("checksum-failures") == []
    await whole.execute("CREATE TABLE ledger AS SELECT 1 AS n", "CHECKPOINT")
    # A copy of the files, of which nothing is in memory.
    await ward.clinic().execute("CREATE DATABASE frail TEMPLATE whole STRATEGY file_copy")
    frail = ward.clinic("frail")
    async with frail.superuser() as server:
        path = await server.fetchval(
            "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('ledger')"
        )
        _damage(Path(path))
        with pytest.raises(asyncpg.DataCorruptedError):
            await server.execute("SELECT FROM ledger")
        await server.execute("DROP TABLE ledger")  # instead of restoring it
    assert (await frail.one("checksum-failures", "database frail")).severity == "critical"
    await frail.cured("checksum-failures", "database frail")


def _damage(file: Path) -> None:
    with file.open("r+b") as page:
        page.seek(8000)
        page.write(b"bits")


async def test_what_takes_a_restart(ward: Ward, project: Path) -> None:
    clinic = ward.clinic()
    clinic.limits = limits = Limits(blocks_read=0)
    reads = ["SELECT count(*) FROM pages"] * 200
    await clinic.execute(
        # More than shared_buffers, and less than twice as much.
        "CREATE TABLE pages (n int) WITH (fillfactor = 10)",
        "INSERT INTO pages SELECT generate_series(1, 3700)",
        "SELECT pg_stat_reset()",
    )
    assert await clinic.find("checksums-off") == []
    async with clinic.superuser() as server:
        folder = await server.fetchval("SELECT current_setting('data_directory')")
    clinic = ward.run_stopped(f"pg_checksums --disable --pgdata={folder}")
    clinic.limits = limits
    await clinic.execute(*reads)

    cache = await clinic.one("cache-hits")
    assert "1 MB" in cache.what
    await clinic.follow(cache)
    await clinic.follow(await clinic.one("tracking", "pg_stat_statements"))
    (line,) = (await clinic.one("checksums-off")).advice.shell
    clinic = ward.run_stopped(line)
    clinic.limits = limits
    await clinic.execute(*reads)
    assert await clinic.find("checksums-off") == []
    assert await clinic.find("cache-hits") == []
    assert [f.object for f in await clinic.find("tracking")] == ["track_io_timing"]
    async with clinic.superuser() as server:
        assert await server.fetchval("SELECT count(*) FROM pg_stat_statements") > 0
