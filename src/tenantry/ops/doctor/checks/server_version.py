"""Whether the server's version is still mended, and whether what was mended is installed."""

from __future__ import annotations

from datetime import date
from typing import Final

from tenantry.isolation.checks.check import PRELUDE
from tenantry.isolation.checks.server_version import CHECK as HOLES

from ..check import Check, Patient
from ..finding import Advice, Finding

#: The day of each major version's last release (postgresql.org/support/versioning).
_ENDS: Final = {
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
    18: date(2030, 11, 14),
}

#: It is asked about the server alone.
_NO_SUBJECT: Final[tuple[object, ...]] = ([], [], [], [], [], "{}")


async def _look(patient: Patient) -> list[Finding]:
    number = await patient.server.fetchval("SELECT current_setting('server_version_num')::int")
    major = number // 10_000
    found = []
    end = _ENDS.get(major)
    today = patient.now().date()
    if end is not None and end - today <= patient.limits.support:
        over = end <= today
        found.append(
            Finding(
                CHECK.name,
                "critical" if over else "warning",
                f"PostgreSQL {major}",
                f"PostgreSQL {major} {'is not mended any more since' if over else 'is mended only until'} {end}.",
                "Holes that are found from then on stay open.",
                Advice(
                    "Move to a newer major version: by pg_upgrade, or by a dump restored into a new server"
                    " (docs/backup.md). Before either:",
                    shell=("tenantry backup create", "tenantry backup verify latest"),
                ),
            )
        )
    found += [
        Finding(
            CHECK.name,
            "warning",
            row["object"],
            f"{row['object']}: {row['detail']}",
            "It is a hole in row security, and how to use it is known to everybody.",
            Advice(HOLES.remediation, shell=("apt-get install --only-upgrade postgresql",)),
        )
        for row in await patient.server.fetch(PRELUDE + HOLES.sql, *_NO_SUBJECT)
    ]
    return found


CHECK = Check(
    "server-version",
    "A server or an extension with known holes, or one nobody mends",
    _look,
    why="Holes in row security are known to everybody; of a version that nobody mends they stay open.",
    mend="an update of the packages; a newer major version",
)
