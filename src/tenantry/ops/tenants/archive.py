"""An exported tenant on disk: one JSON Lines file a table, and a manifest with their checksums.

A line is an object: column -> PostgreSQL's own text for the value, or null. That is lossless for every
type there is; the manifest names the types. The manifest is written last: a folder without one is no
export.

What is read is believed in nothing: every file is a plain one in the folder itself, is hashed whenever it
is read, and holds no line longer than the server takes.
"""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import quote
from uuid import UUID

from tenantry.errors import TenantryError, TransferRefused

FORMAT: Final = "tenantry-tenant-1"
MANIFEST: Final = "manifest.json"
#: Rows and characters handed to the server at a time, about.
_ROWS, _CHARACTERS = 2_000, 1_000_000
#: Bytes of a manifest, and of a line: a value of jsonb has fewer.
_LONGEST_MANIFEST, _LONGEST_LINE = 16 << 20, 1 << 28


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
        try:
            with _new_file(self.path) as out:
                async for row in rows:
                    line = json.dumps(dict(row), ensure_ascii=False, separators=(",", ":")).encode()
                    out.write(line + b"\n")
                    self._hash.update(line + b"\n")
                    self.rows += 1
        except OSError as error:
            raise _unwritten(self.path, error) from error

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
    try:
        with _new_file(folder / MANIFEST) as out:
            out.write(content)
    except OSError as error:
        raise _unwritten(folder / MANIFEST, error) from error
    return sha256(content).hexdigest()


def file_name(label: str) -> str:
    """Of a table's rows. A table may be called anything; a file may not."""
    return f"table-{quote(label, safe=' .,-+=@()')}.jsonl"


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """The manifest and its checksum. Every file is there, and is what was written."""
    path = folder / MANIFEST
    try:
        with _plain_file(path) as file:
            content = file.read(_LONGEST_MANIFEST + 1)
    except OSError as error:
        raise _unusable(folder, f"its {MANIFEST} cannot be read ({error.strerror})") from error
    try:
        if len(content) > _LONGEST_MANIFEST:
            raise ValueError("longer than any")
        said = json.loads(content)
        if said.get("format") != FORMAT:
            raise TransferRefused(
                f"{path} is of the format {str(said.get('format'))[:40]!r}, and this version reads {FORMAT!r}.",
                reason="format",
            )
        tables = [_file(entry) for entry in said.pop("tables")]
        manifest = Manifest(tables=tables, users=_file(said.pop("users")), **said)
        _require_sane(manifest)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise _damaged(path, "it is no manifest") from error
    files = (*manifest.tables, manifest.users)
    for what in ("table", "file"):
        named = Counter(getattr(entry, what) for entry in files)
        if twice := next((name for name, times in named.items() if times > 1), None):
            raise _damaged(path, f"it names {twice} twice")
    strays = {p.name for p in folder.glob("*.jsonl")} - {entry.file for entry in files}
    if strays:
        raise _damaged(folder / min(strays), "the manifest does not name it")
    for entry in files:
        for _ in lines(folder, entry):
            pass
    return manifest, sha256(content).hexdigest()


def _file(entry: Mapping[str, Any]) -> File:
    file = File(**entry)
    texts = (file.table, file.file, file.sha256, *file.key, *file.columns, *file.columns.values())
    if type(file.rows) is not int or not all(isinstance(text, str) for text in texts):
        raise TypeError("of another type")
    if Path(file.file).name != file.file or "\0" in file.file or file.file == MANIFEST:
        raise ValueError("out of the folder")
    return file


def _require_sane(manifest: Manifest) -> None:
    """What the code that reads it stands on."""
    UUID(manifest.tenant["id"])
    last = manifest.record["last_seal"]
    if last is not None:
        UUID(last["to_id"])
    texts = (manifest.tenant["slug"], manifest.moment, manifest.server, *manifest.revisions)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("of another type")


def lines(folder: Path, entry: File) -> Iterator[str]:
    """Its lines, to the end of which nothing is certain: only there it is known to be what was written."""
    path = folder / entry.file
    digest, rows = sha256(), 0
    try:
        with _plain_file(path) as file:
            while line := file.readline(_LONGEST_LINE):
                digest.update(line)
                rows += 1
                if rows > entry.rows or not line.endswith(b"\n"):
                    break
                yield line[:-1].decode()
    except OSError as error:
        raise _damaged(path, f"it cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise _damaged(path, "it is not UTF-8") from error
    if (digest.hexdigest(), rows) != (entry.sha256, entry.rows):
        raise _damaged(path, "its content is not what the manifest says")


def objects(folder: Path, entry: File) -> Iterator[dict[str, Any]]:
    return (as_object(folder, entry, line) for line in lines(folder, entry))


def checked(folder: Path, entry: File) -> Iterator[str]:
    """Lines that are rows of the table's columns, as they are spelt."""
    for line in lines(folder, entry):
        as_object(folder, entry, line)
        yield line


def as_object(folder: Path, entry: File, line: str) -> dict[str, Any]:
    """A line as the columns' texts."""
    try:
        row = json.loads(line)
        if row.keys() == entry.columns.keys() and all(
            value is None or isinstance(value, str) for value in row.values()
        ):
            return dict(row)
    except (ValueError, AttributeError, RecursionError):
        pass
    raise _damaged(folder / entry.file, "a line of it is no row of the table's columns")


def id_in(folder: Path, entry: File, row: Mapping[str, Any]) -> UUID:
    try:
        return UUID(row["id"])
    except (ValueError, TypeError, AttributeError) as error:
        raise _damaged(folder / entry.file, "a row's id is none") from error


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


def _damaged(path: Path, what: str) -> TenantryError:
    return TransferRefused(
        f"{path}: {what}.", hint="Nothing was imported.", reason="damaged", file=str(path)
    )


def _unusable(folder: Path, what: str) -> TenantryError:
    return TransferRefused(f"{folder} cannot be used: {what}.", reason="folder")


def _unwritten(path: Path, error: OSError) -> TenantryError:
    return TransferRefused(
        f"{path} cannot be written ({error.strerror}).",
        hint="Without a manifest the folder is no export; empty it, and export again.",
        reason="folder",
    )


def _plain_file(path: Path) -> BinaryIO:
    """Neither a link out of the folder nor something that never ends. Opened without waiting, as a pipe
    would have one."""
    opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError(None, "it is no plain file")
    return os.fdopen(opened, "rb")


def _new_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
