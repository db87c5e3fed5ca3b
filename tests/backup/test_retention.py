"""What goes and what stays, by rules alone."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tenantry.errors import BackupDamaged, BackupNotFound
from tenantry.ids import uuid7_at
from tenantry.ops.backup import Cipher, Manifest, Rules, every, plan, prune
from tenantry.ops.backup import manifest as manifests
from tenantry.ops.backup.store import FolderStore
from tenantry.ops.backup.streams import joined

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def kept(store: FolderStore, days_ago: float, **values: Any) -> Manifest:
    at = NOW - timedelta(days=days_ago)
    made = Manifest(
        **{
            "id": uuid7_at(at), "kind": "logical", "format": "custom", "label": "", "database": "x",
            "server_version": "18.6", "system_id": "1", "revision": None, "started": at,
            "finished": at, "expires": None, "files": (), "tables": {}, "roles": (), **values,
        }
    )  # fmt: skip
    store.put(made.path("dump"), joined([b"x"]))
    manifests.write(store, Cipher(), made)
    return made


def test_the_newest_of_each_period_stays(store: FolderStore) -> None:
    made = {days: kept(store, days) for days in (0, 0.1, 1, 2, 8, 15, 40, 80, 400)}
    what = plan(store, Rules(daily=2, weekly=2, monthly=3, yearly=2), NOW)
    assert {days for days, m in made.items() if m in what.kept} == {0, 1, 8, 40, 80, 400}
    assert what.why[str(made[0].id)] == "daily"
    prune(store, what)
    assert every(store) == list(what.kept)
    assert {p.parent.name for p in store.root.rglob("dump")} == {str(m.id) for m in what.kept}
    # Pruning again finds nothing more.
    assert plan(store, Rules(daily=2, weekly=2, monthly=3, yearly=2), NOW).removed == ()


def test_dumps_and_copies_are_counted_apart(store: FolderStore) -> None:
    dumps = [kept(store, n) for n in (3, 2, 1)]
    copies = [
        kept(store, n, kind="physical", start_segment=f"{'0' * 7}1{n:016X}") for n in (9, 8, 7)
    ]
    what = plan(store, Rules(last=1), NOW)
    assert list(what.kept) == [copies[-1], dumps[-1]]


def test_what_an_incremental_builds_on_stays(store: FolderStore) -> None:
    full = kept(store, 9, kind="physical", start_segment="000000010000000000000003")
    middle = kept(
        store, 8, kind="incremental", base=full.id, start_segment="000000010000000000000005"
    )
    newest = kept(
        store, 7, kind="incremental", base=middle.id, start_segment="000000010000000000000007"
    )
    for number in range(1, 9):
        store.put(f"wal/1/0000000100000000{number:08X}", joined([b"x"]))
    store.put("wal/1/00000002.history", joined([b"x"]))
    store.put("wal/2/000000010000000000000001", joined([b"another cluster's"]))
    what = plan(store, Rules(last=1), NOW)
    assert what.removed == ()
    assert [name for _, name in what.wal] == [f"0000000100000000{n:08X}" for n in (1, 2)]
    assert manifests.chain(store, newest) == [full, middle, newest]
    store.remove(middle.path("manifest.json"))
    with pytest.raises(BackupNotFound, match="gone"):
        manifests.chain(store, newest)


def test_what_has_expired_goes_without_a_rule(store: FolderStore) -> None:
    old = kept(store, 5, expires=NOW - timedelta(days=1))
    new = kept(store, 5, expires=NOW + timedelta(days=1))
    ever = kept(store, 500)
    needed = kept(
        store, 4, kind="physical", expires=NOW - timedelta(days=1), start_segment="0" * 24
    )
    kept(store, 3, kind="incremental", base=needed.id, start_segment="0" * 24)
    what = plan(store, Rules(), NOW)
    assert what.removed == (old,)
    assert all(m in what.kept for m in (new, ever, needed))


def test_what_was_never_finished_is_not_listed_and_goes(store: FolderStore) -> None:
    store.put(f"backups/{uuid7_at(NOW)}/dump", joined([b"half"]))
    assert every(store) == []
    assert plan(store, Rules(), datetime.now(UTC)).leftovers == ()
    later = datetime.now(UTC) + timedelta(days=3)
    what = plan(store, Rules(), later)
    assert len(what.leftovers) == 1
    prune(store, what)
    assert list(store.list("backups/")) == []


def test_one_that_takes_days_is_not_taken_away(store: FolderStore) -> None:
    """Its first file is old, but its last is new."""
    folder = f"backups/{uuid7_at(NOW)}"
    store.put(f"{folder}/backup_manifest", joined([b"x"]))
    store.put(f"{folder}/base.tar", joined([b"x"]))
    os.utime(store.root / folder / "backup_manifest", (0, 0))
    assert plan(store, Rules(), datetime.now(UTC)).leftovers == ()
    os.utime(store.root / folder / "base.tar", (0, 0))
    assert len(plan(store, Rules(), datetime.now(UTC)).leftovers) == 2


def test_what_was_made_since_the_plan_is_respected(store: FolderStore) -> None:
    full = kept(store, 9, kind="physical", start_segment="0" * 24)
    kept(store, 1, kind="physical", start_segment="0" * 24)
    what = plan(store, Rules(last=1), NOW)
    assert what.removed == (full,)
    newer = kept(store, 0.5, kind="incremental", base=full.id, start_segment="0" * 24)
    prune(store, what)
    assert manifests.chain(store, newer) == [full, newer]


def test_a_damaged_manifest_hides_no_other_and_stops_pruning(store: FolderStore) -> None:
    good, bad = kept(store, 2), kept(store, 1)
    store.put(bad.path("manifest.json"), joined([b"{}"]))
    assert every(store) == [good]
    assert manifests.survey(store).damaged == [str(bad.id)]
    with pytest.raises(BackupDamaged, match="builds on"):
        plan(store, Rules(last=1), datetime.now(UTC) + timedelta(days=9))
