"""Tables as the server's statistics have them."""

from __future__ import annotations

from typing import Any, Final

import asyncpg

from tenantry.errors import InvalidInput

#: A partition counts with its table, so that one name means all of them.
FIGURES: Final = """
    SELECT c.relname AS name, c.relkind::text AS kind, coalesce(r.relname, c.relname) AS root,
           greatest(c.reltuples, 0)::bigint AS rows, pg_relation_size(c.oid) AS bytes,
           coalesce(s.n_mod_since_analyze, 0) AS changed, coalesce(s.n_dead_tup, 0) AS dead,
           coalesce(s.n_live_tup, 0) AS live, greatest(s.last_analyze, s.last_autoanalyze) AS analyzed,
           CASE WHEN c.relkind <> 'p' THEN greatest(age(c.relfrozenxid), age(t.relfrozenxid)) ELSE 0 END AS age,
           CASE WHEN c.relkind <> 'p' THEN greatest(mxid_age(c.relminmxid), mxid_age(t.relminmxid)) ELSE 0 END AS shared
    FROM pg_class AS c
    LEFT JOIN pg_class AS t ON t.oid = c.reltoastrelid
    LEFT JOIN pg_class AS r ON c.relispartition AND r.oid = pg_partition_root(c.oid)
    LEFT JOIN pg_stat_all_tables AS s ON s.relid = c.oid
    WHERE c.relnamespace = 'tenantry'::regnamespace AND c.relkind IN ('r', 'p', 'm')
    ORDER BY 1"""


async def passed_over(connection: asyncpg.Connection[Any], command: str) -> str:
    """Run what passes over a table that somebody has locked, and say so if it did."""
    said: list[str] = []

    def hear(_: object, message: Any) -> None:
        if message.severity_en == "WARNING":
            said.append(message.message)

    connection.add_log_listener(hear)
    try:
        await connection.execute(command)
    finally:
        connection.remove_log_listener(hear)
    return "; ".join(said)


async def figures(connection: asyncpg.Connection[Any], name: str | None) -> list[asyncpg.Record]:
    """Of every table, or of this one and its partitions."""
    found = [r for r in await connection.fetch(FIGURES) if name in (None, r["name"], r["root"])]
    if name is not None and not found:
        raise InvalidInput(f"There is no table {name}.", field="name")
    return found
