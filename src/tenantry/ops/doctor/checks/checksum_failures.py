"""Pages that came from the disk otherwise than they were written."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding

_SQL = """
    SELECT datname AS name, checksum_failures AS failures, checksum_last_failure AS last
    FROM pg_stat_database WHERE checksum_failures > 0 ORDER BY datname"""


async def _look(patient: Patient) -> list[Finding]:
    return [
        Finding(
            CHECK.name,
            "critical",
            f"database {row['name']}" if row["name"] else "tables that all databases share",
            f"{row['failures']} pages failed their checksum, the last on"
            f" {row['last']:%Y-%m-%d at %H:%M} UTC.",
            CHECK.why,
            Advice(
                "Trust this machine no more: restore the last verified backup to another (`tenantry backup"
                " list`, `tenantry restore`), or promote a replica. The server's log names the tables;"
                " pg_amcheck finds more. When all of them can be read again, have the count begin anew in"
                " that database, together with all its other figures.",
                sql=("SELECT pg_stat_reset()",),
            ),
        )
        for row in await patient.server.fetch(_SQL)
    ]


CHECK = Check(
    "checksum-failures",
    "Pages that the disk gave back changed",
    _look,
    why=(
        "The disk, its controller or the memory gave back something other than was written: what was "
        "in those pages is lost, and more may follow."
    ),
    mend="restore to another machine, or promote a replica",
)
