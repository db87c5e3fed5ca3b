"""Transactions that are open for long: VACUUM can take no row away that is younger than they are."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding

_SQL = """
    SELECT pid, coalesce(usename, backend_type) AS who, coalesce(application_name, '') AS program, state,
           clock_timestamp() - xact_start AS age
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
      AND clock_timestamp() - xact_start > $1
    ORDER BY xact_start"""


async def _look(patient: Patient) -> list[Finding]:
    return [
        Finding(
            CHECK.name,
            "warning",
            f"session {row['pid']}",
            f"A transaction of {row['who']} ({row['program'] or 'no program named'}) has been open for"
            f" {row['age'].total_seconds() / 60:.0f} minutes; it is {row['state']}.",
            CHECK.why,
            Advice(
                "End the transaction in its program; if it is forgotten, end its session.",
                sql=(f"SELECT pg_terminate_backend({row['pid']}, 5000)",),
            ),
        )
        for row in await patient.sessions(_SQL, patient.limits.transaction)
    ]


CHECK = Check(
    "long-transactions",
    "Transactions that have been open for minutes",
    _look,
    why=(
        "Until it ends, VACUUM removes nothing that died since it began, in any table, and it may "
        "hold locks that others wait for."
    ),
    mend="end the transaction, or its session",
)
