"""A folder for what is being made or read, and the way of its files into the store and back."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tenantry.errors import BackupDamaged, BackupError
from tenantry.local.processes import is_ours

from .manifest import File, Manifest
from .store import Store
from .streams import Measured, blocks, joined
from .vault import Vault

Progress = Callable[[str], None]
#: Seconds.
_NEW_S = 60
_PREFIX = "tenantry-backup-"


@asynccontextmanager
async def workshop() -> AsyncIterator[Path]:
    """Gone at the end. In TMPDIR, which must have room for what is made. What a run that was killed left
    there goes first: its files are not encrypted."""
    await asyncio.to_thread(_sweep)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    # The server's account passes through; every file and folder in it guards itself.
    folder.chmod(0o711)
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)  # until we end, however that is
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        os.close(held)


def _sweep() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            facts = folder.lstat()
            # One that is new may not be locked yet.
            if facts.st_uid == os.getuid() and facts.st_mtime < time.time() - _NEW_S:
                _take_away(folder)


def _take_away(folder: Path) -> None:
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for file in folder.rglob("postmaster.pid"):
            first = file.read_text().partition("\n")[0]
            if first.isdigit() and is_ours(int(first), file.parent):
                os.kill(int(first), signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(held)


async def keep(
    vault: Vault, path: Callable[[str], str], folder: Path, tell: Progress
) -> list[File]:
    """Put every file of the folder into the store under `path(name)`, encrypted where there is a key."""
    kept = []
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = file.relative_to(folder).as_posix()
        tell(f"Keeping {name}")
        kept.append(await asyncio.to_thread(_keep, vault, path(name), file, name))
        file.unlink()  # its room may be needed
    return kept


def _keep(vault: Vault, full: str, file: Path, name: str) -> File:
    measured = Measured()
    try:
        with file.open("rb") as content:
            vault.store.put(
                full,
                joined(measured.through(vault.cipher.seal(full, blocks(content)))),
                file.stat().st_size,
            )
    except OSError as error:
        raise BackupError(f"{name} cannot be read: {error.strerror}.", path=name) from error
    return File(name, measured.size, measured.sha256)


async def fetch(
    vault: Vault,
    manifest: Manifest,
    folder: Path,
    tell: Progress,
    only: Sequence[str] | None = None,
) -> None:
    """The backup's files again, each compared with the manifest as it comes."""
    for file in manifest.files:
        if only is None or file.name.startswith(tuple(only)):
            tell(f"Reading {file.name}")
            await asyncio.to_thread(_fetch, vault, manifest, file, folder / file.name)


def _fetch(vault: Vault, manifest: Manifest, file: File, target: Path) -> None:
    full = manifest.path(file.name)
    measured = Measured()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with vault.store.open(full) as kept, target.open("wb") as out:
            target.chmod(0o600)
            source = joined(measured.through(blocks(kept)))
            for part in vault.cipher.open(full, source, manifest.key_id):
                out.write(part)
    except OSError as error:
        raise BackupError(
            f"{target} cannot be written: {error.strerror}.", path=str(target)
        ) from error
    _compare(file, measured.size, measured.sha256)


async def compare(vault: Vault, manifest: Manifest, tell: Progress) -> None:
    """Read every file and compare it with the manifest; this needs no key."""
    for file in manifest.files:
        tell(f"Reading {file.name}")
        await asyncio.to_thread(_read, vault.store, manifest, file)


def _read(store: Store, manifest: Manifest, file: File) -> None:
    size, digest = 0, hashlib.sha256()
    with store.open(manifest.path(file.name)) as kept:
        for block in blocks(kept):
            size += len(block)
            digest.update(block)
    _compare(file, size, digest.hexdigest())


def _compare(file: File, size: int, sha256: str) -> None:
    if (size, sha256) != (file.size, file.sha256):
        raise BackupDamaged(
            f"{file.name} is not what was written: it has {size:,} bytes of {file.size:,}"
            + ("." if size != file.size else ", and another checksum."),
            name=file.name,
            hint="Restore from another backup.",
        )
