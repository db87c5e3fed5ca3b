"""A server of a test's own, for what would disturb the others on a shared one."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tenantry.endpoints import DATABASE
from tenantry.local import SUPERUSER, LocalServers
from tenantry.local.home import Home
from tenantry.local.passwords import Passwords
from tenantry.migrations.runner import Migrator
from tenantry.models import metadata
from tenantry.ops.setup import init
from tenantry.schema.roles import LOGINS, OWNER
from tests.fixtures.servers import _FAST, _FOLDER, Server, system_postgres


@contextmanager
def own_cluster(
    kind: str, settings: Mapping[str, str] = _FAST, *, migrated: bool = False
) -> Iterator[Server]:
    """A new cluster of the same kind, without roles or databases, or with the embedded database as
    `tenantry up` makes it; gone after the block."""
    home = Path(os.environ[_FOLDER], f"own-{uuid4().hex[:8]}")
    servers = LocalServers(home, pg_bin=_programs(kind), settings=settings)
    if migrated:
        put_migrated(kind, home)
    servers.up(valkey=False)
    try:
        facts = servers.status()[0]
        assert facts.port is not None
        assert facts.socket_dir is not None
        yield Server(
            kind=kind,
            bin_dir=servers.binary("pg_controldata").parent,
            socket_dir=facts.socket_dir,
            port=facts.port,
            major=int(facts.version.split(".")[0]),
            extensions=frozenset(facts.extensions),
            servers=servers,
        )
    finally:
        servers.down()


def put_migrated(kind: str, home: Path) -> None:
    """Give a home that has no cluster yet a copy of a migrated one, of which there is one for each kind
    of server: a copy takes a tenth of the time that making it takes. Not in an event loop."""
    original = Path(os.environ[_FOLDER], f"migrated-{kind}")
    original.mkdir(exist_ok=True)
    with (original / "made.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not (original / "made").exists():
            _make_migrated(LocalServers(original, pg_bin=_programs(kind), settings=_FAST))
            (original / "made").touch()
    here, there = Home(original), Home(home)
    there.create()
    there.settle(LocalServers(original, pg_bin=_programs(kind)).account)
    words = Passwords(here).path
    subprocess.run(["cp", "-a", words, home / words.name], check=True)
    subprocess.run(["cp", "-a", here.data("postgres"), there.data("postgres")], check=True)


def _make_migrated(servers: LocalServers) -> None:
    async def fill() -> None:
        words = {role: servers.password(role) for role in LOGINS}
        await init(servers.postgres_url(SUPERUSER, "postgres"), DATABASE, words)
        await Migrator(servers.postgres_url(OWNER, DATABASE), metadata).up()

    servers.up(valkey=False)
    try:
        asyncio.run(fill())
    finally:
        servers.down()


def _programs(kind: str) -> Path | None:
    return system_postgres() if kind == "system" else None
