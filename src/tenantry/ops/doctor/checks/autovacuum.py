"""Autovacuum, where somebody turned it off."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding
from ..objects import called, spelt

_SERVER = "SELECT current_setting('autovacuum')::bool AND current_setting('track_counts')::bool"
_TABLES = """
    SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, option.name AS option
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_class AS toast ON toast.oid = c.reltoastrelid
    CROSS JOIN LATERAL (
        SELECT 'autovacuum_enabled' AS name, o.value FROM unnest(c.reloptions) AS o (value)
        UNION ALL SELECT 'toast.autovacuum_enabled', o.value FROM unnest(toast.reloptions) AS o (value)
    ) AS option
    -- The server takes every spelling of a boolean, and any beginning of one.
    WHERE option.value ~* '^autovacuum_enabled=(f|fa|fal|fals|false|n|no|of|off|0)$' AND n.nspname !~ '^pg_'
    ORDER BY 1, 2, 4"""


async def _look(patient: Patient) -> list[Finding]:
    found = []
    if not await patient.server.fetchval(_SERVER):
        found.append(
            Finding(
                CHECK.name,
                "critical",
                "autovacuum",
                "Autovacuum is off for the whole server, or track_counts, without which it does nothing.",
                CHECK.why,
                Advice(
                    "Turn both on.",
                    sql=(
                        "ALTER SYSTEM SET autovacuum = on",
                        "ALTER SYSTEM SET track_counts = on",
                        "SELECT pg_reload_conf()",
                    ),
                ),
            )
        )
    for row in await patient.server.fetch(_TABLES):
        what = "MATERIALIZED VIEW" if row["kind"] == "m" else "TABLE"
        found.append(
            Finding(
                CHECK.name,
                "warning",
                f"{called(row['schema'], row['name'])}{' (TOAST)' if '.' in row['option'] else ''}",
                "Autovacuum is off for this table.",
                "Its dead rows pile up and its statistics go stale, unless somebody remembers it for ever.",
                Advice(
                    "Turn it on again.",
                    sql=(
                        f"ALTER {what} {spelt(row['schema'], row['name'])} RESET ({row['option']})",
                    ),
                ),
            )
        )
    return found


CHECK = Check(
    "autovacuum",
    "Autovacuum turned off, for the server or for a table",
    _look,
    why=(
        "Dead rows pile up, statistics go stale, and in the end the numbers of transactions run out."
    ),
    mend="turn it on again",
)
