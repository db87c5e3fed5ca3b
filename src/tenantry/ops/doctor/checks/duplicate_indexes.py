"""Indexes that are the same as another."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding
from ..objects import called, spelt

# Of two that are the same, the one goes that nothing but speed depends on; of those, the younger.
_SQL = """
    WITH known AS (
        SELECT x.*, i.relname AS name, i.relkind, i.relam, n.nspname AS schema, t.relname AS table,
               pg_get_expr(x.indexprs, x.indrelid) AS expressions, pg_get_expr(x.indpred, x.indrelid) AS predicate,
               x.indisreplident OR EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.oid) AS is_bound
        FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_class AS t ON t.oid = x.indrelid
        JOIN pg_namespace AS n ON n.oid = i.relnamespace
        WHERE x.indisvalid AND NOT i.relispartition AND n.nspname !~ '^(pg_|information_schema$)')
    SELECT DISTINCT ON (a.indexrelid) a.schema, a.table, a.name, b.name AS other, a.relkind = 'I' AS is_partitioned,
           pg_relation_size(a.indexrelid) AS bytes
    FROM known AS a JOIN known AS b ON b.indrelid = a.indrelid AND b.indexrelid <> a.indexrelid
     AND b.relam = a.relam AND b.indkey = a.indkey AND b.indnkeyatts = a.indnkeyatts AND b.indclass = a.indclass
     AND b.indcollation = a.indcollation AND b.indoption = a.indoption
     AND b.expressions IS NOT DISTINCT FROM a.expressions AND b.predicate IS NOT DISTINCT FROM a.predicate
    WHERE NOT a.is_bound AND (NOT a.indisunique OR b.indisunique)
      AND (b.is_bound, b.indisunique, -b.indexrelid::bigint) > (a.is_bound, a.indisunique, -a.indexrelid::bigint)
    ORDER BY a.indexrelid, b.is_bound DESC, b.indisunique DESC, b.indexrelid"""


async def _look(patient: Patient) -> list[Finding]:
    found = []
    for row in await patient.server.fetch(_SQL):
        schema, name = row["schema"], row["name"]
        how = "" if row["is_partitioned"] else "CONCURRENTLY "
        found.append(
            Finding(
                CHECK.name,
                "notice",
                called(schema, name),
                f"This index of {called(schema, row['table'])} is the same as {row['other']}"
                f" ({row['bytes'] / 1024**2:,.0f} MB).",
                CHECK.why,
                Advice(
                    f"Drop it; {row['other']} stays. Where a model declares it, take it out there as well."
                    + (" Its table is locked a moment." if row["is_partitioned"] else ""),
                    sql=(f"DROP INDEX {how}{spelt(schema, name)}",),
                ),
            )
        )
    return found


CHECK = Check(
    "duplicate-indexes",
    "Indexes that are the same as another",
    _look,
    why=("Every write keeps both up, and no query is faster for it."),
    mend="`DROP INDEX CONCURRENTLY`",
)
