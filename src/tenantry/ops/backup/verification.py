"""Proving a backup: restored into a server of its own, every table counted, summed and compared."""

from __future__ import annotations

import asyncio
import getpass
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from tenantry.kernel.plain import connected
from tenantry.local import LocalServers

from . import manifest, private, restoring, scratch, workshop
from .figures import differences, figures
from .manifest import Figures, Manifest
from .vault import Vault
from .workshop import Progress


@dataclass(frozen=True, slots=True)
class Report:
    """What a restore of the backup held."""

    id: str
    rows: int
    tables: int
    #: Tables that were compared; of a physical backup, those that nobody wrote to meanwhile.
    compared: int
    differences: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.differences


async def quick(vault: Vault, found: Manifest, tell: Progress) -> None:
    """Compare the checksum of every file; `BackupDamaged` names the first that is wrong."""
    await workshop.compare(vault, found, tell)


async def verify(
    local: LocalServers,
    pg_bin: Path | None,
    vault: Vault,
    found: Manifest,
    tell: Progress,
) -> Report:
    """Restore it into a scratch server, compare, and write down that it was verified."""
    if found.is_physical:
        held = await _held_by_copy(local, vault, found, tell)
    else:
        held = await _held_by_dump(pg_bin, vault, found, tell)
    wrong = tuple(differences(dict(found.tables), held))
    rows = sum(figure.rows for figure in held.values())
    if not wrong:
        await asyncio.to_thread(manifest.mark, vault.store, found, _whoever(), rows)
    return Report(str(found.id), rows, len(held), len(found.tables), wrong)


async def _held_by_dump(
    pg_bin: Path | None, vault: Vault, found: Manifest, tell: Progress
) -> dict[str, Figures]:
    async with scratch.dump(pg_bin, vault, found, tell) as url:
        tell("Comparing")
        async with connected(url) as connection:
            return await figures(connection, checksums=_with_checksums(found))


async def _held_by_copy(
    local: LocalServers, vault: Vault, found: Manifest, tell: Progress
) -> dict[str, Figures]:
    async with workshop.workshop() as folder:
        data = folder / "data"
        account = await restoring.into_folder(local, vault, found, data, tell)
        tell("Recovering")
        async with private.running(local, data, account, settings={"fsync": "off"}) as server:
            tell("Comparing")
            async with connected(server.url(found.database)) as connection:
                return await figures(connection, checksums=_with_checksums(found))


def _with_checksums(found: Manifest) -> bool:
    return any(figure.checksum is not None for figure in found.tables.values())


def _whoever() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as containers have
        name = str(os.getuid())
    return f"{name}@{platform.node()}"
