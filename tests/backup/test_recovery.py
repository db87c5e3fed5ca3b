"""Recovery to a point in time, from full and incremental copies and the archive."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tenantry.errors import (
    BackupDamaged,
    BackupError,
    BackupNotFound,
    FeatureUnavailable,
    InvalidInput,
    RecoveryTargetMissed,
)
from tenantry.keyring import new_key
from tenantry.local import LocalServers
from tenantry.ops.backup import (
    Cipher,
    Reached,
    Source,
    Target,
    Vault,
    label,
    plan,
    prune,
    read,
    recover,
    store_of,
    verify,
    wal,
)
from tenantry.ops.backup.retention import Rules
from tenantry.ops.backup.store import FolderStore
from tenantry.ops.backup.streams import joined
from tests.cli.helpers import Cli
from tests.fixtures.servers import require, system_postgres

from .cluster import Cluster, cluster, marks_in, program_for
from .conftest import take
from .test_retention import kept

ROOT = Path(__file__).parents[2]
#: The incremental copies' test has the wheel's server.
SOAK = bool(os.environ.get("TENANTRY_SOAK"))
KINDS = ["system", "wheel"] if SOAK else ["system"]


def bin_of(kind: str) -> Path | None:
    if kind == "system":
        found = system_postgres()
        require("a system PostgreSQL (apt install postgresql)", found)
        return found
    return None


def unfinished(folder: Path) -> list[Path]:
    return [*folder.glob(".*")]


@dataclass(frozen=True)
class Recovery:
    """`to(point, name)` recovers into a folder of that name."""

    cluster: Cluster
    vault: Vault
    folder: Path

    async def to(self, point: str, name: str, *, exclusive: bool = False) -> Reached:
        return await recover(
            self.cluster.local, self.vault, Target.parse(point), self.folder / name,
            lambda _: None, exclusive=exclusive,
        )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cluster_recovers_to_a_point(folder: Path, kind: str) -> None:
    """Encrypted; the server's own archive_command fills the archive."""
    key = new_key()
    vault = Vault(store_of(str(folder / "store")), Cipher([key]))
    packing = {"wheel": "gzip", "system": "zstd"}[kind]
    async with cluster(folder, bin_of(kind), vault, keys=[key]) as c:
        recovery = Recovery(c, vault, folder)
        await c.mark(1)
        # As a cluster says that was itself recovered to a point once.
        await c.ask("ALTER SYSTEM SET recovery_target_name = 'long-ago'")
        full = await take(c.settings, vault, kind="physical", compress=packing)
        assert full.key_id is not None
        await c.mark(2)
        await label(Source.of(c.settings), vault.store, "two")
        await c.mark(3)
        moment = datetime.now(UTC)
        await c.mark(4)
        await c.archived()

        reached = await recovery.to(moment.isoformat(), "by-time")
        assert reached.backup == str(full.id)
        assert reached.last_commit is not None
        assert reached.last_commit <= moment
        assert reached.timeline == 2
        assert reached.tables["public.marks"].rows == 3
        assert await marks_in(c.local, folder / "by-time") == [1, 2, 3]
        assert (await recovery.to("two", "by-label")).rows == 2
        # A folder that holds anything is refused, and the original never stopped.
        for name in ("by-label", str(c.local.status()[0].data_dir)):
            with pytest.raises(InvalidInput, match="not empty"):
                await recovery.to("latest", name)
        assert await c.marks() == [1, 2, 3, 4]
        # Never a folder that a link leads to, either.
        (folder / "link").symlink_to(c.local.status()[0].data_dir)
        with pytest.raises(InvalidInput, match="not empty"):
            await recovery.to("latest", "link")
        if kind == "system":
            with pytest.raises(FeatureUnavailable, match="came with 17"):
                await take(c.settings, vault, kind="incremental")
        assert not unfinished(folder)


