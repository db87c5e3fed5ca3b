"""How much of what is read was in the server's memory already."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding

_SQL = """
    SELECT datname AS name, blks_read AS read, blks_hit AS hit, pg_size_bytes(current_setting('shared_buffers')) AS cache
    FROM pg_stat_database WHERE datname = current_database()"""


async def _look(patient: Patient) -> list[Finding]:
    (row,) = await patient.server.fetch(_SQL)
    limits = patient.limits
    part = row["hit"] / max(row["hit"] + row["read"], 1)
    if row["read"] <= limits.blocks_read or part >= limits.cache_hits:
        return []
    cache = row["cache"] // 1024**2
    return [
        Finding(
            CHECK.name,
            "notice",
            f"database {row['name']}",
            f"{part:.0%} of the pages that were read were in shared_buffers, which are {cache} MB.",
            CHECK.why,
            Advice(
                "See first that no statement reads big tables whole (`tenantry doctor missing-indexes`)."
                " Else give it twice as much, up to a quarter of the machine's memory (`tenantry config"
                " postgres` works that out), restart it, and have this database's figures begin anew.",
                sql=(
                    f"ALTER SYSTEM SET shared_buffers = '{cache * 2}MB'",
                    "SELECT pg_stat_reset()",
                ),
            ),
        )
    ]


CHECK = Check(
    "cache-hits",
    "Much that is read and was not in memory",
    _look,
    why=("The rest came from the system's cache, or from the disk, at a thousandth of the speed."),
    mend="a larger `shared_buffers`",
)
