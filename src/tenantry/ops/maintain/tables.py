"""Tables as the server's statistics have them."""

from __future__ import annotations

from typing import Any, Final

import asyncpg

from tenantry.errors import InvalidInput


def size_of(relation: str) -> str:
    """What a row of pg_class takes, as SQL. To measure it is to wait for whoever has locked it against
    everybody; then it is what it was when it was last looked through."""
    locked = "SELECT k.relation FROM pg_locks AS k WHERE k.mode = 'AccessExclusiveLock' AND k.relation IS NOT NULL"
    return (
        f"CASE WHEN {relation}.oid IN ({locked})"
        f" THEN {relation}.relpages::bigint * current_setting('block_size')::int"
        f" ELSE pg_relation_size({relation}.oid) END"
    )


#: A partition counts with its table, so that one name means all of them.
FIGURES: Final = f"""
    SELECT c.relname AS name, c.relkind::text AS kind, coalesce(r.relname, c.relname) AS root,
           greatest(c.reltuples, 0)::bigint AS rows, {size_of("c")} AS bytes,
           coalesce(s.n_mod_since_analyze, 0) AS changed, coalesce(s.n_dead_tup, 0) AS dead,
           coalesce(s.n_live_tup, 0) AS live, greatest(s.last_analyze, s.last_autoanalyze) AS analyzed,
           CASE WHEN c.relkind <> 'p' THEN age(c.relfrozenxid) ELSE 0 END AS age
    FROM pg_class AS c
    LEFT JOIN pg_class AS r ON c.relispartition AND r.oid = pg_partition_root(c.oid)
    LEFT JOIN pg_stat_all_tables AS s ON s.relid = c.oid
    WHERE c.relnamespace = 'tenantry'::regnamespace AND c.relkind IN ('r', 'p', 'm')
    ORDER BY 1"""  # noqa: S608 - our own words


async def figures(connection: asyncpg.Connection[Any], name: str | None) -> list[dict[str, Any]]:
    """Of every table, or of this one and its partitions."""
    rows = await connection.fetch(FIGURES)
    found = [dict(r) for r in rows if name in (None, r["name"], r["root"])]
    if name is not None and not found:
        raise InvalidInput(f"There is no table {name}.", field="name")
    return found
