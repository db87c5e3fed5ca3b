"""How much room databases, tables and indexes take; partitions count with their table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tenantry.ops.maintain.tables import size_of

from .source import Section, Source


@dataclass(frozen=True, slots=True)
class DatabaseSize:
    database: str
    bytes: int


@dataclass(frozen=True, slots=True)
class DatabaseSizes:
    databases: tuple[DatabaseSize, ...]
    #: Of all, also of those that are not listed.
    total: int


@dataclass(frozen=True, slots=True)
class TableSize:
    #: With its schema, unless that is tenantry's.
    table: str
    partitions: int
    bytes: int
    #: Of those, in indexes and in values that are kept beside their rows.
    index_bytes: int
    toast_bytes: int
    #: As statistics have them.
    rows: int
    dead: int
    scans: int
    index_scans: int
    #: The latest of its partitions.
    vacuumed_at: datetime | None


@dataclass(frozen=True, slots=True)
class TableSizes:
    tables: tuple[TableSize, ...]


@dataclass(frozen=True, slots=True)
class IndexUse:
    index: str
    table: str
    bytes: int
    scans: int
    rows_read: int
    rows_fetched: int
    #: It keeps a rule, so that it is needed even if nobody reads by it.
    is_rule: bool


@dataclass(frozen=True, slots=True)
class IndexUses:
    #: The most used first.
    used: tuple[IndexUse, ...]
    #: Never read by, and no rule needs it; the largest first.
    unused: tuple[IndexUse, ...]
    #: Of all such, also of those that are not listed.
    unused_count: int
    unused_bytes: int
    #: Since when uses are counted; an index of a yearly report is not unused after a week.
    since: datetime | None


_DATABASES: Final = """
    SELECT datname AS database, pg_database_size(oid) AS bytes FROM pg_database
    WHERE datallowconn ORDER BY 2 DESC, 1"""
_NAME: Final = (
    "CASE n.nspname WHEN 'tenantry' THEN {0}.relname ELSE n.nspname || '.' || {0}.relname END"
)
_OURS: Final = (
    "n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_'"
)
# The root itself holds nothing. The maps of free and of visible pages, a thousandth, are left out.
_TABLES: Final = f"""
    WITH sizes AS MATERIALIZED (
        SELECT c.oid, {size_of("c")} AS bytes FROM pg_class AS c WHERE c.relkind IN ('r', 'm', 't', 'i')
    ), of_indexes AS MATERIALIZED (
        SELECT x.indrelid AS oid, sum(i.bytes) AS bytes
        FROM pg_index AS x JOIN sizes AS i ON i.oid = x.indexrelid GROUP BY 1
    ), held AS (
        SELECT c.oid, h.bytes AS own, coalesce(i.bytes, 0) AS in_indexes,
               coalesce(t.bytes, 0) + coalesce(ti.bytes, 0) AS in_toast
        FROM pg_class AS c JOIN sizes AS h ON h.oid = c.oid LEFT JOIN of_indexes AS i ON i.oid = c.oid
        LEFT JOIN sizes AS t ON t.oid = c.reltoastrelid LEFT JOIN of_indexes AS ti ON ti.oid = c.reltoastrelid)
    SELECT {_NAME.format("r")} AS "table", count(*) FILTER (WHERE c.relispartition)::int AS partitions,
           sum(h.own + h.in_indexes + h.in_toast)::bigint AS bytes, sum(h.in_indexes)::bigint AS index_bytes,
           sum(h.in_toast)::bigint AS toast_bytes,
           sum(greatest(c.reltuples, 0))::bigint AS rows, sum(coalesce(s.n_dead_tup, 0))::bigint AS dead,
           sum(coalesce(s.seq_scan, 0))::bigint AS scans, sum(coalesce(s.idx_scan, 0))::bigint AS index_scans,
           max(greatest(s.last_vacuum, s.last_autovacuum)) AS vacuumed_at
    FROM pg_class AS c JOIN held AS h ON h.oid = c.oid
    JOIN pg_class AS r ON r.oid = CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::oid ELSE c.oid END
    JOIN pg_namespace AS n ON n.oid = r.relnamespace
    LEFT JOIN pg_stat_all_tables AS s ON s.relid = c.oid
    WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND {_OURS}
    GROUP BY r.oid, r.relname, n.nspname ORDER BY 3 DESC, 1 LIMIT $1"""  # noqa: S608 - our own words
_INDEXES: Final = f"""
    WITH uses AS MATERIALIZED (
        SELECT {_NAME.format("r")} AS index, {_NAME.format("t")} AS "table",
               sum({size_of("i")})::bigint AS bytes, sum(coalesce(s.idx_scan, 0))::bigint AS scans,
               sum(coalesce(s.idx_tup_read, 0))::bigint AS rows_read,
               sum(coalesce(s.idx_tup_fetch, 0))::bigint AS rows_fetched,
               bool_or(x.indisunique OR x.indisexclusion) AS is_rule
        FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
        JOIN pg_class AS r ON r.oid = CASE WHEN i.relispartition THEN pg_partition_root(i.oid)::oid ELSE i.oid END
        JOIN pg_class AS t ON t.oid = (SELECT y.indrelid FROM pg_index AS y WHERE y.indexrelid = r.oid)
        JOIN pg_namespace AS n ON n.oid = r.relnamespace
        LEFT JOIN pg_stat_all_indexes AS s ON s.indexrelid = i.oid
        WHERE i.relkind = 'i' AND t.relpersistence <> 't' AND {_OURS}
        GROUP BY r.oid, r.relname, t.relname, n.nspname)
    (SELECT uses.*, 0 AS unused_count, 0 AS unused_bytes FROM uses WHERE scans > 0 ORDER BY scans DESC, index LIMIT $1)
    UNION ALL
    (SELECT uses.*, count(*) OVER () AS unused_count, (sum(bytes) OVER ())::bigint AS unused_bytes
     FROM uses WHERE scans = 0 AND NOT is_rule ORDER BY bytes DESC, index LIMIT $1)"""  # noqa: S608


async def _databases(source: Source) -> DatabaseSizes:
    rows = await (await source.server()).fetch(_DATABASES)
    # One that is being dropped has no size any more.
    found = tuple(DatabaseSize(**row) for row in rows if row["bytes"] is not None)
    return DatabaseSizes(found[: source.rows], sum(one.bytes for one in found))


async def _tables(source: Source) -> TableSizes:
    rows = await (await source.server()).fetch(_TABLES, source.rows)
    return TableSizes(tuple(TableSize(**row) for row in rows))


async def _indexes(source: Source) -> IndexUses:
    server = await source.server()
    rows = await server.fetch(_INDEXES, source.rows)
    found = [IndexUse(**{n: row[n] for n in IndexUse.__dataclass_fields__}) for row in rows]
    since = await server.fetchval(
        "SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()"
    )
    last = rows[-1] if rows else {"unused_count": 0, "unused_bytes": 0}
    return IndexUses(
        used=tuple(one for one in found if one.scans),
        unused=tuple(one for one in found if not one.scans),
        unused_count=last["unused_count"],
        unused_bytes=last["unused_bytes"],
        since=since,
    )


SIZES = Section("sizes", "databases by their size", _databases)
TABLES = Section("tables", "tables by their size, their partitions counted with them", _tables)
INDEXES = Section("indexes", "which indexes are read by, and which never", _indexes)
