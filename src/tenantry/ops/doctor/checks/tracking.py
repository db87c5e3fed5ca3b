"""Figures that the server does not keep, and that one misses when it is slow."""

from __future__ import annotations

from tenantry.schema.roles import quote

from ..check import Check, Patient
from ..finding import Advice, Finding
from ..objects import literal

_STATEMENTS = "pg_stat_statements"
#: Its functions such as Tenantry leaves them: closed to applications.
CREATED = (
    f"CREATE EXTENSION {_STATEMENTS} SCHEMA public",
    f"REVOKE EXECUTE ON FUNCTION public.{_STATEMENTS}(boolean) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION public.{_STATEMENTS}(boolean) TO pg_read_all_stats",
)
_SQL = """
    SELECT current_database() AS database, current_setting('track_io_timing')::bool AS io,
           current_setting('shared_preload_libraries') AS loaded,
           (SELECT installed_version IS NOT NULL FROM pg_available_extensions WHERE name = 'pg_stat_statements') AS statements"""


async def _look(patient: Patient) -> list[Finding]:
    (row,) = await patient.server.fetch(_SQL)
    found = []
    if not row["io"]:
        found.append(
            Finding(
                CHECK.name,
                "notice",
                "track_io_timing",
                "The server does not measure how long it waits for the disk.",
                "Of a slow statement nobody can say whether the disk or the plan is to blame.",
                Advice(
                    "Turn it on; it costs some nanoseconds a page (pg_test_timing measures it).",
                    sql=(f"ALTER DATABASE {quote(row['database'])} SET track_io_timing = on",),
                ),
            )
        )
    loaded = [name.strip(' "') for name in row["loaded"].split(",") if name.strip()]
    if row["statements"] and _STATEMENTS in loaded:
        return found
    why = "Without it nobody can say which statements take the server's time."
    if row["statements"] is None:
        words = (
            "Install PostgreSQL's contrib package on the server; then the doctor says how to go on."
        )
        advice = Advice(words)
    else:
        words = (
            "Load it, make the extension, and close its functions to applications, as"
            " `tenantry feature enable statements` does."
        )
        sql = []
        if _STATEMENTS not in loaded:
            words += " Restart the server after that."
            names = ", ".join(map(literal, (*loaded, _STATEMENTS)))
            sql.append(f"ALTER SYSTEM SET shared_preload_libraries = {names}")
        if not row["statements"]:
            sql += CREATED
        advice = Advice(words, sql=tuple(sql))
    what = "The server does not keep figures of statements."
    found.append(Finding(CHECK.name, "notice", _STATEMENTS, what, why, advice))
    return found


CHECK = Check(
    "tracking",
    "Figures that the server does not keep",
    _look,
    why=("Without them nobody can say which statements take the server's time, or its disk's."),
    mend="turn `track_io_timing` on; `CREATE EXTENSION pg_stat_statements`",
)
