"""A view that asks as its owner."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="views",
    title="A view that asks as its owner",
    severity="error",
    sql="""
SELECT r.name AS object, format('%s reads it with the rights of its owner, %s.', string_agg(u.rolname, ', '), r.relowner::regrole) AS detail
FROM relation AS r JOIN tenant_role AS u ON NOT u.rolsuper AND has_any_column_privilege(u.oid, r.oid, 'SELECT')
WHERE r.relkind = 'v' AND NOT EXISTS (
    SELECT FROM unnest(r.reloptions) AS o WHERE lower(o) IN ('security_invoker=true', 'security_invoker=on', 'security_invoker=1', 'security_invoker=yes'))
GROUP BY r.name, r.relowner
""",
    remediation="ALTER VIEW … SET (security_invoker = true).",
)
