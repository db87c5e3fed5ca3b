"""Lose a tenant, and then the database, and get them back: `make drill`.

Two tenants write without pause. A base backup is taken meanwhile, a second is named, they write on. Then one
of them loses rows, and is rewound to that second while the other goes on: of the other's rows none may be
written anew or lost. Then the server is killed with kill -9 and its data folder deleted, and the cluster
recovers to that second. Every row that was acknowledged before it must be there, and none that was begun after.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import tenantry
from tenantry import Database, Settings
from tenantry.kernel.plain import connected
from tenantry.keyring import new_key
from tenantry.local import SUPERUSER, LocalServers
from tenantry.migrations.runner import Migrator
from tenantry.models import metadata
from tenantry.ops.backup import (
    Cipher,
    Source,
    Target,
    Vault,
    Wishes,
    archiving,
    create,
    recover,
    scratch,
    store_of,
    wal,
)
from tenantry.ops.backup.source import system_id
from tenantry.ops.setup import init
from tenantry.ops.tenants.rewinding import rewind
from tenantry.schema.roles import LOGINS

DATABASE = "tenantry"


@dataclass
class Written:
    """One row's life, as its writer saw it."""

    id: UUID
    begun: datetime
    acknowledged: datetime


@dataclass
class Tally:
    """What was found of what was written."""

    acknowledged_before: int
    begun_after: int
    found: int
    lost: int
    too_many: int

    @classmethod
    def of(cls, written: Sequence[Written], second: datetime, found: set[UUID]) -> Tally:
        before = {w.id for w in written if w.acknowledged < second}
        after = {w.id for w in written if w.begun >= second}
        return cls(len(before), len(after), len(found), len(before - found), len(after & found))

    @property
    def ok(self) -> bool:
        return (
            not self.lost and not self.too_many and self.acknowledged_before > 0 < self.begun_after
        )


@dataclass
class Rewound(Tally):
    """One tenant's rewind. Of the other tenant: rows there were before it, how many of them were written
    anew or lost, and how many it wrote meanwhile."""

    deleted: int = 0
    others: int = 0
    others_touched: int = 0
    others_lost: int = 0
    others_meanwhile: int = 0

    @property
    def ok(self) -> bool:
        return (
            super().ok and self.deleted > 0 < self.others_meanwhile
            and not self.others_touched and not self.others_lost
        )  # fmt: skip


@dataclass
class Outcome:
    to: str
    base_backup_rows: int
    written: int
    rewind: Rewound
    rewind_s: float
    recovery: Tally
    recovery_s: float
    last_commit: str

    @property
    def ok(self) -> bool:
        return self.rewind.ok and self.recovery.ok


@dataclass
class Writer:
    """A tenant that writes until it is told to stop."""

    tenant: UUID
    written: list[Written] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, db: Database) -> None:
        project = await db.tenant(self.tenant).projects.create(name="Drill", slug="drill")
        while not self.stop.is_set():
            begun = datetime.now(UTC)
            task = await db.tenant(self.tenant).tasks.create(
                project_id=project.id, prompt="Survive", type="feature"
            )
            self.written.append(Written(task.id, begun, datetime.now(UTC)))
            await asyncio.sleep(0.002)


@dataclass(frozen=True)
class Stage:
    local: LocalServers
    settings: Settings
    archive: Archive


async def drill(folder: Path, pg_bin: Path | None, seconds: float) -> Outcome:
    local, settings, vault = await _prepared(folder, pg_bin)
    try:
        return await _drilled(local, settings, vault, folder, seconds)
    finally:
        local.down()


async def _prepared(folder: Path, pg_bin: Path | None) -> tuple[LocalServers, Settings, Vault]:
    home, spool = folder / "home", folder / "spool"
    major = 15 if pg_bin else 18
    plain = Settings(home=home, pg_bin=pg_bin, backup_store=str(folder / "backups"))
    # The server's account copies segments aside; we encrypt them and put them into the store.
    archive = archiving.settings_for(plain, major, spool=spool, timeout_s=1)
    if pg_bin:
        archive.pop("summarize_wal", None)
    local = LocalServers(home, pg_bin=pg_bin, settings={**archive, "shared_buffers": "32MB"})
    spool.mkdir()
    local.account.own(spool)
    say("A new server that archives its WAL")
    await asyncio.to_thread(local.up, valkey=False)
    passwords = {role: local.password(role) for role in LOGINS}
    await init(local.postgres_url(SUPERUSER, "postgres"), DATABASE, passwords)
    await Migrator(local.postgres_url("tenantry_owner", DATABASE), metadata).up()
    return local, plain, Vault(store_of(plain.backup_store), Cipher([new_key()]))


