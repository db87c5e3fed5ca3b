"""A table that is granted to a role no policy lets in."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="policies-missing",
    title="A table that is granted to a role no policy lets in",
    severity="warning",
    sql="""
-- It shows nothing, so somebody will open it in a hurry.
SELECT t.name AS object, format('%s holds privileges on it, and no policy shows it a row.', string_agg(r.rolname, ', ')) AS detail
FROM tenant_table AS t JOIN tenant_role AS r
  ON NOT r.rolsuper AND has_any_column_privilege(r.oid, t.oid, 'SELECT, INSERT, UPDATE')
WHERE t.relrowsecurity AND NOT t.relispartition AND NOT EXISTS (
    SELECT FROM policy AS p WHERE p.table_oid = t.oid AND p.rolname = r.rolname AND p.polpermissive)
GROUP BY t.name
""",
    remediation="Restore the tenant's policy, or revoke the privileges.",
)
