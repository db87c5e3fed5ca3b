"""Recovery to a point in time: a copy of the cluster and its WAL, in a new data folder."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from tenantry.errors import (
    BackupDamaged,
    BackupError,
    BackupNotFound,
    InvalidInput,
    RecoveryTargetMissed,
    TenantryError,
)
from tenantry.kernel.plain import connected
from tenantry.local import LocalServers

from . import manifest, private, restoring, wal
from .figures import figures
from .manifest import Figures, Manifest
from .source import Source, facts, program_failed
from .store import Store
from .streams import joined
from .vault import Vault
from .workshop import Progress

_LABELS = "labels/"
_LABEL = re.compile(r"[A-Za-z0-9][\w.-]{0,62}")
_TARGETS = tuple(f"recovery_target{kind}" for kind in ("", "_time", "_xid", "_name", "_lsn"))
_MISSED = "recovery ended before configured recovery target was reached"


@dataclass(frozen=True, slots=True)
class Target:
    """The point that a recovery stops at."""

    kind: Literal["time", "xid", "label", "latest"]
    value: str
    at: datetime | None = None

    @classmethod
    def parse(cls, text: str) -> Target:
        """`latest`, a time with its zone, a transaction's number, or a label."""
        if text == "latest":
            return cls("latest", text)
        if text.isdigit():
            return cls("xid", text)
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            if _LABEL.fullmatch(text):
                return cls("label", text)
            raise InvalidInput(
                f"{text} is no time, transaction or label.",
                field="to",
                hint="2026-11-21T14:05:00+00:00, a transaction's number, a label, or latest.",
            ) from None
        if at.tzinfo is None:
            raise InvalidInput(
                f"{text} does not say its time zone.", field="to", hint=f"In UTC: {text}+00:00"
            )
        return cls("time", at.isoformat(), at)

    def settings(self, *, exclusive: bool) -> dict[str, str]:
        if self.kind == "latest":
            return dict.fromkeys(_TARGETS, "")
        name = {"time": "time", "xid": "xid", "label": "name"}[self.kind]
        # What the copy's own files say of targets is overruled; there may be one only, so ours is last.
        ours = f"recovery_target_{name}"
        said = {other: "" for other in _TARGETS if other != ours}
        said |= {ours: self.value, "recovery_target_action": "promote"}
        if exclusive and self.kind != "label":
            said["recovery_target_inclusive"] = "off"
        return said


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a recovery ended."""

    data_dir: Path
    backup: str
    #: The time of the last transaction that is in it, where there was one after the backup.
    last_commit: datetime | None
    lsn: str | None
    timeline: int
    tables: dict[str, Figures]

    @property
    def rows(self) -> int:
        return sum(figure.rows for figure in self.tables.values())


async def label(source: Source, store: Store, name: str) -> datetime:
    """Name this moment, so that a recovery can go to it; its segment is finished at once."""
    if not _LABEL.fullmatch(name) or name.isdigit() or name == "latest":
        raise InvalidInput(f"{name} is no label: letters, digits, - . _", field="label")
    async with connected(source.url, name="tenantry-backup") as connection:
        known = await facts(connection)
        where = f"{_LABELS}{known.system_id}/{name}.json"
        if any(kept.name == where for kept in store.list(where)):
            raise InvalidInput(f"There is a label {name} already.", field="label")
        lsn = await connection.fetchval("SELECT pg_create_restore_point($1)::text", name)
        at = datetime.now(UTC)
        await connection.fetchval("SELECT pg_switch_wal()::text")
    text = json.dumps({"label": name, "at": at.isoformat(), "lsn": lsn})
    await asyncio.to_thread(store.put, where, joined([text.encode()]))
    return at


async def recover(
    local: LocalServers,
    vault: Vault,
    target: Target,
    data: Path,
    tell: Progress,
    *,
    backup: str | None = None,
    exclusive: bool = False,
    timeline: str = "latest",
    database: str | None = None,
) -> Reached:
    """Make a data folder of what the cluster was then; no other folder is touched. The server is stopped
    again afterwards, and archives nothing until it is told to."""
    start = base_for(vault.store, target, backup)
    async with replayed(
        local, vault, target, start, data, tell=tell, exclusive=exclusive, timeline=timeline
    ) as server:
        tell("Counting")
        reached = await _reached(server, data, start, database or start.database)
        _archive_nothing(data)
    return reached


@asynccontextmanager
async def replayed(
    local: LocalServers,
    vault: Vault,
    target: Target,
    start: Manifest,
    data: Path,
    *,
    tell: Progress,
    exclusive: bool = False,
    timeline: str = "latest",
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[private.Private]:
    """A running server on a new data folder, of the copy `start` and the WAL up to the point. The folder
    stays, unless something goes wrong."""
    names = list(wal.needed(wal.segments(vault.store, start.system_id), start.start_segment or ""))
    if target.kind == "latest":
        _refuse_gaps(names, start)
    account = await restoring.into_folder(local, vault, start, data, tell)
    archive = Path(tempfile.mkdtemp(prefix=f".{data.name}.wal-", dir=data.parent))
    try:
        account.own(archive)
        for name in names:
            tell(f"Fetching WAL {name}")
            await asyncio.to_thread(wal.fetch, vault, start.system_id, name, archive / name)
            account.own(archive / name)
        (data / "recovery.signal").touch(0o600)
        account.own(data / "recovery.signal")
        wanted = {
            "restore_command": f"cp {shlex.quote(str(archive)).replace('%', '%%')}/%f %p",
            "recovery_target_timeline": timeline,
            "hot_standby": "on",
            **target.settings(exclusive=exclusive),
            **(settings or {}),
        }
        tell("Replaying WAL")
        async with private.running(local, data, account, settings=wanted) as server:
            await _promoted(server, target)
            yield server
    except BaseException:
        # The folder was new, and is half a recovery now.
        await asyncio.to_thread(shutil.rmtree, data, ignore_errors=True)
        raise
    finally:
        await asyncio.to_thread(shutil.rmtree, archive, ignore_errors=True)


def _refuse_gaps(names: list[str], start: Manifest) -> None:
    """The server would end its recovery at the first hole, and call that the latest."""
    if start.timeline is None or start.end_lsn is None:
        return
    last = wal.segment_of(start.timeline, start.end_lsn, start.segment_bytes)
    # The copy has the WAL that it ends with, so a hole there is none.
    lost = wal.gaps(iter([*names, last]), start.start_segment or "", start.segment_bytes)
    if lost := [name for name in lost if name[8:] > last[8:]]:
        raise BackupDamaged(
            f"The archive lacks {', '.join(lost[:3])}: what is after that cannot be reached.",
            name=lost[0],
            hint="Recover to a time before it, or begin with a later copy (--from).",
        )


def base_for(
    store: Store, target: Target, backup: str | None, *, system_id: str | None = None
) -> Manifest:
    """The newest copy that ended before the point, or the one that was named. Of several clusters' copies
    those of `system_id`, if that is known."""
    if backup is not None:
        found = manifest.read(store, backup)
        if not found.is_physical:
            raise InvalidInput(f"{found.id} is a dump, which no WAL continues.", field="backup")
        return found
    copies = [
        m for m in manifest.every(store) if m.is_physical and system_id in (None, m.system_id)
    ]
    before = [m for m in copies if _is_before(store, m, target)]
    if len({m.system_id for m in before}) > 1:
        raise InvalidInput(
            f"{store} holds copies of several clusters.",
            field="backup",
            hint="Name one with --from.",
        )
    if not before:
        raise BackupNotFound(
            f"No physical backup in {store} ended before {target.value}.",
            hint=f"The oldest ended at {copies[0].finished:%Y-%m-%d %H:%M:%S %Z}."
            if copies
            else "Take one: tenantry backup create --physical",
        )
    return before[-1]


def _is_before(store: Store, copy: Manifest, target: Target) -> bool:
    if target.kind == "time":
        return target.at is not None and copy.finished <= target.at
    if target.kind == "xid":
        return copy.next_xid is not None and copy.next_xid <= int(target.value)
    if target.kind == "label":
        try:
            with store.open(f"{_LABELS}{copy.system_id}/{target.value}.json") as file:
                return copy.finished <= datetime.fromisoformat(json.load(file)["at"])
        except BackupNotFound:
            return False
    return True


async def _promoted(server: private.Private, target: Target) -> None:
    """Wait until it is a primary, or has ended for want of WAL."""
    while server.runs:
        try:
            async with connected(server.url("postgres")) as connection:
                if not await connection.fetchval("SELECT pg_is_in_recovery()"):
                    return
        except TenantryError:  # it is starting, or not consistent yet
            if not server.runs:
                break
        await asyncio.sleep(0.05)
    words = server.words()
    if any(_MISSED in line for line in words):
        last = next((line for line in reversed(words) if "last completed transaction" in line), "")
        reached = last.rpartition(" log time ")[2]
        raise RecoveryTargetMissed(
            f"The archive ends before {target.value}"
            + (f": its last transaction is of {reached}." if reached else "."),
            reached=reached,
            hint="Recover to an earlier point, or to `latest`.",
        )
    raise program_failed("postgres", words[-20:])


async def _reached(server: private.Private, data: Path, start: Manifest, database: str) -> Reached:
    async with connected(server.url(database)) as connection:
        [(last, lsn, timeline)] = await connection.fetch(
            "SELECT pg_last_xact_replay_timestamp(), pg_last_wal_replay_lsn()::text,"
            " (SELECT timeline_id FROM pg_control_checkpoint())"
        )
        tables = await figures(connection, checksums=False)
    return Reached(data, str(start.id), last, lsn, timeline, tables)


def _archive_nothing(data: Path) -> None:
    """Until somebody says which of the two is the cluster now: both would write to one archive."""
    auto = data / "postgresql.auto.conf"
    try:
        with auto.open("a") as file:
            file.write(
                "archive_mode = 'off'  # recovered: turn it on where this replaces the original\n"
            )
    except OSError as error:
        raise BackupError(f"{auto} cannot be written: {error.strerror}.", path=str(auto)) from error
