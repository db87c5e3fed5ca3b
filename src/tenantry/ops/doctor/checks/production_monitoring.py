"""Whether somebody would see that something is wrong."""

from __future__ import annotations

from tenantry.endpoints import is_embedded

from ..check import Check, Patient
from ..finding import Advice, Finding
from ..mending import alter_system, shown
from .tracking import CREATED

#: Setting -> values that tell nobody, and one that does.
_LOGGED = {
    "log_min_duration_statement": ({"-1"}, "1000"),
    "log_lock_waits": ({"off"}, "on"),
    "log_connections": ({"off", ""}, "on"),
    "log_statement": ({"none"}, "ddl"),
}
_EXTENSION = "SELECT true FROM pg_extension WHERE extname = 'pg_stat_statements'"


async def _look(patient: Patient) -> list[Finding]:
    found = []
    if not await patient.server.fetchval(_EXTENSION):
        advice = Advice(
            "As a superuser, where it is in shared_preload_libraries (`tenantry config postgres`):",
            sql=CREATED,
        )
        what = "pg_stat_statements is not in this database."
        found.append(_finding("pg_stat_statements", what, "Slow queries have no names.", advice))
    settings = patient.settings
    if settings.monitor_url is None and not is_embedded(settings):
        advice = Advice(
            "Make a login of its own, and put its URL into TENANTRY_MONITOR_URL:",
            sql=("CREATE ROLE tenantry_monitor LOGIN IN ROLE pg_monitor",),
        )
        what = "No login for monitoring is set."
        why = "Metrics and alerts come by the owner's, which sees less of the server and may change more."
        found.append(_finding("monitor_url", what, why, advice))
    for name, (silent, telling) in _LOGGED.items():
        if await shown(patient, name) in silent:
            advice = Advice("As a superuser:", sql=alter_system({name: telling}))
            why = "What happened cannot be found out afterwards."
            found.append(_finding(name, f"{name} is off.", why, advice))
    return found


def _finding(name: str, what: str, why: str, advice: Advice) -> Finding:
    return Finding(CHECK.name, "warning", name, what, why, advice)


CHECK = Check(
    "production-monitoring",
    "Logs, figures and logins that alerts need",
    _look,
    production=True,
    why="What happened cannot be found out afterwards, and nobody hears of it meanwhile.",
    mend="`ALTER SYSTEM SET`; `CREATE EXTENSION pg_stat_statements`; `TENANTRY_MONITOR_URL`",
)
