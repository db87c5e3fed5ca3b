"""A foreign table that tenants reach."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="foreign-tables",
    title="A foreign table that tenants reach",
    severity="error",
    sql="""
SELECT r.name AS object, format('%s reaches it, and no policy holds for it.', string_agg(u.rolname, ', ')) AS detail
FROM relation AS r JOIN tenant_role AS u ON NOT u.rolsuper AND (has_any_column_privilege(u.oid, r.oid, 'SELECT, INSERT, UPDATE')
                                                             OR has_table_privilege(u.oid, r.oid, 'DELETE'))
WHERE r.relkind = 'f' GROUP BY r.name
UNION ALL
SELECT format('server %I', s.srvname), format('%s may use it.', string_agg(u.rolname, ', '))
FROM pg_foreign_server AS s JOIN tenant_role AS u ON NOT u.rolsuper AND has_server_privilege(u.oid, s.oid, 'USAGE')
GROUP BY s.srvname
""",
    remediation="REVOKE it, and ask through a SECURITY DEFINER function that filters by the tenant.",
)
