"""A tenant's table that Citus does not spread by tenant."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="citus-distribution",
    title="A tenant's table that Citus does not spread by tenant",
    severity="warning",
    needs="pg_catalog.pg_dist_partition",
    sql=r"""
-- A tenant's rows then lie on every node, and statements that name a tenant are asked of all of them.
SELECT t.name AS object,
       CASE WHEN d.partmethod IS NULL THEN 'It is not distributed, and others are.'
            ELSE format('It is distributed by %I, not by %I.', k.attname, a.attname) END AS detail
FROM tenant_table AS t JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = t.attnum
LEFT JOIN pg_catalog.pg_dist_partition AS d ON d.logicalrelid = t.oid
-- The key is kept as a parsed expression, of one column.
LEFT JOIN pg_attribute AS k ON k.attrelid = t.oid
  AND k.attnum = (regexp_match(d.partkey::text, ':varattno (\d+)'))[1]::int
WHERE NOT t.relispartition AND (d.partmethod IS NULL OR (d.partmethod <> 'n' AND k.attnum IS DISTINCT FROM t.attnum))
  AND EXISTS (SELECT FROM pg_catalog.pg_dist_partition AS o JOIN tenant_table AS of ON of.oid = o.logicalrelid)
UNION ALL
SELECT 'the tenants'' tables', 'Citus is installed, and none of them is distributed.'
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_dist_partition AS o JOIN tenant_table AS of ON of.oid = o.logicalrelid)
  AND EXISTS (SELECT FROM tenant_table)
""",
    remediation="SELECT create_distributed_table(…, the tenant's column), colocated with the others.",
)
