"""What a backup says of itself. It is written last, so that what has a manifest is whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Literal, NamedTuple
from uuid import UUID

from tenantry.errors import BackupDamaged, BackupNotFound

from .cipher import Cipher
from .store import Store
from .streams import joined

Kind = Literal["logical", "physical", "incremental"]
ROOT = "backups/"
_NAME, _MARK = "manifest.json", "verified.json"


@dataclass(frozen=True, slots=True)
class File:
    """As the store holds it: of an encrypted file, the size and hash of what is encrypted."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What a table held. Without a checksum, only its rows were counted."""

    rows: int
    checksum: int | None


@dataclass(frozen=True, slots=True)
class Verified:
    at: datetime
    by: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    id: UUID
    kind: Kind
    format: str
    label: str
    database: str
    server_version: str
    system_id: str
    revision: str | None
    started: datetime
    finished: datetime
    expires: datetime | None
    files: tuple[File, ...]
    #: Of a physical backup, those that were the same before and after it.
    tables: Mapping[str, Figures]
    #: Roles that own or may use something in the database.
    roles: tuple[str, ...]
    #: Of the database itself: (role, right), and (role or "", setting, value).
    rights: tuple[tuple[str, ...], ...] = ()
    settings: tuple[tuple[str, ...], ...] = ()
    #: The backup that an incremental one builds on.
    base: UUID | None = None
    start_lsn: str | None = None
    end_lsn: str | None = None
    timeline: int | None = None
    #: The first segment of WAL that a recovery from here needs.
    start_segment: str | None = None
    segment_bytes: int = 1 << 24
    #: The next transaction's id as it ended.
    next_xid: int | None = None
    #: The key it is encrypted under; None where it is not.
    key_id: str | None = None
    #: What rides along of Redis or Valkey, or why nothing does.
    valkey: str = ""
    verified: Verified | None = field(default=None, compare=False)

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def rows(self) -> int:
        return sum(figures.rows for figures in self.tables.values())

    @property
    def is_physical(self) -> bool:
        return self.kind != "logical"

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "size": self.size, "rows": self.rows}

    def path(self, file: str) -> str:
        return f"{ROOT}{self.id}/{file}"


def write(store: Store, cipher: Cipher, manifest: Manifest) -> None:
    content = _content(manifest)
    mac = cipher.sign(content)
    text = json.dumps({"backup": json.loads(content), "mac": mac}, indent=2)
    store.put(manifest.path(_NAME), joined([text.encode()]))


def mark(store: Store, manifest: Manifest, by: str, rows: int) -> Verified:
    """Write beside it that it was restored and compared."""
    verified = Verified(datetime.now(UTC), by, rows)
    text = json.dumps(asdict(verified), default=str)
    store.put(manifest.path(_MARK), joined([text.encode()]))
    return verified


def read(store: Store, id: str) -> Manifest:
    """The backup of this id, or of the only one that ends or begins so; `latest` is the newest."""
    found = [
        m for m in every(store) if id == "latest" or str(m.id).startswith(id) or str(m.id).endswith(id)
    ]  # fmt: skip
    if not found or not id:
        raise BackupNotFound(f"There is no backup {id} in {store}.", id=id)
    if id != "latest" and len(found) > 1:
        raise BackupNotFound(f"{len(found)} backups are called {id}.", id=id)
    return found[-1]


class Survey(NamedTuple):
    #: All that can be read, the oldest first.
    backups: list[Manifest]
    #: The ids of those whose manifests cannot. They do not hide the others.
    damaged: list[str]


def survey(store: Store) -> Survey:
    """What is in a store, by one reading of each manifest."""
    found = []
    wrong = []
    marks = {}
    for kept in store.list(ROOT):
        with suppress(BackupNotFound):  # somebody may be pruning, too
            if kept.name.endswith(f"/{_NAME}"):
                try:
                    found.append(_read(store, kept.name))
                except BackupDamaged:
                    wrong.append(kept.name.split("/")[1])
            elif kept.name.endswith(f"/{_MARK}"):
                with store.open(kept.name) as file:
                    if (verified := _verified(file.read())) is not None:
                        marks[kept.name.split("/")[1]] = verified
    whole = [replace(m, verified=marks.get(str(m.id))) for m in found]
    return Survey(sorted(whole, key=lambda m: m.id), wrong)


def every(store: Store) -> list[Manifest]:
    """All backups that can be read, the oldest first."""
    return survey(store).backups


def check(store: Store, cipher: Cipher, manifest: Manifest) -> None:
    """That an encrypted backup's manifest was written by who has the key."""
    if manifest.key_id is None:
        return
    with store.open(manifest.path(_NAME)) as file:
        mac = json.load(file).get("mac") or ""
    if not cipher.is_signed(_content(manifest), manifest.key_id, mac):
        raise BackupDamaged(
            f"The manifest of {manifest.id} was changed since it was written.", name=_NAME
        )


def chain(store: Store, manifest: Manifest) -> list[Manifest]:
    """What must be there to restore it: the full backup first, itself last."""
    known = {m.id: m for m in every(store)}
    found = [manifest]
    while found[0].base is not None:
        if found[0].base not in known:
            raise BackupNotFound(
                f"{found[0].id} builds on {found[0].base}, which is gone.", id=str(found[0].base)
            )
        found.insert(0, known[found[0].base])
    return found


def objects(store: Store, manifest: Manifest) -> Iterator[str]:
    """All that belongs to it, its manifest first: what is half removed is no backup."""
    yield manifest.path(_NAME)
    for kept in list(store.list(f"{ROOT}{manifest.id}/")):
        if kept.name != manifest.path(_NAME):
            yield kept.name


def _content(manifest: Manifest) -> bytes:
    said = asdict(replace(manifest, verified=None))
    del said["verified"]
    return json.dumps(said, default=str, sort_keys=True).encode()


def _read(store: Store, name: str) -> Manifest:
    with store.open(name) as file:
        content = file.read()
    try:
        said = json.loads(content)["backup"]
        moments = {
            key: datetime.fromisoformat(said[key]) if said[key] else None
            for key in ("started", "finished", "expires")
        }
        ids = {key: UUID(said[key]) if said[key] else None for key in ("id", "base")}
        known = {f.name for f in fields(Manifest)}
        _refuse_strays(said, name)
        return Manifest(
            **{
                **{key: value for key, value in said.items() if key in known},
                **moments,
                **ids,
                "files": tuple(File(**file) for file in said["files"]),
                "tables": {table: Figures(**what) for table, what in said["tables"].items()},
                "roles": tuple(said["roles"]),
                **{key: tuple(map(tuple, said.get(key, ()))) for key in ("rights", "settings")},
            }
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BackupDamaged(f"{name} in {store} is no manifest.", name=name) from error


def _refuse_strays(said: dict[str, Any], name: str) -> None:
    """What a manifest names becomes paths, of the store and of a folder here."""
    names = [PurePosixPath(file["name"]) for file in said["files"]]
    if (
        said["id"] != name.split("/")[1]
        or not re.fullmatch(r"[0-9]*", said["system_id"])
        or any(path.is_absolute() or ".." in path.parts or not path.parts for path in names)
    ):
        raise ValueError(name)


def _verified(content: bytes) -> Verified | None:
    """None where it cannot be read: then the backup has to be verified again."""
    try:
        said = json.loads(content)
        return Verified(datetime.fromisoformat(said["at"]), said["by"], said["rows"])
    except (ValueError, KeyError, TypeError):
        return None
