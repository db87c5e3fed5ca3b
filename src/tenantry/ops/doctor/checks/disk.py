"""Room on the disks that the server writes to, where they are this machine's."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..check import Check, Patient
from ..finding import Advice, Finding
from ..mending import is_here, shown

_TABLESPACES = "SELECT pg_tablespace_location(oid) AS place FROM pg_tablespace WHERE pg_tablespace_location(oid) <> ''"
#: So little that the server may stop while somebody reads this.
_CRITICAL = 1 / 3


async def _look(patient: Patient) -> list[Finding]:
    if not is_here(patient):
        return []
    data = Path(await shown(patient, "data_directory"))
    places = [data, data / "pg_wal"]
    places += [Path(row["place"]) for row in await patient.server.fetch(_TABLESPACES)]
    found: dict[int, Finding] = {}
    for place in places:
        try:
            device, usage = place.stat().st_dev, shutil.disk_usage(place)
        except OSError:
            continue  # a container's, or for another account's eyes
        free = usage.free / usage.total
        if device not in found and free < patient.limits.disk_free:
            found[device] = _finding(patient, place, free, usage.free)
    return [*found.values()]


def _finding(patient: Patient, place: Path, share: float, free: int) -> Finding:
    return Finding(
        CHECK.name,
        "critical" if share < patient.limits.disk_free * _CRITICAL else "warning",
        str(place),
        f"The disk of {place} has {free >> 30} GB left, {share:.0%}.",
        CHECK.why,
        Advice(
            "Give it more room. What may go: what no rule keeps of backups, if they are on it; months of"
            " records that retention lets go; slots that keep the log (`tenantry doctor replication-slots`).",
            shell=(
                "tenantry backup prune --keep-daily 7 --keep-weekly 4 --yes",
                "tenantry maintain",
            ),
        ),
    )


CHECK = Check(
    "disk",
    "Disks that are filling, where the server is on this machine",
    _look,
    why="On a full disk the server stops, and starts only when there is room.",
    mend="more room; `tenantry backup prune`; `tenantry maintain`",
)
