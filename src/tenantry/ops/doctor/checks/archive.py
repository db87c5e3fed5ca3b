"""The archive of the write-ahead log: whether segments get there."""

from __future__ import annotations

from typing import Literal

from ..check import Check, Patient
from ..finding import Advice, Finding
from ..mending import shown

_SQL = """
    SELECT last_failed_wal, last_failed_time, failed_count,
           coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) AS fails
    FROM pg_stat_archiver"""
#: One file for each segment that waits.
_WAITING = "SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'"
_CONFIGURE = "tenantry backup configure --apply"


async def _look(patient: Patient) -> list[Finding]:
    if await shown(patient, "archive_mode") == "off":
        return []
    if not await shown(patient, "archive_command") and not await shown(patient, "archive_library"):
        return [_finding("critical", "archive_mode is on, and there is no archive_command.")]
    [row] = await patient.server.fetch(_SQL)
    if row["fails"]:
        return [
            _finding(
                "critical",
                f"The archive refused {row['last_failed_wal']} at {row['last_failed_time']:%Y-%m-%d %H:%M} UTC;"
                f" {row['failed_count']} attempts failed.",
            )
        ]
    waiting = await patient.server.fetchval(_WAITING)
    if waiting > patient.limits.archive_waiting:
        return [_finding("warning", f"{waiting} segments of the log wait to be archived.")]
    return []


def _finding(severity: Literal["critical", "warning"], what: str) -> Finding:
    return Finding(
        CHECK.name,
        severity,
        "archive_command",
        what,
        CHECK.why,
        Advice(
            "The server's log has what the command said. Set one that works, as a superuser (with --spool"
            " FOLDER where the server's account cannot run Tenantry, and `tenantry backup wal ship`):",
            shell=(_CONFIGURE,),
        ),
    )


CHECK = Check(
    "archive",
    "A write-ahead log that is not archived though it should be",
    _look,
    why="The server keeps every segment until it is archived, which fills its disk, and a recovery reaches no further than the archive.",
    mend="`tenantry backup configure --apply`",
)
