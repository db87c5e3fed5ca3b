"""Indexes that nothing has been read by for long."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding
from ..objects import called, is_built_in, spelt

# An index of a partitioned table is asked for through those of its partitions. Without a date the
# statistics were never reset, and are as old as the server.
_SQL = """
    WITH RECURSIVE leaf AS (
        SELECT i.oid AS index, i.oid AS leaf FROM pg_class AS i WHERE i.relkind IN ('i', 'I') AND NOT i.relispartition
        UNION ALL
        SELECT leaf.index, h.inhrelid FROM leaf JOIN pg_inherits AS h ON h.inhparent = leaf.leaf)
    SELECT n.nspname AS schema, i.relname AS name, t.relname AS table, i.relkind = 'I' AS is_partitioned,
           sum(pg_relation_size(leaf.leaf)) AS bytes,
           (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()) AS since
    FROM leaf JOIN pg_class AS i ON i.oid = leaf.index JOIN pg_index AS x ON x.indexrelid = i.oid
    JOIN pg_class AS t ON t.oid = x.indrelid JOIN pg_namespace AS n ON n.oid = i.relnamespace
    WHERE n.nspname !~ '^(pg_|information_schema$)' AND NOT x.indisunique AND x.indisvalid AND NOT x.indisreplident
      AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.oid)
      AND coalesce((SELECT d.stats_reset FROM pg_stat_database AS d WHERE d.datname = current_database()),
                   pg_postmaster_start_time()) < now() - $1::interval
    GROUP BY 1, 2, 3, 4
    HAVING sum(pg_stat_get_numscans(leaf.leaf)) = 0 AND sum(pg_relation_size(leaf.leaf)) > $2
    ORDER BY 5 DESC"""


async def _look(patient: Patient) -> list[Finding]:
    limits = patient.limits
    found = []
    for row in await patient.server.fetch(_SQL, limits.unused_since, limits.index_bytes):
        schema, name = row["schema"], row["name"]
        if is_built_in(schema, row["table"]):
            continue
        since = f"{row['since']:%Y-%m-%d}" if row["since"] else "the server was started"
        how = "" if row["is_partitioned"] else "CONCURRENTLY "
        found.append(
            Finding(
                CHECK.name,
                "notice",
                called(schema, name),
                f"Nothing has been read by this index of {called(schema, row['table'])} since {since}; it"
                f" takes {row['bytes'] / 1024**2:,.0f} MB.",
                CHECK.why,
                Advice(
                    "See that no replica uses it, which counts for itself, and drop it; where a model declares"
                    " it, take it out there as well. It can be made again."
                    + (" Its table is locked a moment." if row["is_partitioned"] else ""),
                    sql=(f"DROP INDEX {how}{spelt(schema, name)}",),
                ),
            )
        )
    return found


CHECK = Check(
    "unused-indexes",
    "Big indexes of your own tables that nothing is read by",
    _look,
    why=("Every write keeps it up, and it takes memory from what is read."),
    mend="`DROP INDEX CONCURRENTLY`",
)
