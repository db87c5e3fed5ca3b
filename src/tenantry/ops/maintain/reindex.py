"""Indexes that are invalid or far larger than what they hold, built anew beside their users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tenantry.errors import InvalidInput

from .step import Action, Step, Upkeep

#: B-trees settle at two thirds full, half at worst; three times the least size is bloat.
BLOAT_FACTOR: Final = 3.0
#: Less to be won is not worth the building.
BLOAT_BYTES: Final = 64 * 1024**2
#: An entry beside its key: pointer, header, alignment; and how full the server packs a page.
_ENTRY, _FILL = 16, 0.9
#: The least of a page of an index, with its root.
_PAGES = 2 * 8192

# Widths of keys are those of their types; what may be of any length is taken for 32 bytes, since the
# statistics of tables under row security are closed to all.
_INDEXES: Final = """
    SELECT i.relname AS name, t.relname AS table, coalesce(r.relname, t.relname) AS root, x.indisvalid AS valid,
           i.relname ~ '_cc(new|old)[0-9]*$' AS leftover, pg_relation_size(i.oid) AS bytes,
           greatest(i.reltuples, 0)::bigint AS rows, m.amname = 'btree' AS btree,
           (SELECT sum(CASE WHEN a.attlen > 0 THEN a.attlen ELSE 32 END)
            FROM pg_attribute AS a WHERE a.attrelid = i.oid)::bigint AS width
    FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_class AS t ON t.oid = x.indrelid
    JOIN pg_am AS m ON m.oid = i.relam
    LEFT JOIN pg_class AS r ON t.relispartition AND r.oid = pg_partition_root(t.oid)
    WHERE i.relnamespace = 'tenantry'::regnamespace AND i.relkind = 'i' AND ($1::text IS NULL OR i.relname = $1)
      -- Another's index is invalid while it is being built; and two such on a table wait for each other.
      AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index AS p
                      WHERE p.relid = t.oid AND p.datname = current_database() AND p.pid <> pg_backend_pid())
    ORDER BY 1"""


async def _reindex(upkeep: Upkeep) -> list[Action]:
    done = []
    async with upkeep.owner() as connection:
        found = [
            index
            for index in await connection.fetch(_INDEXES, None)
            if upkeep.name in (None, index["name"], index["table"], index["root"])
        ]
        if upkeep.name is not None and not found:
            raise InvalidInput(f"There is no index or table {upkeep.name}.", field="name")
        for name in [index["name"] for index in found if reason(index)]:
            # As it is by now: those before it may have taken hours.
            index = await connection.fetchrow(_INDEXES, name)
            if index is None or not (why := reason(index)):
                continue
            drop = index["leftover"] and not index["valid"]
            upkeep.tell(f"{'Dropping' if drop else 'Rebuilding'} {name}")
            if not upkeep.dry_run:
                command = "DROP INDEX CONCURRENTLY" if drop else "REINDEX INDEX CONCURRENTLY"
                await connection.execute(f'{command} tenantry."{name}"')
            done.append(Action("drop" if drop else "reindex", name, why))
    return done


def reason(index: Mapping[str, Any]) -> str:
    """Why an index is to be built anew; nothing where it is well."""
    if not index["valid"]:
        return (
            "a rebuild left it half-built" if index["leftover"] else "it is invalid: nobody uses it"
        )
    least = _PAGES + index["rows"] * (index["width"] + _ENTRY) / _FILL
    if (
        index["btree"]
        and index["bytes"] > BLOAT_FACTOR * least
        and index["bytes"] - least > BLOAT_BYTES
    ):
        size, need = (f"{b / 1024**2:,.0f} MB" for b in (index["bytes"], least))
        return f"it takes {size} for what needs {need}"
    return ""


STEP = Step(
    "reindex",
    "build invalid and bloated indexes anew, concurrently",
    _reindex,
    "an index or a table",
)
