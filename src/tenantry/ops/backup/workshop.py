"""A folder for what is being made or read, and the way of its files into the store and back."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tenantry.errors import BackupDamaged, BackupError

from .manifest import File, Manifest
from .store import Store
from .streams import Measured, blocks, joined
from .vault import Vault

Progress = Callable[[str], None]


@asynccontextmanager
async def workshop() -> AsyncIterator[Path]:
    """Gone at the end. In TMPDIR, which must have room for what is made."""
    folder = Path(tempfile.mkdtemp(prefix="tenantry-backup-"))
    # The server's account passes through; every file and folder in it guards itself.
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


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
                full, joined(measured.through(vault.cipher.seal(full, blocks(content))))
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
