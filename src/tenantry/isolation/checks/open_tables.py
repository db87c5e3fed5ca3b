"""A table that tenants share and write, or one that nobody declared."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="open-tables",
    title="A table that tenants share and write, or one that nobody declared",
    severity="error",
    sql="""
-- Reference data may be read by all. What one tenant writes and another reads is a channel.
SELECT r.name AS object,
       format('No row security, and %s may %s.', string_agg(DISTINCT a.rolname, ', '), max(a.what)) AS detail
FROM relation AS r CROSS JOIN facts
CROSS JOIN LATERAL (
    SELECT u.rolname, CASE WHEN has_any_column_privilege(u.oid, r.oid, 'INSERT, UPDATE')
                             OR has_table_privilege(u.oid, r.oid, 'DELETE, TRUNCATE') THEN 'write it'
                           WHEN facts.installed AND r.nspname = 'tenantry'
                             AND has_any_column_privilege(u.oid, r.oid, 'SELECT') THEN 'read it' END AS what
    FROM tenant_role AS u WHERE NOT u.rolsuper
) AS a
WHERE r.relkind IN ('r', 'p') AND NOT r.relrowsecurity AND a.what IS NOT NULL
  AND r.oid <> ALL ($1::oid[])
  AND NOT (facts.installed AND r.nspname = 'tenantry' AND facts.known -> 'known_tables' ? r.relname::text
           AND a.what = 'read it')
GROUP BY r.name
""",
    remediation="Declare it as a model, or give it a tenant's column and row security, or revoke the right to write.",
)
