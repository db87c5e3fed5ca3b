"""An exported tenant on disk: one JSON Lines file a table, and a manifest with their checksums.

A line is an object: column -> PostgreSQL's own text for the value, or null. That is lossless for every
type there is; the manifest names the types. The manifest is written last: a folder without one is no
export.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final

from tenantry.errors import TenantryError, TransferRefused

FORMAT: Final = "tenantry-tenant-1"
MANIFEST: Final = "manifest.json"
#: Rows and characters handed to the server at a time, about.
_ROWS, _CHARACTERS = 500, 1_000_000


@dataclass(frozen=True)
class File:
    """One table's rows."""

    table: str
    file: str
    rows: int
    sha256: str
    columns: dict[str, str]
    key: list[str]


@dataclass(frozen=True)
class Manifest:
    """What an export holds, and what is needed to use it."""

    tenant: dict[str, Any]
    #: Of the schema; an import wants the same.
    revisions: list[str]
    #: The moment of the one snapshot that everything is from.
    moment: str
    server: str
    tables: list[File]
    users: File
    #: Whether the users' password hashes are among their facts.
    passwords: bool
    #: How many rows hold something encrypted, and what opens it.
    secrets: dict[str, Any]
    #: The newest seal on the tenant's record, and how many entries have none yet.
    record: dict[str, Any]
    format: str = FORMAT

    def file_of(self, table: str) -> File | None:
        return next((file for file in self.tables if file.table == table), None)

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.tables)


@dataclass
class Lines:
    """Writes one file, counting and hashing."""

    path: Path
    rows: int = 0
    _hash: Any = field(default_factory=sha256)

    async def write(self, rows: AsyncIterator[Any]) -> None:
        with _new_file(self.path) as out:
            async for row in rows:
                line = json.dumps(dict(row), ensure_ascii=False, separators=(",", ":")).encode()
                out.write(line + b"\n")
                self._hash.update(line + b"\n")
                self.rows += 1

    def entry(self, table: str, columns: dict[str, str], key: Iterable[str]) -> File:
        return File(table, self.path.name, self.rows, self._hash.hexdigest(), columns, list(key))


def new_folder(folder: Path) -> None:
    """An empty one that nobody else reads."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        taken = next(folder.iterdir(), None)
    except OSError as error:
        raise _unusable(folder, error.strerror or "it cannot be made") from error
    if taken is not None:
        raise _unusable(folder, "it is not empty")


def write_manifest(folder: Path, manifest: Manifest) -> str:
    """Returns its own checksum: with it, the whole export is known."""
    content = json.dumps(asdict(manifest), indent=2, ensure_ascii=False).encode() + b"\n"
    with _new_file(folder / MANIFEST) as out:
        out.write(content)
    return sha256(content).hexdigest()


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """The manifest and its checksum. Every file is there, and is what was written."""
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
        said = json.loads(content)
        if said.get("format") != FORMAT:
            raise TransferRefused(
                f"{path} is of the format {str(said.get('format'))[:40]!r}, and this version reads {FORMAT!r}.",
                reason="format",
            )
        tables = [File(**entry) for entry in said.pop("tables")]
        manifest = Manifest(tables=tables, users=File(**said.pop("users")), **said)
    except OSError as error:
        raise _unusable(folder, f"its {MANIFEST} cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise _damaged(path, "it is no manifest") from error
    for entry in (*manifest.tables, manifest.users):
        _check(folder, entry)
    return manifest, sha256(content).hexdigest()


def lines(folder: Path, entry: File) -> Iterator[str]:
    with (folder / entry.file).open("r", encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line.rstrip("\n")


def batches(rows: Iterable[str]) -> Iterator[str]:
    """JSON arrays of some lines each."""
    some: list[str] = []
    size = 0
    for row in rows:
        some.append(row)
        size += len(row)
        if len(some) >= _ROWS or size >= _CHARACTERS:
            yield f"[{','.join(some)}]"
            some, size = [], 0
    if some:
        yield f"[{','.join(some)}]"


def _check(folder: Path, entry: File) -> None:
    path = folder / entry.file
    if Path(entry.file).name != entry.file:
        raise _damaged(path, "the manifest leads out of the folder")
    digest, rows = sha256(), 0
    try:
        with path.open("rb") as file:
            for line in file:
                digest.update(line)
                rows += 1
    except OSError as error:
        raise _damaged(path, "it cannot be read") from error
    if (digest.hexdigest(), rows) != (entry.sha256, entry.rows):
        raise _damaged(path, "its content is not what the manifest says")


def _damaged(path: Path, what: str) -> TenantryError:
    return TransferRefused(
        f"{path}: {what}.", hint="Nothing was imported.", reason="damaged", file=str(path)
    )


def _unusable(folder: Path, what: str) -> TenantryError:
    return TransferRefused(f"{folder} cannot be used: {what}.", reason="folder")


def _new_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
