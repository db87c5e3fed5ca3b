"""A server of a test's own, for what would disturb the others on a shared one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tenantry.local import LocalServers
from tests.fixtures.servers import _FAST, _FOLDER, Server, system_postgres


@contextmanager
def own_cluster(kind: str, settings: Mapping[str, str] = _FAST) -> Iterator[Server]:
    """A new cluster of the same kind, without roles or databases; gone after the block."""
    home = Path(os.environ[_FOLDER], f"own-{uuid4().hex[:8]}")
    pg_bin = system_postgres() if kind == "system" else None
    servers = LocalServers(home, pg_bin=pg_bin, settings=settings)
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
