"""Transactions prepared for a commit in two phases whose second one never came."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding
from ..objects import literal

_SQL = """
    SELECT gid, owner, clock_timestamp() - prepared AS age FROM pg_prepared_xacts
    WHERE database = current_database() AND clock_timestamp() - prepared > $1 ORDER BY prepared"""


async def _look(patient: Patient) -> list[Finding]:
    return [
        Finding(
            CHECK.name,
            "warning",
            f"prepared transaction {row['gid']}",
            f"{row['owner']} prepared it {row['age'].total_seconds() / 60:.0f} minutes ago, and nobody has"
            " ended it.",
            CHECK.why,
            Advice(
                "Ask the program that prepared it, which may want it committed; if nobody knows of it, roll"
                " it back.",
                sql=(f"ROLLBACK PREPARED {literal(row['gid'])}",),
            ),
        )
        for row in await patient.server.fetch(_SQL, patient.limits.prepared)
    ]


CHECK = Check(
    "prepared-transactions",
    "Transactions that were prepared for two phases and forgotten",
    _look,
    why=(
        "It outlives its session and the server's restarts; until it ends it keeps its locks, and "
        "VACUUM away from what died since. Tenantry prepares none."
    ),
    mend="`ROLLBACK PREPARED`",
)
