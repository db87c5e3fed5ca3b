"""How near the server is to taking no more connections."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding

_SQL = """
    SELECT count(*) AS used, count(*) FILTER (WHERE state = 'idle') AS idle,
           current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true)::int, 0) AS most,
           mode() WITHIN GROUP (ORDER BY usename || ' of ' || coalesce(nullif(application_name, ''), 'no program named')) AS mostly
    FROM pg_stat_activity WHERE backend_type = 'client backend'"""


async def _look(patient: Patient) -> list[Finding]:
    (row,) = await patient.sessions(_SQL)
    limits = patient.limits
    part = row["used"] / max(row["most"], 1)
    if part <= limits.connections:
        return []
    return [
        Finding(
            CHECK.name,
            "critical" if part > limits.connections_critical else "warning",
            "max_connections",
            f"{row['used']} of the {row['most']} connections that are not kept for administrators are"
            f" taken, {row['idle']} of them idle, most by {row['mostly']}.",
            CHECK.why,
            Advice(
                "End those that nobody uses; then make the pools smaller (TENANTRY_POOL_MAX) or put"
                " PgBouncer before the server (`tenantry config pgbouncer`).",
                sql=(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE state = 'idle'"
                    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
                ),
            ),
        )
    ]


CHECK = Check(
    "connections",
    "Connections near what the server takes",
    _look,
    why=("When they are used up, whoever comes is refused."),
    mend="end idle sessions; smaller pools, or `tenantry config pgbouncer`",
)
