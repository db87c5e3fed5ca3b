"""The machines: clocks, disks, and versions that nobody mends. What no test can follow is to upgrade a
server, to buy a disk or to set the machine's clock; that the figure is seen, and gone with its cause, is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from .clinic import Clinic


async def test_clocks(clinic: Clinic) -> None:
    assert await clinic.find("clock") == []
    clinic.patient["now"] = lambda: datetime.now(UTC) + timedelta(seconds=60)
    finding = await clinic.one("clock")
    assert "behind" in finding.what
    assert "60 s" in finding.what or "59 s" in finding.what
    clinic.patient["now"] = lambda: datetime.now(UTC) - timedelta(seconds=60)
    assert "ahead of" in (await clinic.one("clock")).what


async def test_a_server_that_nobody_mends(clinic: Clinic) -> None:
    known = await clinic.find("server-version")
    later = datetime(2032, 1, 1, tzinfo=UTC)
    clinic.patient["now"] = lambda: later
    major = clinic.place.server.major
    finding = await clinic.one("server-version", f"PostgreSQL {major}")
    assert finding.severity == "critical"
    assert finding.key not in {f.key for f in known}


async def test_a_disk_that_fills(clinic: Clinic) -> None:
    clinic.limits = replace(clinic.limits, disk_free=0.0)
    assert await clinic.find("disk") == []
    clinic.limits = replace(clinic.limits, disk_free=1.0)
    finding = await clinic.one("disk")
    assert finding.advice.shell[-1] == "tenantry maintain"
