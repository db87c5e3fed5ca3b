"""A policy that gives a tenant role every row."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="policies-everything",
    title="A policy that gives a tenant role every row",
    severity="error",
    sql="""
SELECT DISTINCT p.table_name || '.' || quote_ident(p.polname) AS object,
       format('%s passes it with every row.', p.rolname) AS detail
FROM policy AS p
WHERE p.polpermissive AND (p.qual IN ('true', '(1 = 1)') OR p.checks IN ('true', '(1 = 1)'))
""",
    remediation="Compare the tenant's column with the context, in USING and in WITH CHECK.",
)
