"""A permissive policy without a restrictive floor."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="policies-floor",
    title="A permissive policy without a restrictive floor",
    severity="warning",
    sql="""
-- Without one, a policy added later opens the table.
SELECT p.table_name AS object, format('For %s nothing restricts what a further policy would permit.', p.rolname) AS detail
FROM policy AS p WHERE p.polpermissive AND NOT EXISTS (
    SELECT FROM policy AS floor
    WHERE floor.table_oid = p.table_oid AND floor.rolname = p.rolname AND NOT floor.polpermissive
      AND floor.polcmd = '*' AND coalesce(floor.qual, 'true') <> 'true')
GROUP BY p.table_name, p.rolname
""",
    remediation="CREATE POLICY … AS RESTRICTIVE FOR ALL TO the role, with the tenant's condition in USING and WITH CHECK.",
)
