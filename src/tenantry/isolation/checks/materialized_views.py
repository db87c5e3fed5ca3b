"""A materialized view that tenants read."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="materialized-views",
    title="A materialized view that tenants read",
    severity="error",
    sql="""
-- It holds rows of every tenant, and has no policies.
SELECT r.name AS object, format('%s may read it.', string_agg(u.rolname, ', ')) AS detail
FROM relation AS r JOIN tenant_role AS u ON NOT u.rolsuper AND has_any_column_privilege(u.oid, r.oid, 'SELECT')
WHERE r.relkind = 'm' GROUP BY r.name
""",
    remediation="REVOKE it, and read it through a SECURITY DEFINER function that filters by the tenant.",
)
