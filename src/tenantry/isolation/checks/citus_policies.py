"""A policy that Citus does not take to the nodes."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="citus-policies",
    title="A policy that Citus does not take to the nodes",
    severity="error",
    needs="pg_catalog.pg_dist_partition",
    sql="""
-- Citus refuses it as it distributes the table, or refuses to distribute the table.
SELECT format('%s.%I', t.name, p.polname) AS object, 'It holds a subquery, which Citus refuses on distributed tables.' AS detail
FROM pg_policy AS p JOIN tenant_table AS t ON t.oid = p.polrelid
WHERE concat(p.polqual::text, p.polwithcheck::text) LIKE '%{SUBLINK %'
  AND EXISTS (SELECT FROM pg_catalog.pg_dist_partition AS o JOIN tenant_table AS of ON of.oid = o.logicalrelid)
""",
    remediation="Compare the tenant's column with the context alone, without a subquery.",
)