async def _drilled(
    local: LocalServers, settings: Settings, vault: Vault, folder: Path, seconds: float
) -> Outcome:
    source = Source.of(settings)
    archive = Archive(vault, folder / "spool", await system_id(source), source.url)
    shipping = asyncio.create_task(archive.ship())
    async with await tenantry.connect(settings=settings) as db:
        acme, beta = Writer(await _tenant(db, "acme")), Writer(await _tenant(db, "beta"))
        acting, other = (asyncio.create_task(writer.run(db)) for writer in (acme, beta))
        await asyncio.sleep(seconds / 2)
        say("A base backup, while two tenants write")
        await create(settings, vault, Wishes(kind="physical", valkey=False), lambda _: None)
        at_base = len(acme.written) + len(beta.written)
        await asyncio.sleep(seconds / 2)
        second = datetime.fromtimestamp(int(time.time()) + 1, UTC)
        await asyncio.sleep((second - datetime.now(UTC)).total_seconds())
        say(f"The second is {second:%H:%M:%S}; writing goes on")
        await asyncio.sleep(seconds / 2)
        acme.stop.set()
        await acting
        begun = time.monotonic()
        rewound = await _rewind(db, Stage(local, settings, archive), acme, beta, second)
        rewind_s = time.monotonic() - begun
        beta.stop.set()
        await other
    written = [*acme.written, *beta.written]
    archive.stop.set()
    await shipping
    await archive.finish()

    pid, data = local.status()[0].pid, local.status()[0].data_dir
    say(f"kill -9 {pid}, and {data} is gone")
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(_lose, data)

    say("Recovering")
    begun = time.monotonic()
    reached = await recover(local, vault, Target.parse(second.isoformat()), data, lambda _: None)
    took = time.monotonic() - begun
    await asyncio.to_thread(local.up, valkey=False)
    async with await tenantry.connect(settings=settings) as db:
        found = set(await _rows(db))
    return Outcome(
        to=second.isoformat(),
        base_backup_rows=at_base,
        written=len(written),
        rewind=rewound,
        rewind_s=round(rewind_s, 2),
        recovery=Tally.of(written, second, found),
        recovery_s=round(took, 2),
        last_commit=str(reached.last_commit),
    )


async def _tenant(db: Database, name: str) -> UUID:
    async with db.service("drill") as s:
        return (await s.tenants.create(name=name, slug=name, status="active")).id


async def _rewind(
    db: Database, stage: Stage, acme: Writer, beta: Writer, second: datetime
) -> Rewound:
    """`tenantry tenant restore acme --to SECOND --apply`, while beta writes."""
    gone = [w.id for w in acme.written[::3]]
    say(f"acme loses {len(gone)} rows, and is set back to the second while beta writes on")
    async with db.service("drill") as s:
        await s.execute("DELETE FROM tenantry.tasks WHERE id = ANY ($1)", gone)
        await s.tenants.suspend(acme.tenant)
    archive = stage.archive
    await archive.finish()
    others, known = await _rows(db, beta.tenant), len(beta.written)
    async with scratch.past(
        stage.local, stage.settings.pg_bin, archive.vault, Target.parse(second.isoformat()), lambda _: None,
        database=DATABASE, system_id=archive.cluster,
    ) as then:  # fmt: skip
        await rewind(db, acme.tenant, then.url, apply=True)
    acknowledged = list(beta.written)
    after = await _rows(db, beta.tenant)
    tally = Tally.of(acme.written, second, set(await _rows(db, acme.tenant)))
    return Rewound(
        **asdict(tally),
        deleted=len(gone),
        others=len(others),
        others_touched=sum(after.get(task) != place for task, place in others.items()),
        others_lost=len({w.id for w in acknowledged} - set(after)),
        others_meanwhile=len(acknowledged) - known,
    )


async def _rows(db: Database, tenant: UUID | None = None) -> dict[UUID, str]:
    """Each task, with the transaction that wrote it and its place on disk: a row that is written
    anew, even with the same content, has others."""
    async with db.service("drill") as s:
        rows = await s.fetch(
            "SELECT id, (xmin, ctid)::text AS place FROM tenantry.tasks"
            " WHERE $1::uuid IS NULL OR tenant_id = $1",
            tenant,
        )
    return {row["id"]: row["place"] for row in rows}


@dataclass
class Archive:
    """The server's account copies segments aside; from there they go into the store."""

    vault: Vault
    spool: Path
    cluster: str
    url: str
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ship(self) -> None:
        while not self.stop.is_set():
            await self._ship()
            await asyncio.sleep(0.2)

    async def finish(self) -> None:
        """All that was written until now is in the store."""
        await _finish_segment(self.url)
        await self._ship()

    async def _ship(self) -> None:
        async with self.lock:
            await asyncio.to_thread(wal.ship, self.vault, self.spool, self.cluster)


async def _finish_segment(url: str) -> None:
    async with connected(url) as admin:
        last = await admin.fetchval("SELECT pg_walfile_name(pg_switch_wal())")
        for _ in range(1200):
            if (
                await admin.fetchval("SELECT last_archived_wal FROM pg_stat_archiver") or ""
            ) >= last:
                return
            await asyncio.sleep(0.05)
        raise SystemExit(f"{last} was not archived.")


def _lose(data: Path) -> None:
    """A killed server's children write for a moment longer."""
    while data.exists():
        with suppress(OSError):
            shutil.rmtree(data)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _show(said: dict[str, Any], indent: str = "") -> None:
    for name, value in said.items():
        words = indent + name.replace("_", " ")
        if isinstance(value, dict):
            print(words)
            _show(value, "  ")
        else:
            print(f"{words:22} {value}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6, help="how long to write")
    parser.add_argument("--pg-bin", type=Path, help="a PostgreSQL other than the embedded one")
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("TENANTRY_")]:
        del os.environ[name]  # the drill works on a server of its own, whatever else is set here
    folder = Path(tempfile.mkdtemp(prefix="tenantry-drill-"))
    folder.chmod(0o755)  # root's servers run as another account
    try:
        outcome = asyncio.run(drill(folder, options.pg_bin, options.seconds))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps(asdict(outcome)))
    else:
        _show(asdict(outcome))
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main())
