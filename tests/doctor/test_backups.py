"""Backups that are not there, old, unproven or damaged; and an archive that takes nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .ward import Ward, WardClinic


async def test_backups(ward: WardClinic, project: Path) -> None:
    finding = await ward.one("backup-age")
    assert finding.severity == "critical"
    assert await ward.find("backup-proof") == []
    await ward.cured("backup-age")
    assert (await ward.one("backup-proof")).severity == "notice"

    in_a_month = datetime.now(UTC) + timedelta(days=30)
    ward.patient["now"] = lambda: in_a_month
    assert "720 hours" in (await ward.one("backup-age")).what
    assert (await ward.one("backup-proof")).severity == "warning"
    ward.patient.clear()
    await ward.cured("backup-proof")

    [manifest] = (project / "backups" / "backups").glob("*/manifest.json")
    manifest.write_text(json.dumps({"backup": "torn"}))
    found = await ward.find("backup-age")
    assert {f.object for f in found} == {manifest.parent.name, "backups"}
    await ward.cured("backup-age", manifest.parent.name)
    assert await ward.find("backup-age") == []


async def test_an_archive_that_takes_nothing(ward: WardClinic) -> None:
    assert await ward.find("archive") == []
    place = ward.place
    assert isinstance(place, Ward)
    await place.set(archive_mode="on")
    place.restart()
    assert "no archive_command" in (await ward.one("archive")).what
    await place.set(archive_command="false")
    await place.run(
        "CREATE TABLE public.noise AS SELECT 1", "DROP TABLE public.noise", "SELECT pg_switch_wal()"
    )
    failed = "SELECT failed_count > 0 FROM pg_stat_archiver"
    async with ward.superuser() as admin:
        while not await admin.fetchval(failed):
            await admin.fetchval("SELECT pg_sleep(0.1)")
    assert "refused" in (await ward.one("archive")).what
