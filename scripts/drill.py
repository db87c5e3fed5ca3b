"""Lose a database, and get it back: `make drill`.

Writes without pause, takes a base backup meanwhile, names a second, writes on, kills the server with
kill -9, deletes its data folder, and recovers to that second. Every row that was acknowledged before it
must be there, and none that was begun after it.
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
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
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
    store_of,
    wal,
)
from tenantry.ops.backup.source import system_id
from tenantry.ops.setup import init
from tenantry.schema.roles import LOGINS

DATABASE = "tenantry"


@dataclass
class Written:
    """One row's life, as its writer saw it."""

    id: UUID
    begun: datetime
    acknowledged: datetime


@dataclass
class Outcome:
    to: str
    base_backup_rows: int
    written: int
    acknowledged_before: int
    begun_after: int
    under_way: int
    found: int
    lost: int
    too_many: int
    last_commit: str
    recovery_s: float
    ok: bool = field(init=False)

    def __post_init__(self) -> None:
        self.ok = (
            not self.lost and not self.too_many and self.acknowledged_before > 0 < self.begun_after
        )


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
    cluster = await system_id(source)
    stop, written = asyncio.Event(), list[Written]()
    async with await tenantry.connect(settings=settings) as db:
        work = [asyncio.create_task(_write(db, name, written, stop)) for name in ("acme", "beta")]
        shipping = asyncio.create_task(_ship(vault, folder / "spool", cluster, stop))
        await asyncio.sleep(seconds / 2)
        say("A base backup, while two tenants write")
        await create(settings, vault, Wishes(kind="physical", valkey=False), lambda _: None)
        at_base = len(written)
        await asyncio.sleep(seconds / 2)
        second = datetime.fromtimestamp(int(time.time()) + 1, UTC)
        await asyncio.sleep((second - datetime.now(UTC)).total_seconds())
        say(f"The second is {second:%H:%M:%S}; writing goes on")
        await asyncio.sleep(seconds / 2)
        stop.set()
        await asyncio.gather(*work)
    await shipping
    await _finish_segment(source.url)
    await asyncio.to_thread(wal.ship, vault, folder / "spool", cluster)

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
    async with await tenantry.connect(settings=settings) as db, db.service("drill") as s:
        found = {row["id"] for row in await s.fetch("SELECT id FROM tenantry.tasks")}
    before = {w.id for w in written if w.acknowledged < second}
    after = {w.id for w in written if w.begun >= second}
    return Outcome(
        to=second.isoformat(),
        base_backup_rows=at_base,
        written=len(written),
        acknowledged_before=len(before),
        begun_after=len(after),
        under_way=len(written) - len(before) - len(after),
        found=len(found),
        lost=len(before - found),
        too_many=len(after & found),
        last_commit=str(reached.last_commit),
        recovery_s=round(took, 2),
    )


async def _write(db: Database, name: str, written: list[Written], stop: asyncio.Event) -> None:
    async with db.service("drill") as s:
        tenant = await s.tenants.create(name=name, slug=name, status="active")
    project = await db.tenant(tenant.id).projects.create(name="Drill", slug="drill")
    while not stop.is_set():
        begun = datetime.now(UTC)
        task = await db.tenant(tenant.id).tasks.create(
            project_id=project.id, prompt="Survive", type="feature"
        )
        written.append(Written(task.id, begun, datetime.now(UTC)))
        await asyncio.sleep(0.002)


async def _ship(vault: Vault, spool: Path, cluster: str, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await asyncio.to_thread(wal.ship, vault, spool, cluster)
        await asyncio.sleep(0.2)


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
        for name, value in asdict(outcome).items():
            print(f"{name.replace('_', ' '):20} {value}")
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main())
