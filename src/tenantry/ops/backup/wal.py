"""The archive of WAL: each segment one object, compressed, encrypted where there is a key, and checked.

The server's `archive_command` puts segments in. It may say the same segment twice, after a crash; another
content under a name that is taken is refused, since then two servers write to one archive.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tenantry.errors import BackupDamaged, BackupError, BackupNotFound, InvalidInput

from .store import Store
from .streams import compressed, expanded, joined
from .vault import Vault

ROOT = "wal/"
#: Segments, partial ones that a promotion left, histories of timelines, and where backups began.
_NAME = re.compile(r"[0-9A-F]{24}(\.partial|\.[0-9A-F]{8}\.backup)?|[0-9A-F]{8}\.history")
_SEGMENT = re.compile(r"[0-9A-F]{24}")
_HEADER_LIMIT = 1024


@dataclass(frozen=True, slots=True)
class Head:
    """The first line of an object: what the content is once it is opened."""

    size: int
    sha256: str
    key_id: str | None


def push(vault: Vault, path: Path, system_id: str | None = None) -> bool:
    """Archive a file of the server's; False when it was there already. In `archive_command`, `path` is
    relative to the data folder, which is the current one."""
    if not _NAME.fullmatch(path.name):
        raise InvalidInput(f"{path.name} is no file of the archive's.", field="path")
    name = _object(system_id or _system_id(path), path.name)
    try:
        content = path.read_bytes()  # 16 MB, unless the cluster was made with other segments
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.", path=str(path)) from error
    head = Head(len(content), hashlib.sha256(content).hexdigest(), vault.cipher.key_id)
    with suppress(BackupNotFound):
        there = _head(vault.store, name)
        if (there.size, there.sha256) != (head.size, head.sha256):
            raise BackupError(
                f"{name} is archived already, with another content.",
                hint="Two servers write to this archive: give one of them another store.",
                name=name,
            )
        return False
    line = json.dumps({"size": head.size, "sha256": head.sha256, "key_id": head.key_id}) + "\n"
    vault.store.put(
        name, joined(chain([line.encode()], vault.cipher.seal(name, compressed([content]))))
    )
    return True


def fetch(vault: Vault, system_id: str, name: str, target: Path) -> None:
    """Write an archived file to where the server wants it: whole, or not at all."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"{name} is no file of the archive's.", field="name")
    full = _object(system_id, name)
    with vault.store.open(full) as kept:
        head = _parse(full, kept.readline(_HEADER_LIMIT))
        try:
            content = b"".join(expanded(vault.cipher.open(full, kept, head.key_id)))
        except (EOFError, zlib.error) as error:
            raise _damaged(full) from error
    if (len(content), hashlib.sha256(content).hexdigest()) != (head.size, head.sha256):
        raise _damaged(full)
    fresh = target.with_name(f"{target.name}.unfinished")
    try:
        fresh.write_bytes(content)
        fresh.chmod(0o600)
        fresh.replace(target)
    except OSError as error:
        raise BackupError(
            f"{target} cannot be written: {error.strerror}.", path=str(target)
        ) from error


def ship(vault: Vault, spool: Path, system_id: str) -> list[str]:
    """Archive what a server's `archive_command` copied into a folder, and take it from there: for servers
    whose account or container cannot run Tenantry."""
    done = []
    for path in sorted(spool.iterdir()):
        if _NAME.fullmatch(path.name):
            push(vault, path, system_id)
            path.unlink()
            done.append(path.name)
    return done


def segments(store: Store, system_id: str) -> Iterator[str]:
    """The names of what is archived of a cluster, in order."""
    prefix = f"{ROOT}{system_id}/"
    for kept in store.list(prefix):
        name = kept.name.removeprefix(prefix)
        if _NAME.fullmatch(name):
            yield name


def needed(names: Iterator[str], start: str) -> Iterator[str]:
    """What a recovery from this segment on may ask for, on whichever timeline."""
    for name in names:
        if name.endswith(".history") or name[8:24] >= start[8:24]:
            yield name


def no_longer_needed(names: Iterator[str], start: str) -> Iterator[str]:
    """What lies before the first segment of the oldest copy. Histories stay: they are small."""
    for name in names:
        if not name.endswith(".history") and name[8:24] < start[8:24]:
            yield name


def segment_of(timeline: int, lsn: str, segment_bytes: int) -> str:
    """The segment that a place in the WAL lies in."""
    high, low = (int(part, 16) for part in lsn.split("/"))
    number = ((high << 32) + low) // segment_bytes
    per_file = (1 << 32) // segment_bytes
    return f"{timeline:08X}{number // per_file:08X}{number % per_file:08X}"


def gaps(names: Iterator[str], start: str, segment_bytes: int) -> list[str]:
    """Segments that are missing between the first and the last of a timeline."""
    per_file = (1 << 32) // segment_bytes
    known: dict[str, set[int]] = {}
    for name in names:
        if _SEGMENT.fullmatch(name) and name[8:] >= start[8:]:
            number = int(name[8:16], 16) * per_file + int(name[16:24], 16)
            known.setdefault(name[:8], set()).add(number)
    return [
        f"{timeline}{number // per_file:08X}{number % per_file:08X}"
        for timeline, numbers in sorted(known.items())
        for number in range(min(numbers), max(numbers))
        if number not in numbers
    ]


def system_id_of(data: Path) -> str:
    """Which cluster a data folder is of: the first number of its control file."""
    try:
        with (data / "global" / "pg_control").open("rb") as file:
            return str(int.from_bytes(file.read(8), sys.byteorder))
    except OSError as error:
        raise InvalidInput(
            f"{data} is no data folder of PostgreSQL's.", field="path",
            hint="The server runs this in its data folder, as archive_command and restore_command.",
        ) from error  # fmt: skip


def remove(store: Store, system_id: str, name: str) -> None:
    store.remove(_object(system_id, name))


def _system_id(path: Path) -> str:
    """Of the data folder whose pg_wal a file lies in, or that is the current one."""
    wal = path.absolute().parent
    return system_id_of(wal.parent if wal.name == "pg_wal" else Path.cwd())


def _object(system_id: str, name: str) -> str:
    return f"{ROOT}{system_id}/{name}"


def _head(store: Store, name: str) -> Head:
    with store.open(name) as kept:
        return _parse(name, kept.readline(_HEADER_LIMIT))


def _parse(name: str, line: bytes) -> Head:
    try:
        return Head(**json.loads(line))
    except (ValueError, TypeError):
        raise _damaged(name) from None


def _damaged(name: str) -> BackupDamaged:
    return BackupDamaged(f"{name} is not what was archived.", name=name)
