"""What the primary knows of those it sends its log to."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding

_SQL = """
    SELECT coalesce(nullif(application_name, ''), 'pid ' || pid) AS name,
           coalesce(host(client_addr), 'this machine') AS address, state,
           pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint AS behind
    FROM pg_stat_replication
    WHERE NOT pg_is_in_recovery() AND state IN ('streaming', 'catchup')
      AND pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) > $1
    ORDER BY behind DESC"""


async def _look(patient: Patient) -> list[Finding]:
    if await patient.server.fetchval("SELECT pg_is_in_recovery()"):
        return []
    return [
        Finding(
            CHECK.name,
            "warning",
            row["name"],
            f"The standby {row['name']} (from {row['address']}) has not replayed {row['behind'] >> 20} MB of"
            f" the log; it is {row['state']}.",
            "A failover to it waits until it has caught up, and the primary may have to keep the log.",
            Advice(
                "If it is catching up, wait. If its replay was paused, then on the standby, as a superuser:",
                sql=("SELECT pg_wal_replay_resume()",),
            ),
        )
        for row in await patient.sessions(_SQL, patient.limits.replay_bytes)
    ]


CHECK = Check(
    "standbys",
    "Standbys that are far behind, as the primary sees them",
    _look,
    why="A failover waits until it has caught up, and the primary may have to keep the log for it.",
    mend="`SELECT pg_wal_replay_resume()`",
)
