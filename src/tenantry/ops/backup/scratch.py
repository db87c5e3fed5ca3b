"""The database as it was, on a server that is thrown away: to prove a backup, and to look into the past.

Each is in a workshop, on a socket of its own. What is restored there is gone when the block ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tenantry.endpoints import superuser_url
from tenantry.errors import BackupNotFound
from tenantry.kernel.plain import connected
from tenantry.local import LocalServers
from tenantry.ops.setup import in_database
from tenantry.schema.roles import quote

from . import manifest, recovery, restoring
from .manifest import Manifest
from .recovery import Target
from .store import Store
from .vault import Vault
from .workshop import Progress, workshop

#: Nothing of it needs to reach the disk.
_HASTY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}
_ALONE = {
    "listen_addresses": "",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "archive_mode": "off",
}


@dataclass(frozen=True, slots=True)
class Past:
    """A database as it was."""

    url: str = field(repr=False)
    backup: Manifest
    #: The moment that it is of: of a dump the snapshot's, else that of the last commit.
    at: datetime

    @property
    def words(self) -> str:
        if self.backup.is_physical:
            return f"copy {self.backup.id} and WAL, up to the commit of {_said(self.at)}"
        return (
            f"dump {self.backup.id} of {_said(self.at)}, the newest backup before:"
            " no physical copy reaches that point"
        )


@asynccontextmanager
async def past(
    local: LocalServers,
    pg_bin: Path | None,
    vault: Vault,
    target: Target,
    tell: Progress,
    *,
    database: str,
    system_id: str,
    backup: str | None = None,
) -> AsyncIterator[Past]:
    """This database at that point: by a copy of its cluster and WAL, or where none was made before it, as
    the newest dump before has it."""
    found = _start(vault.store, target, database, system_id, backup)
    if not found.is_physical:
        async with dump(pg_bin, vault, found, tell) as url:
            yield Past(url, found, found.started)
        return
    async with (
        workshop() as folder,
        recovery.replayed(
            local, vault, target, found, folder / "data", tell=tell, settings=_HASTY
        ) as server,
    ):
        url = server.url(database)
        async with connected(url) as connection:
            last = await connection.fetchval("SELECT pg_last_xact_replay_timestamp()")
        yield Past(url, found, last or found.finished)


def _start(
    store: Store, target: Target, database: str, system_id: str, backup: str | None
) -> Manifest:
    if backup is not None:
        return manifest.read(store, backup)
    try:
        return recovery.base_for(store, target, None, system_id=system_id or None)
    except BackupNotFound:
        dumps = [
            m
            for m in manifest.every(store)
            if not m.is_physical and (m.system_id, m.database) == (system_id, database)
            and (target.kind == "latest" or (target.at is not None and m.finished <= target.at))
        ]  # fmt: skip
        if not dumps:
            raise
        return dumps[-1]


@asynccontextmanager
async def dump(
    pg_bin: Path | None, vault: Vault, found: Manifest, tell: Progress
) -> AsyncIterator[str]:
    """A dump, restored into a new server; its superuser's URL."""
    async with workshop() as folder:
        home = folder / "home"
        server = LocalServers(home, pg_bin=pg_bin, settings=_HASTY | _ALONE)
        try:
            await asyncio.to_thread(server.up, valkey=False)
            url = in_database(superuser_url(server), "restored")
            async with connected(superuser_url(server)) as admin:
                known = {row[0] for row in await admin.fetch("SELECT rolname FROM pg_roles")}
                for role in found.roles:
                    if role not in known:
                        await admin.execute(f"CREATE ROLE {quote(role)}")
            await restoring.into_database(server, vault, found, url, tell)
            yield url
        finally:
            await asyncio.to_thread(server.down)


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S %Z}"
