"""Tables as the server's statistics have them."""

from __future__ import annotations

from typing import Any, Final

import asyncpg

from tenantry.errors import InvalidInput

#: Of every table but the server's own. A partition counts with its table, so that one name means all
#: of them.
FIGURES: Final = """
    SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, coalesce(r.relname, c.relname) AS root,
           greatest(c.reltuples, 0)::bigint AS rows, pg_relation_size(c.oid) AS bytes,
           coalesce(s.n_mod_since_analyze, 0) AS changed, coalesce(s.n_dead_tup, 0) AS dead,
           coalesce(s.n_live_tup, 0) AS live, greatest(s.last_analyze, s.last_autoanalyze) AS analyzed,
           CASE WHEN c.relkind <> 'p' THEN age(c.relfrozenxid) ELSE 0 END AS age
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_class AS r ON c.relispartition AND r.oid = pg_partition_root(c.oid)
    LEFT JOIN pg_stat_all_tables AS s ON s.relid = c.oid
    WHERE n.nspname !~ '^(pg_|information_schema$)' AND c.relkind IN ('r', 'p', 'm')
    ORDER BY 1, 2"""
_OURS: Final = f"SELECT * FROM ({FIGURES}) AS t WHERE schema = 'tenantry'"  # noqa: S608


async def figures(connection: asyncpg.Connection[Any], name: str | None) -> list[Any]:
    """Of every table, or of this one and its partitions."""
    found = [r for r in await connection.fetch(_OURS) if name in (None, r["name"], r["root"])]
    if name is not None and not found:
        raise InvalidInput(f"There is no table {name}.", field="name")
    return found
