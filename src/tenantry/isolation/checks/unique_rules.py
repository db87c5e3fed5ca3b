"""A unique or exclusion rule across tenants."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="unique-rules",
    title="A unique or exclusion rule across tenants",
    severity="error",
    sql="""
-- Its violation tells that a value exists elsewhere.
SELECT format('%s.%I', t.name, i.relname) AS object,
       format('%s may write to what this %s rule compares across tenants.', string_agg(DISTINCT r.rolname, ', '),
              CASE WHEN x.indisexclusion THEN 'exclusion' ELSE 'unique' END) AS detail
FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid JOIN tenant_table AS t ON t.oid = x.indrelid
JOIN tenant_role AS r ON NOT r.rolsuper AND EXISTS (
    SELECT FROM unnest(x.indkey::int2[]) AS k (attnum)
    WHERE CASE WHEN k.attnum > 0 THEN has_column_privilege(r.oid, t.oid, k.attnum, 'INSERT')
                                   OR has_column_privilege(r.oid, t.oid, k.attnum, 'UPDATE')
               WHEN k.attnum = 0 THEN has_any_column_privilege(r.oid, t.oid, 'INSERT, UPDATE') END)
WHERE (x.indisunique OR x.indisexclusion) AND NOT t.relispartition AND t.attnum <> ALL (x.indkey::int2[])
GROUP BY t.name, i.relname, x.indisexclusion
""",
    remediation="Begin the rule with the tenant's column.",
)
