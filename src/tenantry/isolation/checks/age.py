"""The graph extension within a tenant's reach."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="age",
    title="The graph extension within a tenant's reach",
    severity="error",
    sql="""
-- age_vle and its like read any graph, for whoever has USAGE on ag_catalog.
SELECT format('schema %I', n.nspname) AS object, format('%s may use it.', string_agg(u.rolname, ', ')) AS detail
FROM pg_namespace AS n JOIN tenant_role AS u ON NOT u.rolsuper AND has_schema_privilege(u.oid, n.oid, 'USAGE')
WHERE n.nspname = 'ag_catalog' OR (to_regclass('ag_catalog.ag_graph') IS NOT NULL AND EXISTS (
    SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid AND c.relname = '_ag_label_vertex'))
GROUP BY n.nspname
""",
    remediation="REVOKE USAGE ON the schema; reach graphs through SECURITY DEFINER functions alone.",
)
