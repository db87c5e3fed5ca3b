"""Big tables that are read from one end to the other, again and again."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding
from ..objects import called, literal, spelt

# Of a partitioned table the partitions count, each for itself: one scan of a big one is enough.
_SQL = """
    SELECT s.schemaname AS schema, s.relname AS name, s.seq_scan AS whole, coalesce(s.idx_scan, 0) AS by_index,
           greatest(c.reltuples, s.n_live_tup)::bigint AS rows, s.seq_tup_read / s.seq_scan AS each
    FROM pg_stat_user_tables AS s JOIN pg_class AS c ON c.oid = s.relid
    WHERE s.seq_scan > $1 AND greatest(c.reltuples, s.n_live_tup) > $2
      AND s.seq_scan > $3 * coalesce(s.idx_scan, 0)
      -- Most of its rows each time: what stops after a few, as an EXISTS does, needs no index.
      AND s.seq_tup_read / s.seq_scan > $2
    ORDER BY s.seq_tup_read DESC"""


async def _look(patient: Patient) -> list[Finding]:
    limits = patient.limits
    rows = await patient.server.fetch(_SQL, limits.whole_reads, limits.big_table, limits.whole_part)
    return [
        Finding(
            CHECK.name,
            "warning",
            called(row["schema"], row["name"]),
            f"Its {row['rows']:,} rows were read from one end to the other {row['whole']:,} times, and"
            f" {row['by_index']:,} times by an index.",
            CHECK.why,
            Advice(
                "See which statements read it (pg_stat_statements, `tenantry top`) and by which columns, and"
                " make an index of those: CREATE INDEX CONCURRENTLY, or in the model and by a migration."
                " Then have this table's figures begin anew.",
                sql=(
                    "SELECT pg_stat_reset_single_table_counters("
                    f"{literal(spelt(row['schema'], row['name']))}::regclass)",
                ),
            ),
        )
        for row in rows
    ]


CHECK = Check(
    "missing-indexes",
    "Big tables that are mostly read from end to end",
    _look,
    why=(
        "Each such read takes longer the more there is, and pushes everything else out of memory."
    ),
    mend="an index of the columns it is read by; then its figures begin anew",
)
