"""Backups that are not there, old, unproven or damaged; and an archive that takes nothing."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tenantry.ops import backup
from tenantry.ops.backup import manifest as manifests

from .ward import Ward, WardClinic

#: With the restore that the advice asks for.
SOAK = bool(os.environ.get("TENANTRY_SOAK"))


async def test_a_machine_for_development_is_as_well_without(ward: WardClinic) -> None:
    place = ward.settings.pop("backup_store")
    assert (await ward.one("backup-age")).severity == "notice"
    ward.settings["backup_store"] = place
    assert (await ward.one("backup-age")).severity == "warning"


async def test_backups(ward: WardClinic, project: Path) -> None:
    finding = await ward.one("backup-age")
    assert finding.severity == "warning"
    assert await ward.find("backup-proof") == []
    await ward.cured("backup-age")
    assert (await ward.one("backup-proof")).severity == "notice"

    in_a_month = datetime.now(UTC) + timedelta(days=30)
    ward.patient["now"] = lambda: in_a_month
    assert "720 hours" in (await ward.one("backup-age")).what
    assert (await ward.one("backup-proof")).severity == "warning"
    ward.patient.clear()
    if SOAK:
        await ward.cured("backup-proof")
    else:  # that it restores and compares is tests/backup's to prove
        store = backup.store_of(str(project / "backups"))
        manifests.mark(store, backup.every(store)[-1], "a test", 1)
        assert await ward.find("backup-proof") == []

    [manifest] = (project / "backups" / "backups").glob("*/manifest.json")
    manifest.write_text(json.dumps({"backup": "torn"}))
    found = await ward.find("backup-age")
    assert {f.object for f in found} == {manifest.parent.name, "backups"}
    await ward.cured("backup-age", manifest.parent.name)
    assert await ward.find("backup-age") == []


async def test_an_archive_that_takes_nothing(ward: WardClinic, project: Path) -> None:
    place = ward.place
    assert isinstance(place, Ward)
    await place.set(archive_mode="on")
    place.restart()
    try:
        assert "no archive_command" in (await ward.one("archive")).what
        await place.set(archive_command="false")
        await _finish_a_segment(place)
        await _until(ward, "failed_count > 0")
        finding = await ward.one("archive")
        assert "refused" in finding.what
        # This Python may not be for the server's account, of which the advice speaks.
        assert "--spool" in finding.advice.words
        spool = project / "spool"
        spool.mkdir()
        place.server.account.own(spool)
        [line] = finding.advice.shell
        before = await place.load_time()
        await asyncio.to_thread(ward.cli, *line.split()[1:], "--spool", str(spool))
        await place.loaded(before)
        await _finish_a_segment(place)
        await _until(ward, "last_archived_time > last_failed_time")
        assert await ward.find("archive") == []
        ward.limits = replace(ward.limits, archive_waiting=-1)
        assert "segments of the log wait" in (await ward.one("archive")).what
    finally:
        await place.run("ALTER SYSTEM RESET ALL")
        place.restart()
    assert await ward.find("archive") == []


async def _finish_a_segment(place: Ward) -> None:
    await place.run(
        "CREATE TABLE public.noise AS SELECT 1", "DROP TABLE public.noise", "SELECT pg_switch_wal()"
    )


async def _until(ward: WardClinic, fact: str) -> None:
    async with ward.superuser() as admin:
        for _ in range(200):
            if await admin.fetchval(f"SELECT {fact} FROM pg_stat_archiver"):
                return
            await admin.fetchval("SELECT pg_sleep(0.1)")
    raise AssertionError(ward.place.server.servers.logs()[-6:])
