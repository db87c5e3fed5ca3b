"""Rows whose transaction's number is about to come round again."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding

_SQL = """
    SELECT datname AS name, datname = current_database() AS is_here, age(datfrozenxid) AS age,
           mxid_age(datminmxid) AS locks, current_setting('autovacuum_freeze_max_age')::int AS age_forced,
           current_setting('autovacuum_multixact_freeze_max_age')::int AS locks_forced
    FROM pg_database WHERE datallowconn ORDER BY datname"""


async def _look(patient: Patient) -> list[Finding]:
    found = []
    for row in await patient.server.fetch(_SQL):
        for kind, object_, of in (
            ("age", "database", "transactions"),
            ("locks", "row locks of database", "groups of transactions that locked a row"),
        ):
            age, forced = row[kind], row[f"{kind}_forced"]
            if age <= forced + patient.limits.freeze_overdue:
                continue
            where = "" if row["is_here"] else f", in the database {row['name']}"
            found.append(
                Finding(
                    CHECK.name,
                    "critical" if age > patient.limits.age_critical else "warning",
                    f"{object_} {row['name']}",
                    f"Its oldest rows were written {age:,} {of} ago; the server itself freezes at"
                    f" {forced:,}, and does not come through.",
                    CHECK.why,
                    Advice(
                        "End what keeps VACUUM from it (`tenantry doctor long-transactions"
                        " prepared-transactions`; replication slots), then freeze every row"
                        f"{where}. It runs beside everyone, and for hours where tables are big.",
                        sql=("VACUUM (FREEZE)",),
                    ),
                )
            )
    return found


CHECK = Check(
    "wraparound",
    "Rows so old that the numbers of transactions run out",
    _look,
    why=(
        "Numbers of transactions come round again. Three million before it comes to that, the server "
        "takes no more writes at all."
    ),
    mend="`VACUUM (FREEZE)`",
)
