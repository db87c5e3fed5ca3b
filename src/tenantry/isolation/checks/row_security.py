"""A table of tenants without forced row security."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="row-security",
    title="A table of tenants without forced row security",
    severity="error",
    sql="""
SELECT t.name AS object, CASE WHEN t.relrowsecurity THEN 'Row security is not forced: the owner passes it.'
       WHEN t.relispartition THEN 'A partition without row security: asked directly, it is open.'
       ELSE 'Row security is off.' END AS detail
FROM tenant_table AS t WHERE NOT (t.relrowsecurity AND t.relforcerowsecurity)
""",
    remediation="ALTER TABLE … ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY.",
)
