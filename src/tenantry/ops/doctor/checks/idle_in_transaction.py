"""Sessions that began a transaction and went away from it."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding

_SQL = """
    SELECT pid, usename AS who, coalesce(application_name, '') AS program,
           clock_timestamp() - state_change AS age
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND state LIKE 'idle in transaction%' AND clock_timestamp() - state_change > $1
    ORDER BY state_change"""


async def _look(patient: Patient) -> list[Finding]:
    return [
        Finding(
            CHECK.name,
            "warning",
            f"session {row['pid']}",
            f"{row['who']} ({row['program'] or 'no program named'}) has left a transaction open and done"
            f" nothing in it for {row['age'].total_seconds() / 60:.0f} minutes.",
            CHECK.why,
            Advice(
                "End the session. Tenantry's own roles are ended by the server after a minute of this:"
                " give the same idle_in_transaction_session_timeout to whoever logged in here.",
                sql=(f"SELECT pg_terminate_backend({row['pid']}, 5000)",),
            ),
        )
        for row in await patient.sessions(_SQL, patient.limits.idle)
    ]


CHECK = Check(
    "idle-in-transaction",
    "Sessions that left a transaction open and do nothing",
    _look,
    why=("It keeps its locks and its connection, and VACUUM away from what died since it began."),
    mend="end the session; give its role an `idle_in_transaction_session_timeout`",
)
