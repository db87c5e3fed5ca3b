"""A policy for PUBLIC."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="policies-everyone",
    title="A policy for PUBLIC",
    severity="error",
    sql="""
-- It holds for roles nobody thought of, tomorrow's too.
SELECT DISTINCT t.name || '.' || quote_ident(p.polname) AS object, 'The policy is for every role there is.' AS detail
FROM pg_policy AS p JOIN tenant_table AS t ON t.oid = p.polrelid
WHERE 0 = ANY (p.polroles) AND p.polpermissive
""",
    remediation="Name the roles: ALTER POLICY … TO the application's roles.",
)
