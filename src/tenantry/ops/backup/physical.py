"""Copies of the whole cluster: what pg_basebackup writes, and how it becomes a data folder again."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from tenantry.errors import BackupDamaged, BackupError, FeatureUnavailable
from tenantry.local import Account, LocalServers

from .logical import Compression, zstd
from .source import Facts, Source, run

MANIFEST = "backup_manifest"
_INCREMENTAL_SINCE = 17


@dataclass(frozen=True, slots=True)
class Range:
    """The WAL that a copy needs to become consistent."""

    timeline: int
    start_lsn: str
    end_lsn: str


async def copy(
    source: Source,
    known: Facts,
    folder: Path,
    *,
    label: str,
    compress: Compression = "gzip",
    level: int | None = None,
    since: Path | None = None,
) -> Range:
    """Write a base backup into a folder; of what changed only, where `since` is the manifest of another."""
    if known.tablespaces:
        raise FeatureUnavailable(
            "This cluster has tablespaces of its own, which Tenantry does not copy.",
            hint="Take logical backups, or use pgBackRest: tenantry backup pgbackrest-config",
        )
    if since is not None and known.major < _INCREMENTAL_SINCE:
        raise FeatureUnavailable(
            f"PostgreSQL {known.server_version} has no incremental backups: they came with 17.",
            hint="Take a full one.",
        )
    if compress == "zstd":
        zstd()  # what is packed with it must be unpacked with it
    packing = "none" if compress == "none" else f"client-{compress}:{level or 1}"
    await run(
        [
            source.local.binary("pg_basebackup"),
            f"--dbname={source.login.url}",
            f"--pgdata={folder}",
            "--format=tar",
            "--wal-method=stream",
            "--checkpoint=fast",
            f"--label={label}",
            "--manifest-checksums=SHA256",
            f"--compress={packing}",
            "--no-password",
            "--no-sync",  # what is made of it is synced: the store's objects
            *([f"--incremental={since}"] if since else []),
        ],
        source.login,
    )
    said = json.loads((folder / MANIFEST).read_text())
    ranges = said["WAL-Ranges"]
    return Range(ranges[0]["Timeline"], ranges[0]["Start-LSN"], ranges[-1]["End-LSN"])


async def unpack(
    local: LocalServers, copies: Sequence[Path], target: Path, account: Account
) -> None:
    """Make a data folder of a full copy and the incremental ones that follow it. The server syncs it as
    it starts its recovery."""
    folders = [folder.with_name(f"{folder.name}.data") for folder in copies]
    try:
        for packed, folder in zip(copies, folders, strict=True):
            await asyncio.to_thread(_extract, packed, folder)
            await check(local, folder)
        if len(folders) == 1:
            folders[0].rename(target)
        else:
            await run(
                [local.binary("pg_combinebackup"), *folders, f"--output={target}", "--no-sync"]
            )
            await check(local, target)
    finally:
        for folder in folders:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    await asyncio.to_thread(_give, target, account)


async def check(local: LocalServers, folder: Path) -> None:
    """Compare every file with the copy's own manifest, and read its WAL."""
    await run([local.binary("pg_verifybackup"), "--quiet", "--exit-on-error", folder])


def _extract(packed: Path, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    for name, into in (("base", folder), ("pg_wal", folder / "pg_wal")):
        into.mkdir(exist_ok=True, mode=0o700)
        found = sorted(packed.glob(f"{name}.tar*"))
        if not found:
            raise BackupDamaged(f"The backup has no {name}.tar.", name=name)
        _untar(found[0], into)
    shutil.copyfile(packed / MANIFEST, folder / MANIFEST)
    folder.chmod(0o700)


def _untar(packed: Path, into: Path) -> None:
    with ExitStack() as stack:
        if packed.suffix == ".zst":
            process = stack.enter_context(
                subprocess.Popen([zstd(), "-dqc", packed], stdout=subprocess.PIPE)
            )
            stream = cast("BinaryIO", process.stdout)
        else:
            way = gzip.open if packed.suffix == ".gz" else Path.open
            stream = cast("BinaryIO", stack.enter_context(way(packed, "rb")))
        try:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                # Pythons before 3.11.4 have no filters, and `_inside` does without.
                archive.extraction_filter = getattr(tarfile, "tar_filter", None)
                archive.extractall(into, members=_inside(archive))  # noqa: S202 - each is looked at
        except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BackupDamaged(
                f"{packed.name} cannot be read: {error}", name=packed.name
            ) from error
        except OSError as error:
            raise BackupError(f"{into} cannot be written: {error}", path=str(into)) from error


def _inside(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """What stays in the folder: nothing that names a place outside, or leads there by a link."""
    links: set[PurePosixPath] = set()
    for member in archive:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or not links.isdisjoint(path.parents):
            raise tarfile.ReadError(f"{member.name} leads outside of the folder")
        if member.issym() or member.islnk():
            links.add(path)
        yield member


def _give(target: Path, account: Account) -> None:
    """As root, to the account that the server runs as."""
    if account.is_other:
        account.own(target)
        for folder, folders, files in os.walk(target):
            for name in (*folders, *files):
                account.own(Path(folder, name))