async def test_an_incremental_copy_recovers_from_a_bucket(
    folder: Path, bucket: Vault, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Encrypted, by an archive that `backup configure --apply` sets up, and pruned in between."""
    vault = bucket
    async with cluster(folder, None, vault, keys=[key], archives=False) as c:
        await _configured(c, folder, monkeypatch)
        recovery = Recovery(c, vault, folder)
        older = None
        if SOAK:
            older = await take(c.settings, vault, kind="physical", compress="none")
            await c.archived()
        await c.mark(1)
        full = await take(c.settings, vault, kind="physical", compress="none")
        before = await c.mark(2)
        newest = await take(c.settings, vault, kind="incremental")
        assert newest.base == full.id
        assert newest.size < full.size / 2
        assert newest.key_id is not None
        await c.mark(3)
        await c.archived()
        # What the newest builds on stays, and the WAL from there.
        what = plan(vault.store, Rules(last=1))
        assert what.removed == ((older,) if older else ())
        assert what.why[str(full.id)] == f"needed by {newest.id}"
        assert all(name < str(full.start_segment) for _, name in what.wal)
        prune(vault.store, what)

        reached = await recovery.to("latest", "latest")
        assert (reached.backup, reached.rows) == (str(newest.id), 3)
        with pytest.raises(BackupNotFound, match="oldest ended"):
            await recovery.to("2020-01-01T00:00:00+00:00", "early")
        if SOAK:
            assert (await recovery.to(str(before), "before", exclusive=True)).rows == 1
            with pytest.raises(RecoveryTargetMissed) as missed:
                await recovery.to((datetime.now(UTC) + timedelta(hours=1)).isoformat(), "missed")
            assert missed.value.reached
            assert not (folder / "missed").exists()
            report = await verify(c.local, None, vault, newest, lambda _: None)
            assert report.ok
            assert report.compared == 1
        assert not unfinished(folder)


async def _configured(c: Cluster, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an operator does it; a restart makes it hold."""
    monkeypatch.setenv("TENANTRY_HOME", str(c.settings.home))
    monkeypatch.setenv("TENANTRY_BACKUP_STORE", c.settings.backup_store)
    monkeypatch.chdir(folder)
    said = await asyncio.to_thread(
        Cli(folder).json, "backup", "configure", "--apply", "--program", program_for(c.local.account),
        "--keys-file", str(folder / "keys"), "--timeout", "30",
    )  # fmt: skip
    assert said["applied"]
    assert said["pending"] == ["archive_mode"]
    assert await c.ask("SHOW archive_timeout") == "30s"
    assert await c.ask("SHOW summarize_wal") == "on"
    await asyncio.to_thread(c.local.down)
    await asyncio.to_thread(c.local.up, valkey=False)
    assert await c.ask("SHOW archive_mode") == "on"


async def test_a_hole_in_the_archive_is_told(folder: Path, vault: Vault) -> None:
    """The server would end its recovery there, and call that the latest."""
    store = vault.store
    assert isinstance(store, FolderStore)
    copy = kept(
        store, 1, kind="physical", start_segment="000000010000000000000003", timeline=1,
        start_lsn="0/3000028", end_lsn="0/5000100",
    )  # fmt: skip
    # What lies before the copy's end is in the copy.
    for number in (3, 6, 8, 9):
        store.put(f"wal/{copy.system_id}/0000000100000000{number:08X}", joined([b"x"]))
    with pytest.raises(BackupDamaged, match="lacks 000000010000000000000007:"):
        await recover(
            LocalServers(folder / "home"),
            vault,
            Target.parse("latest"),
            folder / "new",
            lambda _: None,
        )
    assert not (folder / "new").exists()


async def test_an_archive_takes_a_segment_once(folder: Path, sealed_vault: Vault) -> None:
    name = "000000010000000000000007"
    segment = folder / name
    segment.write_bytes(b"w" * (1 << 20))
    assert wal.push(sealed_vault, segment, "1")
    assert not wal.push(sealed_vault, segment, "1")
    segment.write_bytes(b"x" * (1 << 20))
    with pytest.raises(BackupError, match="Two servers"):
        wal.push(sealed_vault, segment, "1")
    wal.fetch(sealed_vault, "1", name, folder / "back")
    assert (folder / "back").read_bytes() == b"w" * (1 << 20)
    with pytest.raises(BackupNotFound):
        wal.fetch(sealed_vault, "1", "000000010000000000000008", folder / "none")
    kept = folder / "store" / "wal" / "1" / name
    whole = kept.read_bytes()
    for damaged in (whole[:-1], whole[:-20] + b"0" * 20, whole.replace(b'"size"', b'"sise"')):
        kept.write_bytes(damaged)
        with pytest.raises(BackupError):
            wal.fetch(sealed_vault, "1", name, folder / "damaged")
        assert not (folder / "damaged").exists()
    with pytest.raises(InvalidInput):
        wal.push(sealed_vault, folder / "notes.txt", "1")
    assert list(wal.segments(sealed_vault.store, "1")) == [name]


def test_gaps_are_found() -> None:
    names = [f"0000000100000000{n:08X}" for n in (250, 251, 254, 255)] + [
        "000000010000000100000000"
    ]
    assert wal.gaps(iter(names), names[0], 1 << 24) == [
        f"0000000100000000{n:08X}" for n in (252, 253)
    ]
    assert list(wal.no_longer_needed(iter([*names, "00000002.history"]), names[2])) == names[:2]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("latest", "latest"),
        ("123", "xid"),
        ("before-upgrade", "label"),
        ("2026-11-21T10:00:00Z", "time"),
    ],
)
def test_a_point_is_read(text: str, kind: str) -> None:
    assert Target.parse(text).kind == kind


@pytest.mark.parametrize("text", ["2026-11-21T10:00:00", "", "a b", "../x"])
def test_what_is_no_point_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Target.parse(text)


async def test_the_drill(temporary: Path) -> None:
    """TMPDIR, which says where it works, is a folder in memory here."""
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(ROOT / "scripts" / "drill.py"), "--seconds", "1", "--json"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr + ran.stdout
    outcome = json.loads(ran.stdout)
    rewind, recovery = outcome["rewind"], outcome["recovery"]
    for tally in (rewind, recovery):
        assert tally["lost"] == tally["too_many"] == 0
        assert 0 < tally["acknowledged_before"] <= tally["found"]
        assert tally["begun_after"] > 0
    assert recovery["found"] < outcome["written"]
    # It had lost rows, and the other wrote on and had none of its rows written anew.
    assert rewind["deleted"] > 0
    assert rewind["others"] > 0 < rewind["others_meanwhile"]
    assert rewind["others_touched"] == rewind["others_lost"] == 0


def test_the_newest_is_read_by_a_word(vault: Vault) -> None:
    with pytest.raises(BackupNotFound):
        read(vault.store, "latest")
