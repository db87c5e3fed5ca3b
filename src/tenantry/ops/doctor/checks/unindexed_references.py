"""Foreign keys that nobody can be looked up by."""

from __future__ import annotations

from tenantry.schema.roles import quote

from ..check import Check, Patient
from ..finding import Advice, Finding
from ..objects import called, is_built_in, spelt

# The columns of the key lead the index, in any order; that it leaves out rows that refer to nothing does
# no harm. A partitioned table is asked as a whole.
_SQL = r"""
    SELECT n.nspname AS schema, t.relname AS table, t.relkind = 'p' AS is_partitioned, c.conname AS name,
           c.confrelid::regclass::text AS referenced,
           ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (number, place)
                 JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = k.number ORDER BY k.place) AS columns,
           f.rows
    FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = c.conrelid JOIN pg_namespace AS n ON n.oid = t.relnamespace
    CROSS JOIN LATERAL (
        SELECT sum(greatest(l.reltuples, pg_stat_get_live_tuples(l.oid), 0))::bigint AS rows
        FROM pg_class AS l
        WHERE l.oid = t.oid OR l.oid IN (SELECT p.relid FROM pg_partition_tree(t.oid) AS p)
    ) AS f
    WHERE c.contype = 'f' AND c.conparentid = 0 AND NOT t.relispartition AND n.nspname !~ '^(pg_|information_schema$)'
      AND NOT EXISTS (
        SELECT FROM pg_index AS x WHERE x.indrelid = t.oid AND x.indisvalid
          AND coalesce(pg_get_expr(x.indpred, t.oid) ~ '^\(\w+ IS NOT NULL\)$', true)
          AND c.conkey <@ (x.indkey::int2[])[0:cardinality(c.conkey) - 1])
      AND f.rows > $1
    ORDER BY f.rows DESC, 1, 2, 4"""


async def _look(patient: Patient) -> list[Finding]:
    found = []
    for row in await patient.server.fetch(_SQL, patient.limits.big_table):
        schema, table = row["schema"], row["table"]
        if is_built_in(schema, table):
            continue
        how = "" if row["is_partitioned"] else "CONCURRENTLY "
        columns = ", ".join(map(quote, row["columns"]))
        found.append(
            Finding(
                CHECK.name,
                "notice",
                f"{called(schema, table)}.{row['name']}",
                f"No index leads with {', '.join(row['columns'])}, by which its {row['rows']:,} rows refer to"
                f" {row['referenced'].removeprefix('tenantry.')}.",
                CHECK.why,
                Advice(
                    "Make the index; where a model declares the table, declare it there as well."
                    + (" Its table takes no writes meanwhile." if row["is_partitioned"] else ""),
                    sql=(f"CREATE INDEX {how}ON {spelt(schema, table)} ({columns})",),
                ),
            )
        )
    return found


CHECK = Check(
    "unindexed-references",
    "Foreign keys of your own tables that no index leads with",
    _look,
    why=(
        "Whoever removes a row that is referred to, or joins by it, reads this table from end to end, "
        "and holds locks meanwhile."
    ),
    mend="`CREATE INDEX CONCURRENTLY`",
)
