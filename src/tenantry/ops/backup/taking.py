"""Taking a backup: everything of one moment, compared with what the database held then."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from tenantry.config import Settings
from tenantry.errors import BackupDamaged, BackupError, BackupNotFound, InvalidInput
from tenantry.ids import uuid7
from tenantry.kernel.plain import connected

from . import logical, manifest, physical, valkey
from .figures import figures
from .manifest import Figures, Manifest
from .source import Facts, Source, facts
from .store import Store
from .vault import Vault
from .wal import segment_of
from .workshop import Progress, fetch, keep, workshop

_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a backup shall be taken."""

    kind: manifest.Kind = "logical"
    label: str = ""
    form: logical.Format = "custom"
    compress: logical.Compression = "gzip"
    level: int | None = None
    jobs: int = 1
    #: The backup that an incremental one builds on.
    base: str = "latest"
    checksums: bool = True
    expires_after: timedelta | None = None
    valkey: bool = True


async def create(settings: Settings, vault: Vault, wishes: Wishes, tell: Progress) -> Manifest:
    """Take one. Whatever interrupts it, the store then lists nothing of it."""
    new = uuid7()
    started = datetime.now(UTC)
    source = Source.of(settings)
    try:
        async with (
            workshop() as folder,
            connected(source.url, name="tenantry-backup") as connection,
        ):
            known = await facts(connection)
            made = folder / "made"
            made.mkdir(mode=0o700)
            taking = _Taking(source, connection, vault, known, made, wishes, tell)
            what = await (
                taking.logical() if wishes.kind == "logical" else taking.physical(f"tenantry-{new}")
            )
            rides = "left out"
            if wishes.valkey:
                tell("Copying Valkey")
                rides = await valkey.copy(settings, made / "valkey")
            whole = Manifest(
                id=new,
                kind=wishes.kind,
                label=wishes.label,
                database=known.database,
                server_version=known.server_version,
                system_id=known.system_id,
                revision=known.revision,
                roles=known.roles,
                rights=known.rights,
                settings=known.settings,
                started=started,
                files=tuple(await keep(vault, lambda n: f"{manifest.ROOT}{new}/{n}", made, tell)),
                finished=datetime.now(UTC),
                expires=started + wishes.expires_after if wishes.expires_after else None,
                key_id=vault.cipher.key_id,
                valkey=rides,
                **what,
            )
            # Not in a thread, which would go on and list it after we were interrupted.
            _require_kept(vault.store, whole)
            manifest.write(vault.store, vault.cipher, whole)
            manifest.chain(vault.store, whole)  # `prune` may have taken what it builds on meanwhile
    except BaseException:
        with suppress(Exception):
            for kept in list(vault.store.list(f"{manifest.ROOT}{new}/")):
                vault.store.remove(kept.name)
        raise
    return whole


@dataclass(frozen=True, slots=True)
class _Taking:
    """What both kinds need. Each answers with its part of the manifest."""

    source: Source
    connection: asyncpg.Connection[Any]
    vault: Vault
    known: Facts
    folder: Path
    wishes: Wishes
    tell: Progress

    async def logical(self) -> dict[str, Any]:
        """The dump and the figures are of one snapshot, so that they must agree to the row."""
        wishes = self.wishes
        await self.connection.execute(_SNAPSHOT)
        snapshot = await self.connection.fetchval("SELECT pg_export_snapshot()")
        self.tell("Dumping, and counting the same snapshot")
        dumping = asyncio.create_task(
            logical.dump(
                self.source, self.folder, snapshot=snapshot, form=wishes.form,
                compress=wishes.compress, level=wishes.level, jobs=wishes.jobs,
            )
        )  # fmt: skip
        try:
            tables = await figures(self.connection, checksums=wishes.checksums)
            await dumping
        finally:
            dumping.cancel()
            await asyncio.wait([dumping])
        await self.connection.execute("ROLLBACK")
        return {"format": wishes.form, "tables": tables}

    async def physical(self, label: str) -> dict[str, Any]:
        """No snapshot is of the moment that the copy ends with. What was the same before and after it
        must be the same in it; the other tables are counted when it is verified, and not compared."""
        wishes, base, since = self.wishes, None, None
        if wishes.kind == "incremental":
            base = _base(self.vault.store, self.known, wishes.base)
            manifest.check(self.vault.store, self.vault.cipher, base)
            before = self.folder.with_name("base")
            await fetch(self.vault, base, before, self.tell, only=[physical.MANIFEST])
            since = before / physical.MANIFEST
        self.tell("Counting")
        first = await self._counted()
        self.tell("Copying the cluster")
        span = await physical.copy(
            self.source, self.known, self.folder, label=label, compress=wishes.compress,
            level=wishes.level, since=since,
        )  # fmt: skip
        xid = await self.connection.fetchval(
            "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        )
        self.tell("Counting again")
        second = await self._counted()
        return {
            "format": "base",
            "tables": {table: what for table, what in first.items() if second.get(table) == what},
            "base": base.id if base else None,
            "start_lsn": span.start_lsn,
            "end_lsn": span.end_lsn,
            "timeline": span.timeline,
            "start_segment": segment_of(span.timeline, span.start_lsn, self.known.segment_bytes),
            "segment_bytes": self.known.segment_bytes,
            "next_xid": xid,
        }

    async def _counted(self) -> dict[str, Figures]:
        async with self.connection.transaction(isolation="repeatable_read", readonly=True):
            return await figures(self.connection, checksums=self.wishes.checksums)


def _base(store: Store, known: Facts, id: str) -> Manifest:
    mine = [m for m in manifest.every(store) if m.is_physical and m.system_id == known.system_id]
    if id != "latest":
        base = manifest.read(store, id)
        if base not in mine:
            raise InvalidInput(f"{base.id} is no physical backup of this cluster.", field="base")
        return base
    if not mine:
        raise BackupNotFound(
            "There is no physical backup of this cluster to build on.",
            hint="Take a full one first.",
        )
    return mine[-1]


def _require_kept(store: Store, whole: Manifest) -> None:
    """Whatever else works on the store, a manifest is written of what is there."""
    there = {kept.name: kept.size for kept in store.list(f"{manifest.ROOT}{whole.id}/")}
    for file in whole.files:
        if there.get(whole.path(file.name)) != file.size:
            raise BackupDamaged(
                f"{file.name} is not in {store} any more as it was written.", name=file.name
            )


def require_whole(found: Manifest, kinds: tuple[manifest.Kind, ...], what: str) -> None:
    if found.kind not in kinds:
        raise BackupError(f"{found.id} is a {found.kind} backup: {what}.", id=str(found.id))
