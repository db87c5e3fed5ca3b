"""How big the tables of the database are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

# What the statistics know: counting would read what is big. A partitioned table is as big as its
# partitions together.
_SIZES: Final = """
    SELECT c.relname AS name,
           sum(greatest(leaf.reltuples, 0))::bigint AS rows,
           sum(pg_table_size(leaf.oid))::bigint AS bytes
    FROM pg_class AS c
    CROSS JOIN LATERAL (
        SELECT t.relid FROM pg_partition_tree(c.oid) AS t WHERE c.relkind = 'p' OR c.relispartition
        UNION ALL SELECT c.oid WHERE c.relkind <> 'p' AND NOT c.relispartition) AS tree (oid)
    JOIN pg_class AS leaf ON leaf.oid = tree.oid
    WHERE c.relnamespace = 'tenantry'::regnamespace AND c.relkind IN ('r', 'p', 'm')
    GROUP BY c.relname"""


@dataclass(frozen=True, slots=True)
class Size:
    """Rows as the statistics have them."""

    rows: int
    bytes: int


class Connection(Protocol):
    async def fetch(self, query: str, /, *args: object) -> Any: ...


async def sizes(connection: Connection) -> dict[str, Size]:
    """Of every table of the schema, by its name."""
    return {r["name"]: Size(r["rows"], r["bytes"]) for r in await connection.fetch(_SIZES)}
